//! Every fault of the demo camera for long: `scripts/peers MINUTES`. Each session gives all frames that it had before its
//! fault, a camera that is only odd loses none, and the recorder does not grow.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::wait::{secs, wait_until};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// What ends each session after so many frames, and how it is told.
const ENDS: &[(&str, &str, &str)] = &[
    ("drop-after", "", "camera closed the stream"),
    ("stall-after", "", "camera silent"),
    ("timestamps-back-at", "", "bad timestamps: went back"),
    ("timestamp-jump-at", "", "bad timestamps: went ahead"),
    ("repeat-timestamp-at", "", "bad timestamps: repeated"),
    ("garbage-at", ":40", "bad video"),
];

/// What lets no film come, and how it is told.
const NOTHING: &[(&[&str], &str)] = &[
    (&["--mute"], "camera unreachable"),
    (&["--codec", "VP8"], "bad video"),
    (&["--audio-only"], "bad video"),
    (&["--no-video"], "bad video"),
    (&["--login", "owner:secret"], "login refused"),
];

/// What is odd and no fault: arguments, whether by UDP, and how many frames it costs.
const ODD: &[(&[&str], bool, i64)] = &[
    (&[], false, 0),
    (&["--in-band-only"], false, 0),
    (&["--burst-start", "40"], false, 0),
    (&["--new-parameters-at", "45"], false, 0),
    (&["--b-frames"], false, 0),
    (&["--clock-ppm", "400"], false, 0),
    (&["--clock-ppm", "-400"], false, 0),
    (&["--clock-offset", "-7200"], false, 0),
    (&["--garbage-at", "30"], false, 1),
    (&["--lose-packet", "20"], true, 1),
    (&["--late-packet", "20"], true, 1),
];

/// Frames that were sent and are not listed yet: they wait for the end of their group of pictures, or are on their way.
const ON_THE_WAY: i64 = 60;

#[test]
fn every_fault_for_long() {
    let minutes = std::env::var("LUNETTE_FAULT_MINUTES").map_or(0.35, |text| text.parse::<f64>().unwrap());
    // A session of 11 s is worth a quick return.
    let at = if minutes < 2.0 { 45 } else { 165 };
    let home = Home::new();
    let mut cameras = Vec::new();
    let mut add = |name: &str, args: &[&str], udp: bool| {
        let camera = DemoCamera::start(&[&["--count", "--streams", "1"], args].concat());
        home.add_camera(NewCamera { name, url: camera.url(), udp, ..Default::default() });
        cameras.push((name.to_owned(), camera));
    };
    for (fault, more, _) in ENDS {
        add(fault, &[&format!("--{fault}"), &format!("{at}{more}")], false);
    }
    for (args, _) in NOTHING {
        add(&label("no", args), args, false);
    }
    for (args, udp, _) in ODD {
        add(&label("odd", args), args, *udp);
    }
    let daemon = home.start();
    for (name, ..) in ENDS {
        wait_until(&format!("{name} ended twice"), secs(90), || (sessions(&daemon, name) >= 2).then_some(()));
    }
    let early = size(&daemon);
    let end = Instant::now() + Duration::from_secs_f64(60.0 * minutes);
    wait_until("the time is over", secs(3600 * 24), || (Instant::now() >= end).then_some(()));
    let late = size(&daemon);

    let sent = |name: &str| cameras.iter().find(|(n, _)| n == name).map_or(0, |(_, camera)| frames_sent(camera));
    let mut table = Vec::new();
    for (name, _, words) in ENDS {
        assert!(
            error(&daemon, name).is_none_or(|error| error.starts_with(words)),
            "{name}: {:?}",
            error(&daemon, name)
        );
        let runs = runs(&daemon, name);
        let (_, ended) = runs.split_last().unwrap();
        assert!(!ended.is_empty() && ended.iter().all(|&frames| frames == at), "{name}: {runs:?}");
        table.push(format!("{name}: {} sessions, each with all {at} frames", ended.len()));
    }
    for (args, words) in NOTHING {
        let name = label("no", args);
        assert!(error(&daemon, &name).is_some_and(|error| error.starts_with(words)), "{name}");
        assert_eq!(daemon.frames(&name), 0, "{name}");
        table.push(format!("{name}: {} sessions, nothing recorded", sessions(&daemon, &name)));
    }
    for (args, _, lost) in ODD {
        let name = label("odd", args);
        let (sent, stored) = (sent(&name), daemon.frames(&name));
        assert_eq!((error(&daemon, &name), sessions(&daemon, &name)), (None, 1), "{name}");
        let missing = sent - lost - stored;
        assert!((-ON_THE_WAY..=ON_THE_WAY).contains(&missing), "{name}: {sent} sent, {stored} stored");
        table.push(format!("{name}: {sent} sent, {stored} stored, {lost} broken or lost on the way"));
    }
    println!("{}\nmemory {} → {} KiB, files {} → {}", table.join("\n"), early.0, late.0, early.1, late.1);
    assert!(late.0 < early.0 + 32 * 1024 && late.1 < early.1 + 16, "{early:?} {late:?}");
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

/// A camera's name: nobody may take it for an option.
fn label(kind: &str, args: &[&str]) -> String {
    format!("{kind} {}", args.join(" ").replace("--", "")).trim().to_owned()
}

fn live(daemon: &Daemon, name: &str) -> Value {
    daemon.camera(name).unwrap()["streams"]["main"]["live"].clone()
}

fn sessions(daemon: &Daemon, name: &str) -> i64 {
    live(daemon, name)["sessions"].as_i64().unwrap_or(0)
}

fn error(daemon: &Daemon, name: &str) -> Option<String> {
    live(daemon, name)["lastError"].as_str().map(str::to_owned)
}

/// How many frames each run has, the oldest first.
fn runs(daemon: &Daemon, name: &str) -> Vec<i64> {
    let recordings = daemon.recordings(name);
    let runs = recordings.chunk_by(|a, b| a["runStartId"] == b["runStartId"]);
    runs.map(|run| run.iter().map(|r| r["videoSamples"].as_i64().unwrap()).sum()).collect()
}

/// By the camera's own word, a second old at most.
fn frames_sent(camera: &DemoCamera) -> i64 {
    let said = camera.said();
    let count = said.iter().rev().find_map(|line| line.strip_prefix("sent ")?.parse().ok());
    count.expect("it counts")
}

/// Resident memory in KiB and open files of the daemon.
fn size(daemon: &Daemon) -> (u64, usize) {
    let process = format!("/proc/{}", daemon.process.id());
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = resident.trim().trim_end_matches(" kB").parse().unwrap();
    (resident, fs::read_dir(format!("{process}/fd")).unwrap().count())
}
