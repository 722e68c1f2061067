//! Cameras and users outlive the disk of film: they are kept apart from it as well.

use crate::support::daemon::{Daemon, Home};
use crate::support::http::{self, Answer};
use crate::support::wait::{secs, wait_until};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PASSWORD: &str = "{\"name\": \"owner\", \"password\": \"correct horse\"}";

/// A recorder whose film is on a disk of its own, with an owner and a camera.
fn home() -> Home {
    let home =
        Home::with_store("db_dir = 'disk/db'\nsample_dir = 'disk/sample'\nexport = 'export.json'\nreserve = '1MiB'");
    home.require_login();
    let daemon = home.start();
    let made = http::ask(daemon.address(), "POST", "/api/setup", "{\"password\": \"correct horse\"}").unwrap();
    assert_eq!(made.status, 200, "{}", made.text());
    home.expect(&["camera", "add", "--name", "porch", "--url", "rtsp://127.0.0.1:1/?key=secret", "--record", "false"]);
    daemon.stop();
    home
}

fn log_in(daemon: &Daemon) -> Answer {
    http::ask(daemon.address(), "POST", "/api/login", PASSWORD).unwrap()
}

/// Owner and camera are there, and no stranger is let in.
fn knows_all(home: &Home) {
    let daemon = home.start();
    let stranger = daemon.get("/api/session").json();
    assert_eq!((&stranger["needsOwner"], &stranger["user"]), (&false.into(), &serde_json::Value::Null));
    assert_eq!(log_in(&daemon).status, 200);
    let listed = home.expect(&["camera", "list", "--json"]);
    assert!(listed.contains("porch") && listed.contains("key=secret"), "{listed}");
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn a_new_disk_of_film_has_the_cameras_and_users_of_the_old_one() {
    let home = home();
    // There were cameras that are gone.
    let db = Connection::open(home.path("disk/db/db")).unwrap();
    db.execute_batch("UPDATE sqlite_sequence SET seq = 7 WHERE name = 'stream'").unwrap();
    drop(db);
    home.start().stop();
    let mode = fs::metadata(home.path("export.json")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "it holds what the database does");
    fs::remove_dir_all(home.path("disk")).unwrap();
    knows_all(&home);
    // And what is added to it goes on above the ids of old.
    home.expect(&["camera", "add", "--name", "gate", "--url", "rtsp://127.0.0.1:1/", "--record", "false"]);
    let db = Connection::open(home.path("disk/db/db")).unwrap();
    let ids: Vec<i64> = (db.prepare("SELECT id FROM stream ORDER BY id").unwrap())
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(ids, [1, 8]);
}

#[test]
fn a_lost_or_damaged_database_has_them_back() {
    for damage in ["gone", "zeros"] {
        let home = home();
        let file = home.path("disk/db/db");
        match damage {
            "gone" => fs::remove_file(file).unwrap(),
            _ => fs::write(file, vec![0xa5; 20_000]).unwrap(),
        }
        knows_all(&home);
    }
}

#[test]
fn who_is_known_logs_in_while_the_disk_is_away_and_stays() {
    let home = home();
    fs::rename(home.path("disk"), home.path("away")).unwrap();
    fs::write(home.path("disk"), "no directory").unwrap();
    let daemon = home.start_without_film();
    wait_until("it waits", secs(20), || daemon.get("/api/session").json()["waitsFor"].as_str().map(drop));
    // A stranger learns that the disk is away, and nothing more.
    assert_eq!(daemon.get("/api/").status, 401);
    assert_eq!(daemon.get("/healthz").text(), "film disk: cannot be opened\n");
    let entered = log_in(&daemon);
    assert_eq!(entered.status, 200, "{}", entered.text());
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let ask = |path| http::ask_with(daemon.address(), "GET", path, &[("Cookie", &cookie)], None);
    assert!(ask("/api/").json()["trouble"].as_str().unwrap().contains("Not a directory"));
    let late = http::ask(daemon.address(), "POST", "/api/setup", "{\"password\": \"another horse\"}").unwrap();
    assert_eq!(late.status, 503);
    fs::remove_file(home.path("disk")).unwrap();
    fs::rename(home.path("away"), home.path("disk")).unwrap();
    wait_until("the film is there", secs(30), || daemon.get("/api/session").json()["waitsFor"].is_null().then_some(()));
    assert_eq!(ask("/api/cameras").status, 200, "the session goes on");
    daemon.stop();
    let daemon = home.start();
    let again = http::ask_with(daemon.address(), "GET", "/api/cameras", &[("Cookie", &cookie)], None);
    assert_eq!(again.status, 200, "and was written");
}

#[test]
fn while_nobody_is_known_nobody_becomes_owner() {
    let home = home();
    fs::remove_file(home.path("export.json")).unwrap();
    fs::rename(home.path("disk"), home.path("away")).unwrap();
    fs::write(home.path("disk"), "no directory").unwrap();
    let daemon = home.start_without_film();
    wait_until("it waits", secs(20), || daemon.get("/api/session").json()["waitsFor"].as_str().map(drop));
    assert_eq!(daemon.get("/api/session").json()["needsOwner"], false);
    let refused = http::ask(daemon.address(), "POST", "/api/setup", "{\"password\": \"another horse\"}").unwrap();
    assert_eq!((refused.status, log_in(&daemon).status), (503, 503));
}

#[test]
fn who_has_the_card_in_hand_can_have_everybody_forgotten() {
    let home = home();
    fs::write(home.path("forget-people"), "word").unwrap();
    let daemon = home.start();
    assert_eq!(daemon.get("/api/session").json()["needsOwner"], true);
    assert!(!home.path("forget-people").exists());
    assert!(home.expect(&["camera", "list"]).contains("porch"), "cameras stay");
    daemon.stop();
    assert!(!fs::read_to_string(home.path("export.json")).unwrap().contains("argon2"));
    let daemon = home.start();
    assert_eq!(daemon.get("/api/session").json()["needsOwner"], true, "once");
    daemon.stop();
}
