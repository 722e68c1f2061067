//! Disks that are pulled, swapped, frozen and worn out under the daemon: real file systems of their own.

use crate::support::cameras::{DemoCamera, GstCamera};
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::disk::{Disk, faulty_disk};
use crate::support::film::Film;
use crate::support::wait::{secs, wait_until};
use std::fs;

/// A daemon that records a camera onto a disk of its own.
fn recording(home: &Home, mib: u32) -> Option<(Disk, DemoCamera, Daemon)> {
    let disk = Disk::ext4(&home.path("sample"), mib)?;
    let camera = DemoCamera::start(&[]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    home.flush_every(2);
    // What a daemon leaves has rows.
    let daemon = home.start();
    daemon.wait_for_film("door", 2);
    daemon.stop();
    let daemon = home.start();
    daemon.wait_for_more("door", 30);
    Some((disk, camera, daemon))
}

/// What is in the place of the sample directory besides what a file system has.
fn names(home: &Home) -> Vec<String> {
    let names = fs::read_dir(home.path("sample")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lost+found").collect()
}

#[test]
fn a_disk_that_is_unmounted_swapped_and_brought_back_is_recorded_into_again() {
    let home = Home::new();
    let Some((disk, _camera, daemon)) = recording(&home, 64) else { return };
    disk.take_away();
    daemon.wait_for_trouble(Some("has no identity"));
    assert_eq!(daemon.get("/healthz").status, 503);
    assert_eq!(names(&home), [""; 0], "the empty mount point");
    let rows = daemon.frames("door");
    assert!(rows > 0, "what has rows is listed");

    let other = Disk::ext4(&home.path("sample"), 16).unwrap();
    fs::write(home.path("sample/lunette-dir"), "lunette sample directory 1\n00000000-0000-0000-0000-000000000007\n")
        .unwrap();
    daemon.wait_for_trouble(Some("has the identity 00000000-0000-0000-0000-000000000007"));
    assert_eq!(names(&home), ["lunette-dir"], "another disk");
    drop(other);

    disk.bring_back();
    daemon.wait_for_trouble(None);
    daemon.wait_for_more("door", 60);
    assert!(daemon.frames("door") > rows);
    let gaps = daemon.get(&daemon.main_stream("door", "gaps")).text().to_owned();
    assert!(gaps.contains("disk failed"), "{gaps}");
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn a_card_that_turns_read_only_is_served_and_goes_on_when_it_was_mounted_anew() {
    let home = Home::new();
    let Some((disk, _camera, daemon)) = recording(&home, 64) else { return };
    if !disk.break_it() {
        return;
    }
    daemon.wait_for_trouble(Some("Read-only file system"));
    assert_eq!(daemon.get("/healthz").status, 503);
    let first = &daemon.recordings("door")[0];
    let view = format!("view.mp4?s={}", first["startId"]);
    let film = Film::save(&home.path("film.mp4"), &daemon.get(&daemon.main_stream("door", &view)).body);
    assert!(film.decode() > 0, "it serves what it has");
    disk.take_away();
    daemon.wait_for_trouble(Some("has no identity"));
    // The kernel lets go of it when nobody has a file of it open.
    disk.bring_back();
    daemon.wait_for_trouble(None);
    daemon.wait_for_more("door", 60);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn a_disk_that_hangs_for_seconds_costs_no_frame() {
    const SECONDS: usize = 6;
    let home = Home::new();
    let Some(disk) = Disk::ext4(&home.path("sample"), 64) else { return };
    let mut camera = GstCamera::start(&["door:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 4);
    for _ in 0..2 {
        disk.freeze();
        let before = camera.sent("door").len();
        let hung = || (camera.sent("door").len() >= before + SECONDS * 15).then_some(());
        wait_until("the camera goes on", secs(30), hung);
        assert_eq!(daemon.get(&daemon.main_stream("door", "recordings")).status, 200, "who looks does not wait");
        disk.thaw();
        daemon.wait_for_more("door", 15);
    }
    camera.fall_silent(&daemon.process);
    daemon.stop();
    let sent = camera.sent("door");
    drop(camera);
    home.expect(&["check", "--hash"]);
    let daemon = home.start();
    let recordings = daemon.recordings("door");
    let end = recordings.last().unwrap()["endTime90k"].as_i64().unwrap() + 1;
    let span = format!("view.mp4?start90k={}&end90k={end}", recordings[0]["startTime90k"]);
    let film = Film::save(&home.path("film.mp4"), &daemon.get(&daemon.main_stream("door", &span)).body);
    let stored: Vec<_> = film.packets().into_iter().map(|p| p.sha256).collect();
    let wanted: Vec<_> = sent.into_iter().skip_while(|s| !s.key).map(|s| s.sha256).collect();
    assert_eq!(stored.len(), wanted.len());
    assert_eq!(stored, wanted);
    daemon.stop();
}

#[test]
fn calls_that_fail_end_what_grows_and_slow_syncs_end_nothing() {
    let home = Home::new();
    let camera = DemoCamera::start(&[]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    home.flush_every(2);
    let plan = home.path("faults");
    fs::write(&plan, "syncfs slow").unwrap();
    let daemon = home.start_with(&[("LD_PRELOAD", faulty_disk()), ("LUNETTE_TEST_FAULTS", &plan)]);
    daemon.wait_for_film("door", 12);
    let recordings = daemon.recordings("door");
    assert_eq!(recordings.len(), 1, "two syncs of five seconds: {recordings:?}");

    for (fault, trouble) in [("syncfs 5", "Input/output error"), ("writev 5", "Input/output error")] {
        fs::write(&plan, fault).unwrap();
        daemon.wait_for_trouble(Some(trouble));
        assert_eq!(daemon.get("/healthz").status, 503);
        fs::write(&plan, "").unwrap();
        daemon.wait_for_trouble(None);
        daemon.wait_for_more("door", 45);
    }
    let ends: Vec<_> = daemon.recordings("door").iter().map(|r| r["endReason"].to_string()).collect();
    assert!(ends.iter().filter(|end| end.contains("disk failed")).count() >= 2, "{ends:?}");
    let said = daemon.stop().join("\n");
    assert!(said.contains("read back after a failed sync: it is whole"), "{said}");
    home.expect(&["check", "--hash"]);
}

#[test]
fn film_that_cannot_be_read_is_an_error_and_no_end_of_the_daemon() {
    let home = Home::new();
    let Some((disk, _camera, daemon)) = recording(&home, 64) else { return };
    daemon.stop();
    // Nothing of it is in memory any more.
    disk.take_away();
    disk.bring_back();
    let daemon = home.start();
    let first = daemon.main_stream("door", &format!("view.mp4?s={}", daemon.recordings("door")[0]["startId"]));
    disk.lose_what_it_holds();
    let answer = daemon.get(&first);
    assert!(answer.status == 500 || answer.body.len() < answer.header("content-length").parse().unwrap());
    assert_eq!(daemon.get(&daemon.main_stream("door", "recordings")).status, 200);
    // What is written is taken as long as it is not read.
    daemon.wait_for_more("door", 30);
    let mut daemon = daemon;
    daemon.process.signal(nix::sys::signal::Signal::SIGTERM);
    daemon.process.wait(secs(10));
    let said = daemon.process.said().join("\n");
    assert!(!said.contains("panicked") && said.contains("stopping"), "{said}");
    assert!(said.contains("recording 1/1: read"), "{said}");
}
