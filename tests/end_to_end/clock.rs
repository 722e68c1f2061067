//! A box without a clock, and a camera with a bad one: real daemon, real sockets, a clock that only the daemon sees.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::wait::{secs, wait_until};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const SECOND: i64 = 90_000;

/// Debian's libfaketime, which lies about the real time and not about the monotonic one.
fn liar() -> Option<PathBuf> {
    let libraries = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    libraries.map(|path| path.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())
}

/// The daemon's clock is off by so many seconds from now on.
fn set_clock(home: &Home, off: i64) {
    // Whole or not at all: the daemon reads it all the time.
    fs::write(home.path("offset.new"), format!("{off:+}\n")).unwrap();
    fs::rename(home.path("offset.new"), home.path("offset")).unwrap();
}

fn start(home: &Home, liar: &Path) -> Daemon {
    let offset = home.path("offset");
    let yes = Path::new("1");
    home.start_with(&[
        ("LD_PRELOAD", liar),
        ("FAKETIME_DONT_FAKE_MONOTONIC", yes),
        ("FAKETIME_NO_CACHE", yes),
        ("FAKETIME_TIMESTAMP_FILE", &offset),
    ])
}

fn home_with_witness() -> Home {
    let home = Home::new();
    let mut config = fs::OpenOptions::new().append(true).open(home.path("lunette.toml")).unwrap();
    writeln!(config, "clock = '{}'", home.path("sure").display()).unwrap();
    home
}

fn starts(daemon: &Daemon) -> Vec<i64> {
    daemon.recordings("porch").iter().map(|r| r["startTime90k"].as_i64().unwrap() / SECOND).collect()
}

fn clock(daemon: &Daemon) -> Value {
    daemon.get("/api/").json()["clock"].clone()
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

#[test]
fn a_box_that_starts_in_1970_has_its_film_where_it_belongs_once_the_time_is_known() {
    let Some(liar) = liar() else {
        eprintln!("skipped: there is no libfaketime here; scripts/install-deps installs it");
        return;
    };
    let home = home_with_witness();
    let camera = DemoCamera::start(&[]);
    home.add_camera(NewCamera { name: "porch", url: camera.url(), ..Default::default() });
    let began = now();
    set_clock(&home, -began);
    let daemon = start(&home, &liar);
    daemon.wait_for_film("porch", 5);
    assert_eq!(clock(&daemon)["proven"], false);
    assert!(starts(&daemon).iter().all(|&start| start < began - 86_400));
    // Killed, and started again in the same boot: what it had is moved with the rest.
    daemon.kill();
    let daemon = start(&home, &liar);
    let before = daemon.frames("porch");
    daemon.wait_for_more("porch", before);
    set_clock(&home, 0);
    fs::write(home.path("sure"), "").unwrap();
    wait_until("the time is known", secs(20), || (clock(&daemon)["proven"] == true).then_some(()));
    let moved = starts(&daemon);
    assert!(moved.len() >= 2 && moved.iter().all(|&start| (began - 5..=now()).contains(&start)), "{began}: {moved:?}");
    assert!(moved.is_sorted(), "{moved:?}");
    let frames = daemon.frames("porch");
    daemon.wait_for_more("porch", frames);
    assert_eq!(starts(&daemon).len(), moved.len(), "the session goes on in its recording");
    let gaps = daemon.get(&daemon.main_stream("porch", "gaps")).json();
    let between = &gaps["gaps"].as_array().unwrap()[0];
    assert_eq!(between["cause"], "power cut", "{gaps}");
    let end = between["endTime90k"].as_i64().unwrap() / SECOND;
    assert!((end - moved[moved.len() - 1]).abs() <= 1, "{between} {moved:?}");
    let said = daemon.stop();
    let told = said.iter().filter(|line| line.contains("the time is not known")).count();
    assert!(told <= 2, "it is told when it changes: {told} times");
    home.expect(&["check", "--hash"]);
}

#[test]
fn the_clock_of_a_camera_2_percent_fast_is_told() {
    let home = Home::new();
    let camera = DemoCamera::start(&["--clock-ppm", "20000"]);
    home.add_camera(NewCamera { name: "porch", url: camera.url(), ..Default::default() });
    let daemon = home.start();
    let live = wait_until("its clock is measured", secs(180), || {
        let live = daemon.camera("porch")?["streams"]["main"]["live"].clone();
        live["cameraClockPpm"].is_number().then_some(live)
    });
    let (ppm, within) = (live["cameraClockPpm"].as_f64().unwrap(), live["cameraClockUncertaintyPpm"].as_f64().unwrap());
    assert!((ppm - 20_000.0).abs() <= within + 100.0, "{live}");
    assert!(within < 10_000.0, "{live}");
    assert!(home.expect(&["camera", "list"]).contains(" ppm"));
    daemon.stop();
    home.expect(&["check", "--hash"]);
}
