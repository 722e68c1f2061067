//! Three streams of GStreamer's server at once: every frame is stored once, plays, and survives a stop.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::{Film, Packet};
use crate::support::sent::Sent;
use crate::support::wait::{secs, wait_until};
use std::path::Path;

const FPS: i64 = 15;
const FRAME: i64 = 90_000 / FPS;
const LOGIN: (&str, &str) = ("owner", "pass word:7");
const CAMERAS: [&str; 3] = ["door", "yard", "gate"];

#[test]
fn what_was_sent_is_stored_once_and_plays() {
    let home = Home::new();
    let mut camera = GstCamera::start(&[
        &format!("door:h264:320x180@15:{}:{}", LOGIN.0, LOGIN.1),
        "yard:h265:320x180@15",
        "gate:h264:320x180@15",
    ]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), login: Some(LOGIN), ..Default::default() });
    home.add_camera(NewCamera { name: "yard", url: camera.url("yard"), ..Default::default() });
    home.add_camera(NewCamera { name: "gate", url: camera.url("gate"), udp: true, ..Default::default() });

    let daemon = home.start();
    for name in CAMERAS {
        daemon.wait_for_film(name, 20);
    }
    for name in CAMERAS {
        plays_while_it_grows(&daemon, &home, name);
    }
    assert_eq!(daemon.get("/healthz").status, 200);

    // What the camera sent until now is what must be there after the stop.
    camera.fall_silent(&daemon.process);
    let said = daemon.stop();
    assert!(!said.iter().any(|line| line.contains(LOGIN.1)), "the password stays out of the log");
    let sent = CAMERAS.map(|name| camera.sent(name));
    drop(camera);
    home.expect(&["check", "--hash"]);

    let daemon = home.start();
    for (name, sent) in CAMERAS.into_iter().zip(sent) {
        let film = whole(&daemon, &home, name);
        let packets = film.packets();
        was_sent(&packets, &sent);
        lasts_as_long(&film, &packets);
        trims_to_the_frame(&daemon, &home, name, &packets);
    }
    daemon.stop();
}

#[test]
fn a_stop_in_the_middle_takes_what_had_come_by_then() {
    let home = Home::new();
    let camera = GstCamera::start(&["porch:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "porch", url: camera.url("porch"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("porch", 3);
    let before_the_stop = camera.sent("porch").len();
    // When the next ones are on their way, those have left the server.
    let more = || (camera.sent("porch").len() >= before_the_stop + 2).then_some(());
    wait_until("two more frames are sent", secs(10), more);
    daemon.stop();
    let sent = camera.sent("porch");
    drop(camera);

    let daemon = home.start();
    let stored = whole(&daemon, &home, "porch").packets();
    let skipped = sent.iter().position(|s| s.key).unwrap();
    assert!(skipped + stored.len() >= before_the_stop, "{} of {before_the_stop} frames", stored.len());
    was_sent(&stored, &sent[..skipped + stored.len()]);
    daemon.stop();
}

/// The film so far has every frame, and nothing in it disturbs a decoder.
fn plays_while_it_grows(daemon: &Daemon, home: &Home, name: &str) {
    let film = whole(daemon, home, name);
    let packets = film.packets();
    assert!(packets.len() as i64 >= 20 * FPS, "{name}: {} frames in 20 s", packets.len());
    assert_eq!(film.decode(), packets.len());
}

/// `packets` are the frames that were sent from the first key frame on, each of them once and in order.
fn was_sent(packets: &[Packet], sent: &[Sent]) {
    let stored: Vec<_> = packets.iter().map(|p| (p.is_key, &p.sha256)).collect();
    let wanted: Vec<_> = sent.iter().skip_while(|s| !s.key).map(|s| (s.key, &s.sha256)).collect();
    let differs = stored.iter().zip(&wanted).position(|(stored, wanted)| stored != wanted);
    assert_eq!(differs, None, "the first frame that differs");
    assert_eq!(stored.len(), wanted.len());
}

/// Frames last as long as they were sent with, and the track as long as they all: the last one, after which none came,
/// has no duration of its own.
fn lasts_as_long(film: &Film, packets: &[Packet]) {
    let (last, others) = packets.split_last().unwrap();
    for packet in others {
        assert!((packet.duration - FRAME).abs() <= 2, "{packet:?}");
    }
    let duration = film.stream()["duration_ts"].as_i64().unwrap();
    assert!((duration - last.pts).abs() <= 1, "{duration}, and the last frame begins at {}", last.pts);
    assert!((duration - others.len() as i64 * FRAME).abs() <= FRAME, "{duration} for {} frames", packets.len());
}

/// From 3.3 s to 9.1 s, both amid a frame: the frames that begin in between are shown, and for that long. Those before,
/// from a key frame on, are there but hidden; ffmpeg counts the one that the span begins in among them.
fn trims_to_the_frame(daemon: &Daemon, home: &Home, name: &str, whole: &[Packet]) {
    let (from, to) = (33 * 9_000, 91 * 9_000);
    let start = first_start(daemon, name);
    let film = span(daemon, home, name, start + from, start + to);
    let packets = film.packets();
    assert!(packets[0].is_key && packets[0].is_hidden);
    let shown: Vec<_> = packets.into_iter().filter(|p| !p.is_hidden).map(|p| p.sha256).collect();
    let wanted = whole.iter().filter(|p| (from..to).contains(&p.pts));
    let wanted: Vec<_> = wanted.map(|p| p.sha256.clone()).collect();
    assert!(shown == wanted, "{name}: {} frames are shown, not the wanted {}", shown.len(), wanted.len());
    assert_eq!(film.decode(), wanted.len());
    let duration = film.stream()["duration_ts"].as_i64().unwrap();
    // Wall time differs from media time by 500 ppm at most.
    assert!((duration - (to - from)).abs() <= (to - from) / 2_000, "{duration}");
}

/// All that there is of a camera.
fn whole(daemon: &Daemon, home: &Home, name: &str) -> Film {
    let recordings = daemon.recordings(name);
    let end = recordings.iter().map(|r| r["endTime90k"].as_i64().unwrap()).max().unwrap();
    let start = first_start(daemon, name);
    // A last frame without a duration lies at the very end.
    span(daemon, home, name, start, end + 1)
}

fn first_start(daemon: &Daemon, name: &str) -> i64 {
    daemon.recordings(name).iter().map(|r| r["startTime90k"].as_i64().unwrap()).min().unwrap()
}

fn span(daemon: &Daemon, home: &Home, name: &str, start: i64, end: i64) -> Film {
    let answer = daemon.get(&daemon.main_stream(name, &format!("view.mp4?start90k={start}&end90k={end}")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path: &Path = &home.path(&format!("{name}-{start}-{end}.mp4"));
    Film::save(path, &answer.body)
}
