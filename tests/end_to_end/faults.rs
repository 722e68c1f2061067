//! Cameras that misbehave: one clear reason each, and another try.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::wait::{secs, wait_until};
use serde_json::Value;

/// What a camera does wrong, and the words that the owner reads.
const FAULTS: &[(&str, &[&str], &str)] = &[
    ("hangs up", &["--drop-after", "45"], "camera closed the stream"),
    ("stalls", &["--stall-after", "45"], "camera silent: no picture for 10 s"),
    ("does not answer", &["--mute"], "camera unreachable"),
    ("goes back", &["--timestamps-back-at", "45"], "bad timestamps"),
    ("jumps", &["--timestamp-jump-at", "45"], "bad timestamps"),
    ("repeats", &["--repeat-timestamp-at", "45"], "bad timestamps"),
    ("says garbage", &["--garbage-at", "45:40"], "bad video"),
    ("says VP8", &["--codec", "VP8"], "bad video: no H.264 or H.265"),
    ("has sound alone", &["--audio-only"], "bad video"),
    ("has nothing", &["--no-video"], "bad video"),
    ("wants a login", &["--login", "owner:secret"], "login refused"),
];

/// What a camera does that is no fault: it is recorded from then on, in one session.
const ODDITIES: &[(&str, &[&str])] = &[
    ("in band", &["--in-band-only"]),
    ("burst", &["--burst-start", "40"]),
    ("fast clock", &["--clock-ppm", "400"]),
    ("new parameters", &["--new-parameters-at", "45"]),
    ("B-frames", &["--b-frames"]),
];

#[test]
fn each_fault_has_its_reason_and_is_tried_again() {
    let home = Home::new();
    let cameras: Vec<_> = FAULTS.iter().map(|(_, args, _)| DemoCamera::start(args)).collect();
    for (camera, (name, ..)) in cameras.iter().zip(FAULTS) {
        home.add_camera(NewCamera { name, url: camera.url(), ..Default::default() });
    }
    let gone = DemoCamera::start(&[]).url().to_owned();
    home.add_camera(NewCamera { name: "is not there", url: &gone, ..Default::default() });
    let daemon = home.start();
    let absent = ("is not there", &[][..], "camera unreachable");
    for (name, _, words) in FAULTS.iter().chain([&absent]) {
        let live = wait_until(&format!("{name} is tried again"), secs(60), || {
            let live = live(&daemon, name)?;
            (live["sessions"].as_i64() >= Some(2) && live["lastError"].is_string()).then_some(live)
        });
        let error = live["lastError"].as_str().unwrap();
        assert!(error.starts_with(words), "{name}: {error}");
    }
    assert_ne!(daemon.get("/healthz").status, 200, "what should be recorded is not");
    let said = daemon.stop();
    for (name, _, words) in FAULTS.iter().chain([&absent]) {
        let of_camera = |line: &&String| line.contains(&format!("{name}/main: ")) && line.contains(words);
        let told = said.iter().filter(of_camera).count();
        assert!(told > 0, "{name}: the log says {words:?}");
        assert!(said.iter().all(|line| !line.contains("secret")));
    }
    home.expect(&["check", "--hash"]);
}

#[test]
fn an_oddity_is_recorded_in_one_session() {
    let home = Home::new();
    let cameras: Vec<_> = ODDITIES.iter().map(|(_, args)| DemoCamera::start(args)).collect();
    for (camera, (name, _)) in cameras.iter().zip(ODDITIES) {
        home.add_camera(NewCamera { name, url: camera.url(), ..Default::default() });
    }
    let daemon = home.start();
    for (name, _) in ODDITIES {
        daemon.wait_for_film(name, 6);
        let live = live(&daemon, name).unwrap();
        assert_eq!(live["lastError"], Value::Null, "{name}");
        assert_eq!(live["sessions"], 1, "{name}");
    }
    let entries: Vec<_> =
        daemon.recordings("new parameters").iter().map(|r| r["videoSampleEntryId"].as_i64().unwrap()).collect();
    assert_eq!(entries.len(), 2, "other parameters, another recording");
    assert_ne!(entries[0], entries[1]);
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

fn live(daemon: &Daemon, name: &str) -> Option<Value> {
    daemon.camera(name).map(|camera| camera["streams"]["main"]["live"].clone())
}
