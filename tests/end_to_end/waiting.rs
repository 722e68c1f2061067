//! A disk of film that is not there when the daemon starts: the daemon is, says why, and records when the disk comes.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::disk::Disk;
use crate::support::http;
use crate::support::wait::{secs, wait_until};
use std::fs;

/// A home that a camera was recorded in, and the camera.
fn recorded(home: &Home) -> DemoCamera {
    let camera = DemoCamera::start(&[]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 2);
    daemon.stop();
    camera
}

fn wait_for_words(daemon: &Daemon, words: &str) {
    wait_until(&format!("that it waits for {words:?}"), secs(30), || {
        let told = daemon.get("/api/session").json()["waitsFor"].clone();
        told.as_str().is_some_and(|told| told.contains(words)).then_some(())
    });
}

/// All that is asked of a daemon without film is answered, in words.
fn answers_in_words(daemon: &Daemon, words: &str) {
    wait_for_words(daemon, words);
    assert_eq!(daemon.get("/").status, 200);
    let health = daemon.get("/healthz");
    assert!(health.status == 503 && health.text().contains(words), "{}", health.text());
    let top = daemon.get("/api/").json();
    assert!(top["trouble"].as_str().unwrap().contains(words), "{top}");
    assert_eq!((&top["notices"][0]["kind"], &top["cameras"]), (&"disk".into(), &serde_json::json!([])));
    assert!(daemon.get("/metrics").text().contains("lunette_notices{kind=\"disk\"} 1\n"));
    for (method, path) in [("GET", "/api/storage"), ("POST", "/api/cameras"), ("GET", "/api/cameras")] {
        let refused = http::ask(daemon.address(), method, path, "{}").unwrap();
        assert_eq!((refused.status, refused.header("content-type")), (503, "application/problem+json"), "{path}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(words), "{}", refused.text());
    }
    assert_eq!(daemon.get("/api/nothing").status, 404);
}

/// It records, in the process that waited.
fn records_at_last(home: &Home, daemon: Daemon) {
    wait_until("the film is there", secs(60), || daemon.get("/api/session").json()["waitsFor"].is_null().then_some(()));
    assert_eq!(daemon.camera("door").unwrap()["name"], "door");
    daemon.wait_for_more("door", 30);
    assert_eq!(daemon.get("/healthz").status, 200);
    assert!(home.expect(&["camera", "list"]).contains("door"), "through the socket");
    let said = daemon.stop();
    assert!(!said.iter().any(|line| line.contains("panicked")), "{said:?}");
    home.expect(&["check", "--hash"]);
}

#[test]
fn who_mounts_the_disk_has_its_words_on_the_page() {
    let home = Home::new();
    let _camera = recorded(&home);
    let state = home.path("film");
    home.configure(|config| config.replace("[web]", &format!("film_state = {state:?}\n[web]")));
    let daemon = home.start_without_film();
    answers_in_words(&daemon, "film disk: not looked for yet");
    for words in ["checking 43 %", "checking 44 %", "missing", "failed e2fsck: gave up"] {
        fs::write(&state, words).unwrap();
        answers_in_words(&daemon, &format!("film disk: {words}"));
    }
    fs::write(&state, "mounted\n").unwrap();
    records_at_last(&home, daemon);
}

#[test]
fn a_directory_that_comes_late_is_recorded_into() {
    let home =
        Home::with_store("db_dir = 'disk/db'\nsample_dir = 'disk/sample'\nreserve = '1MiB'\nsync_interval = '2s'");
    let _camera = recorded(&home);
    fs::rename(home.path("disk"), home.path("elsewhere")).unwrap();
    fs::write(home.path("disk"), "no directory").unwrap();
    let daemon = home.start_without_film();
    answers_in_words(&daemon, "film disk: cannot be opened");
    assert!(daemon.get("/api/").json()["trouble"].as_str().unwrap().contains("Not a directory"));
    fs::remove_file(home.path("disk")).unwrap();
    fs::rename(home.path("elsewhere"), home.path("disk")).unwrap();
    records_at_last(&home, daemon);
}

#[test]
fn a_disk_that_hangs_at_the_start_holds_no_page_up() {
    let home = Home::new();
    let Some(disk) = Disk::ext4(&home.path("sample"), 64) else { return };
    let _camera = recorded(&home);
    disk.freeze();
    let daemon = home.start_without_film();
    answers_in_words(&daemon, "film disk: opening, ");
    disk.thaw();
    records_at_last(&home, daemon);
}

#[test]
fn a_daemon_whose_disk_hangs_at_the_start_ends_all_the_same() {
    let home = Home::new();
    let Some(disk) = Disk::ext4(&home.path("sample"), 64) else { return };
    let _camera = recorded(&home);
    disk.freeze();
    let mut daemon = home.start_without_film();
    wait_for_words(&daemon, "film disk: opening, ");
    daemon.process.signal(nix::sys::signal::Signal::SIGTERM);
    // What sleeps in the kernel ends with the disk; the rest has ended by then.
    wait_until("nobody listens any more", secs(10), || http::get(daemon.address(), "/").is_err().then_some(()));
    disk.thaw();
    assert!(daemon.process.wait(secs(10)).success());
}
