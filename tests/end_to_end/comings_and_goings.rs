//! Cameras that are added and removed while the recorder runs.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Home, NewCamera};
use crate::support::wait::{secs, wait_until};
use rusqlite::Connection;

#[test]
fn the_hole_of_an_upgrade_says_so_and_that_of_a_restart_does_not() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let goes_on = |films: usize| {
        let daemon = home.start();
        wait_until("film goes on", secs(20), || (daemon.recordings("door").len() >= films).then_some(()));
        daemon
    };
    for another_version in [false, true] {
        goes_on(1 + usize::from(another_version)).stop();
        if another_version {
            // As a database is that another version has left.
            let db = Connection::open(home.path("db/db")).unwrap();
            assert!(db.execute("UPDATE open SET software = '0.0.1'", ()).unwrap() >= 2);
        }
    }
    let daemon = goes_on(3);
    let gaps = daemon.get(&daemon.main_stream("door", "gaps")).json();
    let causes: Vec<_> = gaps["gaps"].as_array().unwrap().iter().map(|gap| gap["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["upgrade", "recorder stopped"]);
    let detail = format!("lunette 0.0.1 was stopped, and {} goes on", env!("CARGO_PKG_VERSION"));
    assert_eq!(gaps["gaps"][0]["detail"], detail);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn imported_film_has_its_holes_told_and_leaves_the_others_alone() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 2);
    daemon.stop();
    let clip = concat!(env!("CARGO_MANIFEST_DIR"), "/target/clips/quick.25fps.h264");
    home.expect(&["import", clip, "--camera", "door", "--start", "2020-05-01T00:00:00Z", "--fps", "25"]);
    home.expect(&["check"]);
    let daemon = home.start();
    wait_until("film goes on", secs(20), || (daemon.recordings("door").len() == 3).then_some(()));
    let mut film = daemon.recordings("door");
    film.sort_by_key(|r| r["startTime90k"].as_i64());
    let gaps = daemon.get(&daemon.main_stream("door", "gaps")).json();
    let told: Vec<_> = gaps["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|gap| (&gap["cause"], &gap["startTime90k"], &gap["endTime90k"]))
        .collect();
    let between = |n: usize| (&film[n]["endTime90k"], &film[n + 1]["startTime90k"]);
    let hole = |cause, n| (cause, between(n).0, between(n).1);
    let [untold, stopped] = ["not told", "recorder stopped"].map(serde_json::Value::from);
    assert_eq!(told, [hole(&untold, 0), hole(&stopped, 1)]);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn a_camera_comes_and_goes_without_a_restart() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15", "yard:h264:320x180@15"]);
    let daemon = home.start();
    assert_eq!(daemon.get("/healthz").status, 200, "nothing is to be recorded, and nothing is missing");

    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    daemon.wait_for_film("door", 2);
    home.add_camera(NewCamera { name: "yard", url: camera.url("yard"), ..Default::default() });
    daemon.wait_for_film("yard", 2);

    home.expect(&["camera", "remove", "yard"]);
    wait_until("the camera is not recorded any more", secs(10), || {
        daemon.camera("yard").is_none_or(|yard| yard["streams"]["main"]["live"].is_null()).then_some(())
    });
    let before = daemon.recordings("door").last().unwrap()["videoSamples"].as_i64();
    wait_until("the other goes on", secs(10), || {
        (daemon.recordings("door").last().unwrap()["videoSamples"].as_i64() > before).then_some(())
    });
    assert_eq!(daemon.recordings("door").len(), 1, "it was not disturbed");
    daemon.stop();
    home.expect(&["check", "--hash"]);
}
