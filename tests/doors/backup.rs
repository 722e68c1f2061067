//! What the owner told the recorder travels in a file: to the same recorder, and to another.

use crate::place::{Visitor, home};
use crate::support::daemon::{Daemon, Home, NewCamera};
use serde_json::{Value, json};

const PASSPHRASE: &str = "correct horse battery";
const HIKVISION: &str = "rtsp://127.0.0.1:1/Streaming/Channels/101";

/// A recorder with a camera of secrets, one without, and a viewer of the first.
fn old() -> (Home, Daemon, Visitor) {
    let home = home();
    let url = "rtsp://127.0.0.1:1/PlantedPath?password=PlantedQuery";
    home.add_camera(NewCamera { name: "yard", url, login: Some(("admin", "PlantedField")), ..NewCamera::default() });
    home.add_camera(NewCamera { name: "door", url: HIKVISION, ..NewCamera::default() });
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    let yard = owner.camera("yard");
    let settings =
        json!({"streams": {"main": {"record": false, "retainBytes": 5_000_000_000_u64, "transport": "udp"}}});
    assert_eq!(owner.patch(&format!("/api/cameras/{yard}"), &settings).status, 200);
    owner.add_user(&json!({"name": "ann", "password": "ann's password", "role": "viewer", "cameras": [yard]}));
    (home, daemon, owner)
}

fn new() -> (Home, Daemon, Visitor) {
    let home = Home::new();
    home.require_login();
    let daemon = home.start();
    let owner = Visitor::first_owner(&daemon);
    (home, daemon, owner)
}

/// What became of each, by name.
fn restored(owner: &Visitor, body: &Value) -> Vec<String> {
    let answer = owner.post("/api/system/restore", body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    let lines = ["cameras", "users"].into_iter().flat_map(|kind| told[kind].as_array().unwrap().clone());
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    lines.map(|l| format!("{} {}: {}", text(&l, "name"), text(&l, "done"), text(&l, "detail"))).collect()
}

#[test]
fn a_sealed_backup_makes_another_recorder_the_same() {
    let (_home, daemon, owner) = old();
    let answer = owner.post("/api/system/backup", &json!({"passphrase": PASSPHRASE, "users": true}));
    assert!(answer.header("content-disposition").contains("lunette-backup-2"), "{}", answer.text());
    let backup = answer.json();
    assert!(
        backup["content"].is_null() && !answer.text().contains("\"name\""),
        "nothing is told without the passphrase"
    );
    let before = owner.get("/api/cameras").json();
    drop(daemon);

    let (home, daemon, owner) = new();
    let told = restored(&owner, &json!({"backup": backup, "passphrase": PASSPHRASE}));
    let here = "is a user here already, and stays as they are";
    let added = ["porch", "gate", "yard", "door"].map(|name| format!("{name} added: "));
    assert_eq!(told, [&added[..], &[format!("owner kept: {here}"), "ann added: ".to_owned()]].concat());
    let settings = |cameras: &Value| -> Vec<Value> {
        let of = |camera: &Value| {
            let stream = &camera["streams"]["main"];
            let names = ["source", "transport", "record", "retainBytes"];
            let stream = names.map(|name| stream[name].clone());
            json!([camera["uuid"], camera["name"], camera["username"], camera["hasPassword"], stream])
        };
        cameras["cameras"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(settings(&owner.get("/api/cameras").json()), settings(&before));
    let ann = Visitor::logged_in(&daemon, "ann", "ann's password");
    assert_eq!(ann.who()["cameras"], json!([owner.camera("yard")]), "and sees what they saw");

    // Once more: nothing is there twice.
    let again = restored(&owner, &json!({"backup": backup, "passphrase": PASSPHRASE}));
    let changed = ["porch", "gate", "yard", "door"].map(|name| format!("{name} changed: "));
    assert_eq!(again[..4], changed);
    assert_eq!(settings(&owner.get("/api/cameras").json()), settings(&before));
    daemon.stop();
    let listed = home.expect(&["camera", "list"]);
    assert!(listed.contains("yard"), "{listed}");
    let db = std::fs::read(home.path("db/db")).unwrap();
    assert!(db.windows(12).any(|bytes| bytes == b"PlantedField"), "the password came along");
}

#[test]
fn a_plain_backup_has_no_secret_and_says_what_is_missing() {
    let (_home, daemon, owner) = old();
    let answer = owner.get("/api/system/backup");
    let backup = answer.json();
    for secret in ["Planted", "$argon2id$", "\"password\""] {
        assert!(!answer.text().contains(secret), "{secret}: {}", answer.text());
    }
    // Here: settings come back, passwords and addresses stay.
    let yard = owner.camera("yard");
    let changes = json!({"name": "garden", "streams": {"main": {"retainBytes": null, "transport": "tcp"}}});
    assert_eq!(owner.patch(&format!("/api/cameras/{yard}"), &changes).status, 200);
    let told = restored(&owner, &json!({"backup": backup}));
    assert!(told.contains(&"yard changed: its password is not in this backup".to_owned()), "{told:?}");
    let camera = owner.get(&format!("/api/cameras/{yard}")).json();
    let main = &camera["streams"]["main"];
    assert_eq!((camera["name"].as_str(), main["retainBytes"].as_i64()), (Some("yard"), Some(5_000_000_000)));
    assert_eq!((&main["transport"], &camera["hasPassword"]), (&json!("udp"), &json!(true)));
    daemon.stop();

    let (_home, _daemon, owner) = new();
    let told = restored(&owner, &json!({"backup": backup}));
    let address = "its address is not in this backup, since there may be a secret in it: add it anew";
    let kept = |name: &str| format!("{name} kept: camera {name}: {address}");
    let owner_here = "owner kept: is a user here already, and stays as they are".to_owned();
    let ann = "ann kept: the password is not in this backup: add them anew".to_owned();
    let door = "door added: ".to_owned();
    assert_eq!(told, [kept("porch"), kept("gate"), kept("yard"), door, owner_here, ann]);
    let source = owner.get("/api/cameras").json()["cameras"][0]["streams"]["main"]["source"].clone();
    assert_eq!(source, "rtsp://127.0.0.1:1/… (TCP)");
}

#[test]
fn a_file_that_is_none_or_leads_elsewhere_changes_nothing() {
    let (_home, _daemon, owner) = old();
    let content = || owner.get("/api/system/backup").json()["content"].clone();
    let before = content();
    let sealed = owner.post("/api/system/backup", &json!({"passphrase": PASSPHRASE})).json();
    let refused = |body: &Value| {
        let answer = owner.post("/api/system/restore", body);
        (answer.status, answer.json()["detail"].as_str().unwrap().to_owned())
    };
    let wrong = "the passphrase is another one, or the file is damaged";
    assert_eq!(refused(&json!({"backup": sealed, "passphrase": "another horse"})), (400, wrong.to_owned()));
    let needed = "the backup: it is sealed: its passphrase is needed";
    assert_eq!(refused(&json!({"backup": sealed})), (400, needed.to_owned()));
    let of = |format: u32, more: &Value| {
        let mut file = json!({"lunetteBackup": format, "version": "0.1.0", "made": ""});
        file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "backup": file })
    };
    assert_eq!(refused(&of(1, &json!({}))).1, "the backup: there is nothing in it");
    assert_eq!(refused(&of(2, &json!({}))).1, "the backup: it was made by a newer version: upgrade first");
    assert_eq!(owner.post("/api/system/backup", &json!({"passphrase": "short"})).status, 400);

    // Nobody gets the stored password sent to them, nor a command run here.
    let camera = |source: &str| {
        let stream = json!({"source": source, "shown": "", "transport": "tcp", "record": true, "retainBytes": null});
        let uuid = owner.camera("yard");
        json!({"uuid": uuid, "name": "yard", "username": "admin", "hasPassword": true, "streams": {"main": stream}})
    };
    for (source, why) in [
        ("rtsp://127.0.0.2:1/x", "its password would go to another server"),
        ("exec:h264@15:/bin/true", "pipe: and exec: sources are set with"),
    ] {
        let told = restored(&owner, &of(1, &json!({"content": {"cameras": [camera(source)], "users": []}})));
        assert!(told[0].starts_with("yard kept: ") && told[0].contains(why), "{told:?}");
    }
    assert_eq!(content(), before);
}
