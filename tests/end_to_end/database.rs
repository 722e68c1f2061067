//! What can happen to the database while the daemon records: recording goes on, who asks is told in words, and all
//! rows are there afterwards.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::disk::Disk;
use crate::support::http;
use crate::support::wait::secs;
use nix::sys::signal::Signal;
use rusqlite::Connection;
use std::fs;

/// A daemon whose camera hangs up every few seconds, so that there are always rows to write.
fn recording(home: &Home) -> (DemoCamera, Daemon) {
    let camera = DemoCamera::start(&["--drop-after", "45"]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    home.flush_every(1);
    let daemon = home.start();
    daemon.wait_for_film("door", 2);
    daemon.stop();
    let daemon = home.start();
    daemon.wait_for_more("door", 30);
    (camera, daemon)
}

/// Recording goes on while rows cannot be written for this reason; who changes something learns it too.
fn only_rows_wait(daemon: &Daemon, words: &str) {
    daemon.wait_for_trouble(Some(words));
    daemon.wait_for_more("door", 60);
    assert_eq!(daemon.get(&daemon.main_stream("door", "gaps")).status, 200);
    let uuid = daemon.camera("door").unwrap()["uuid"].as_str().unwrap().to_owned();
    let path = format!("/api/cameras/{uuid}");
    let refused = http::ask(daemon.address(), "PATCH", &path, "{\"name\": \"gate\"}").unwrap();
    assert!(matches!(refused.status, 500 | 503), "{}", refused.status);
    assert_eq!(refused.header("content-type"), "application/problem+json");
}

/// Everything is well again, and every file has its row.
fn ends_well(home: &Home, daemon: Daemon) {
    daemon.wait_for_trouble(None);
    daemon.wait_for_more("door", 30);
    let frames = daemon.frames("door");
    let said = daemon.stop();
    assert!(!said.iter().any(|line| line.contains("panicked")), "{said:?}");
    home.expect(&["check", "--hash"]);
    let daemon = home.start();
    assert!(daemon.frames("door") >= frames, "{} of {frames} frames", daemon.frames("door"));
    daemon.stop();
}

#[test]
fn a_lock_of_another_program_holds_only_rows_up() {
    let home = Home::new();
    let (_camera, daemon) = recording(&home);
    let other = Connection::open(home.path("db/db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    only_rows_wait(&daemon, "database is locked");
    other.execute_batch("ROLLBACK").unwrap();
    ends_well(&home, daemon);
}

#[test]
fn a_full_state_partition_holds_only_rows_up() {
    let home = Home::new();
    let Some(disk) = Disk::tmpfs(&home.path("db"), 2048) else { return };
    let (_camera, daemon) = recording(&home);
    let neighbour = home.path("db/neighbour");
    // It takes all there is.
    let _ = fs::write(&neighbour, vec![0; 4 << 20]);
    only_rows_wait(&daemon, "full");
    fs::remove_file(&neighbour).unwrap();
    ends_well(&home, daemon);
    drop(disk);
}

#[test]
fn a_state_partition_that_turns_read_only_holds_only_rows_up() {
    let home = Home::new();
    let Some(disk) = Disk::ext4(&home.path("db"), 16) else { return };
    let (_camera, daemon) = recording(&home);
    if !disk.break_it() {
        return;
    }
    daemon.wait_for_trouble(Some("SQLite"));
    daemon.wait_for_more("door", 60);
    // Nothing but another mount makes it writable again, and for that the daemon has to end: it does, and says why.
    let mut daemon = daemon;
    daemon.process.signal(Signal::SIGTERM);
    let status = daemon.process.wait(secs(10));
    let said = daemon.process.said().join("\n");
    assert!(!status.success() && said.contains("close the store") && !said.contains("panicked"), "{said}");
    drop(daemon);
    disk.take_away();
    disk.bring_back();
    let daemon = home.start();
    daemon.wait_for_more("door", 15);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn a_database_that_is_moved_away_takes_no_rows_with_it() {
    let home = Home::new();
    let (_camera, daemon) = recording(&home);
    let away = home.path("elsewhere");
    fs::rename(home.path("db"), &away).unwrap();
    only_rows_wait(&daemon, "is not there");
    fs::create_dir(home.path("db")).unwrap();
    fs::write(home.path("db/db"), "another").unwrap();
    daemon.wait_for_trouble(Some("another file is in the place of"));
    fs::remove_dir_all(home.path("db")).unwrap();
    fs::rename(&away, home.path("db")).unwrap();
    ends_well(&home, daemon);
}

#[test]
fn a_damaged_database_is_told_in_words_or_built_anew() {
    let home = Home::new();
    let (_camera, daemon) = recording(&home);
    daemon.stop();
    let file = home.path("db/db");
    let whole = fs::read(&file).unwrap();
    let (mut anew, mut failed) = (0, 0);
    for (table, page) in roots(&home) {
        let mut damaged = whole.clone();
        damaged[(page - 1) * 4096 + if page == 1 { 100 } else { 0 }..page * 4096].fill(0xa5);
        fs::write(&file, &damaged).unwrap();
        let mut daemon = home.start();
        let fails = asked_for_everything(&daemon);
        daemon.process.signal(Signal::SIGTERM);
        daemon.process.wait(secs(10));
        let said = daemon.process.said().join("\n");
        failed += fails;
        anew += usize::from(said.contains("built anew"));
        assert!(!said.contains("panicked"), "{table}: {said}");
        assert!(said.contains("malformed") || fails > 0, "{table}: {said}");
        for left in ["db/db-wal", "db/db-shm"] {
            // Not every end leaves them.
            let _ = fs::remove_file(home.path(left));
        }
    }
    assert!(anew > 0 && failed > 0, "{anew} built anew, {failed} requests failed");
    fs::write(&file, &whole).unwrap();
    let daemon = home.start();
    daemon.wait_for_trouble(None);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

/// Where the tables begin.
fn roots(home: &Home) -> Vec<(String, usize)> {
    let tables = ["camera", "recording", "recording_index", "gap", "meta", "sqlite_schema"];
    let db = Connection::open(home.path("db/db")).unwrap();
    let sql = "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' UNION ALL SELECT 'sqlite_schema', 1";
    let mut rows = db.prepare(sql).unwrap();
    let rows = rows.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)? as usize))).unwrap();
    rows.map(Result::unwrap).filter(|(name, _)| tables.contains(&name.as_str())).collect()
}

/// Reads all that a page reads; how much of it failed, as it should.
fn asked_for_everything(daemon: &Daemon) -> usize {
    let mut paths = vec!["/api/".to_owned()];
    if let Some(camera) = daemon.camera("door") {
        let uuid = camera["uuid"].as_str().unwrap();
        let of_stream = ["recordings", "gaps", "view.mp4.txt?s=1-2", "view.mp4?s=1"];
        paths.extend(of_stream.map(|resource| format!("/api/cameras/{uuid}/main/{resource}")));
    }
    let mut failed = 0;
    for path in paths {
        let answer = daemon.get(&path);
        if answer.status >= 500 {
            failed += 1;
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
            assert!(answer.json()["detail"].is_string() || answer.json()["title"].is_string(), "{}", answer.text());
        }
    }
    failed
}
