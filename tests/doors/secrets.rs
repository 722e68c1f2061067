//! No secret leaves: they are planted wherever one can be, then everything that the recorder says is searched.

use crate::place::{Visitor, home};
use crate::roles::operations;
use crate::support::cameras::DemoCamera;
use crate::support::daemon::NewCamera;
use crate::support::wait::{secs, wait_until};
use serde_json::json;
use std::fs;

/// Each once, each findable.
const IN_FIELD: &str = "PlantedField";
const IN_URL: &str = "PlantedUserinfo";
const IN_PATH: &str = "PlantedPath";
const IN_QUERY: &str = "PlantedQuery";
const BY_API: &str = "PlantedByApi";
const TRIED: &str = "PlantedTried";
const OF_OWNER: &str = "PlantedOwner";
const OF_USER: &str = "PlantedUser";
const WRONG: &str = "PlantedWrong";
const IN_WRONG_FIELD: &str = "PlantedName";
const PASSPHRASE: &str = "PlantedPassphrase";

#[test]
fn no_secret_is_in_anything_that_the_recorder_says() {
    let camera = DemoCamera::start(&["--login", &format!("admin:{IN_FIELD}")]);
    let mut home = home();
    home.log = "trace";
    home.add_camera(NewCamera {
        name: "yard",
        url: camera.url(),
        login: Some(("admin", IN_FIELD)),
        ..NewCamera::default()
    });
    let nobody_there = format!("rtsp://admin:{IN_URL}@127.0.0.1:1/{IN_PATH}?user=admin&password={IN_QUERY}");
    home.add_camera(NewCamera { name: "away", url: &nobody_there, ..NewCamera::default() });
    let mut said = Vec::new();
    let daemon = home.start();
    let mut owner = Visitor::new(&daemon);
    let answer = owner.post("/api/setup", &json!({"password": OF_OWNER}));
    owner.keep_cookie(&answer);
    let cookie = owner.says.clone().unwrap().1.split_once('=').unwrap().1.to_owned();
    let mut secrets = vec![cookie];
    secrets.extend(
        [IN_FIELD, IN_URL, IN_PATH, IN_QUERY, BY_API, TRIED, OF_OWNER, OF_USER, WRONG, IN_WRONG_FIELD, PASSPHRASE]
            .map(str::to_owned),
    );

    let mut keep = |what: &str, text: &str| said.push((what.to_owned(), text.to_owned()));
    let source = |password: &str| format!("rtsp://127.0.0.1:1/{password}?password={password}");
    let new = json!({"name": "api", "username": "admin", "password": BY_API, "streams": {"main": {"source": source(BY_API)}}});
    let added = owner.post("/api/cameras", &new);
    assert_eq!(added.status, 201, "{}", added.text());
    keep("add", added.text());
    let uuid = owner.camera("api");
    keep("edit", owner.patch(&format!("/api/cameras/{uuid}"), &json!({"password": BY_API, "username": "root"})).text());
    keep("name taken", owner.post("/api/cameras", &new).text());
    // What fails says why, but not with what.
    for body in [
        json!({"source": source(TRIED), "username": "admin", "password": TRIED}),
        json!({"source": camera.url(), "username": "admin", "password": TRIED}),
        json!({"source": format!("rtsp://admin:{TRIED}@127.0.0.1:1/"), "username": "admin"}),
        json!({"source": format!("http://admin:{TRIED}@127.0.0.1:1/")}),
        json!({"source": "rtsp://127.0.0.1/", "password": [TRIED]}),
    ] {
        keep("test", owner.post("/api/cameras/test", &body).text());
    }
    let user = json!({"name": "ann", "password": OF_USER, "role": "viewer"});
    keep("user", owner.post("/api/users", &user).text());
    keep("user again", owner.post("/api/users", &user).text());
    for body in [
        json!({"name": "owner", "password": WRONG}),
        json!({"name": IN_WRONG_FIELD, "password": WRONG}),
        json!({"name": "owner", "password": {"it is": WRONG}}),
    ] {
        keep("login", Visitor::new(&daemon).post("/api/login", &body).text());
    }
    let token = owner.post("/api/tokens", &json!({"name": "backup", "role": "owner"}));
    let token = token.json()["token"].as_str().unwrap().to_owned();
    secrets.push(token.strip_prefix("lunette_").unwrap().to_owned());
    // What only looks like one: hashes of passwords.
    secrets.push("$argon2id$".to_owned());
    let program = Visitor::with_token(&daemon, &token);
    daemon.wait_for(&owner, "yard", "recording");

    for operation in operations(&owner).iter().filter(|operation| operation.method == "GET") {
        for caller in [&owner, &program, &Visitor::new(&daemon)] {
            for name in ["yard", "away", "api"] {
                keep(&operation.path, operation.ask(caller, &owner.camera(name)).text());
            }
        }
    }
    // Behind its passphrase it tells nothing either.
    let sealed = json!({"passphrase": PASSPHRASE, "users": true});
    keep("sealed backup", owner.post("/api/system/backup", &sealed).text());
    for words in [&["camera", "list"][..], &["camera", "test", "yard"], &["camera", "test", "away"], &["check"]] {
        let done = home.lunette(words);
        keep(&words.join(" "), &String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
    }
    for file in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{}/{file}", daemon.process.id())).unwrap();
        keep(file, &String::from_utf8_lossy(&text));
    }
    let log = daemon.stop().join("\n");
    assert!(log.contains("away/main: ") && log.contains("yard/main: ") && log.contains("DEBUG"), "{log}");
    keep("log", &log);
    let mut leaks = Vec::new();
    for (what, text) in &said {
        for line in text.lines() {
            let within = secrets.iter().filter(|secret| line.contains(secret.as_str()));
            leaks.extend(within.map(|secret| format!("{secret} is in {what}: {line}")));
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    // The film's directory goes to who finds the disk: the recorder's own files in it have no login either.
    for entry in fs::read_dir(home.path("sample")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap_or_default();
        for secret in secrets.iter().filter(|secret| ![IN_PATH, IN_QUERY, BY_API].contains(&secret.as_str())) {
            assert!(
                !bytes.windows(secret.len()).any(|found| found == secret.as_bytes()),
                "{secret}: {}",
                path.display()
            );
        }
    }
    let file = fs::metadata(home.path("db/db")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600);
}

impl crate::support::daemon::Daemon {
    /// Waits until a camera's main stream does this.
    fn wait_for(&self, owner: &Visitor, name: &str, state: &str) {
        let path = format!("/api/cameras/{}", owner.camera(name));
        wait_until(&format!("{name}: {state}"), secs(60), || {
            (owner.get(&path).json()["streams"]["main"]["live"]["state"] == state).then_some(())
        });
    }
}
