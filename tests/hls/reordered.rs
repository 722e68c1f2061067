//! Frames that change places: their composition offsets in every kind of fragment, against what was sent and what ffprobe
//! reads.

use crate::listing::Listing;
use crate::support::cameras::GstCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::Film;
use crate::support::process::run_silently;
use crate::support::sent::Sent;
use crate::support::wait::{secs, wait_until};
use crate::support::websocket::{Message, WebSocket};
use std::process::Command;

/// Fragments of one stretch behind their initialisation segment are frames that were sent, without a hole, each shown
/// when it should be, and decoded in the order of the times at which frames are shown.
fn is_what_was_sent(home: &Home, what: &str, init: &[u8], fragments: &[u8], sent: &[Sent]) -> usize {
    let film = Film::save(&home.path(&format!("{what}.mp4")), &[init, fragments].concat());
    let packets = film.packets();
    assert_eq!(film.decode(), packets.len(), "{what}: every frame is a picture");
    assert!(packets[0].is_key, "{what}");
    let at = sent.iter().position(|s| s.sha256 == packets[0].sha256).unwrap_or_else(|| panic!("{what}: not sent"));
    for (packet, sent_frame) in packets.iter().zip(&sent[at..]) {
        assert_eq!(packet.sha256, sent_frame.sha256, "{what}: a frame is missing");
        let (ours, theirs) = (packet.pts - packets[0].pts, (sent_frame.pts - sent[at].pts) * 9 / 100_000);
        assert!((ours - theirs).abs() <= 1, "{what}: {ours} {theirs}");
    }
    let mut times: Vec<_> = packets.iter().map(|p| p.pts).collect();
    times.sort_unstable();
    let shift = times[0] - packets[0].dts;
    // Of the last ones, frames that are shown between them are still to come.
    let whole = packets.len() - 4;
    for (packet, time) in packets[..whole].iter().zip(&times) {
        assert_eq!(packet.dts + shift, *time, "{what}");
    }
    let told = composition_offsets(fragments);
    let read: Vec<_> = packets.iter().map(|p| p.pts - p.dts - shift).collect();
    assert_eq!(told, read, "{what}");
    assert!(told.iter().any(|offset| *offset < 0) && told.iter().any(|offset| *offset > 0), "{what}: {told:?}");
    packets.len()
}

/// What each `trun` says, read as ISO/IEC 14496-12 8.8.8 has it.
fn composition_offsets(fragments: &[u8]) -> Vec<i64> {
    let mut offsets = Vec::new();
    each_box(fragments, |kind, moof| {
        each_box(if kind == b"moof" { moof } else { &[] }, |kind, traf| {
            each_box(if kind == b"traf" { traf } else { &[] }, |kind, trun| {
                if kind == b"trun" {
                    let number = |at: usize| u32::from_be_bytes(trun[at..at + 4].try_into().unwrap());
                    let (version, flags) = (trun[0], number(0) & 0xff_ffff);
                    let has_offsets = flags & 0x800 != 0;
                    assert!(version == 1 || !has_offsets, "offsets are signed");
                    let head = 8 + 4 * (flags & 0x1 | flags >> 2 & 0x1) as usize;
                    let fields = (flags >> 8 & 0xf).count_ones() as usize;
                    let offset = |n: usize| match has_offsets {
                        true => i64::from(number(head + 4 * (fields * n + fields - 1)) as i32),
                        false => 0,
                    };
                    offsets.extend((0..number(4) as usize).map(offset));
                }
            });
        });
    });
    offsets
}

fn each_box<'a>(mut boxes: &'a [u8], mut each: impl FnMut(&[u8], &'a [u8])) {
    while !boxes.is_empty() {
        let size = u32::from_be_bytes(boxes[..4].try_into().unwrap()) as usize;
        each(&boxes[4..8], &boxes[8..size]);
        boxes = &boxes[size..];
    }
}

/// What `live.m4s` sends within so many frames, and its initialisation segment.
fn live(daemon: &Daemon, name: &str, frames: usize) -> (Vec<u8>, Vec<u8>) {
    let socket = WebSocket::connect(daemon.address(), &daemon.main_stream(name, "live.m4s"));
    let mut socket = socket.unwrap_or_else(|refused| panic!("{}: {}", refused.status, refused.text()));
    let (mut init, mut fragments) = (Vec::new(), Vec::new());
    wait_until(&format!("{frames} frames of {name}"), secs(60), || {
        match socket.next().unwrap() {
            Message::Binary(fragment) => fragments.extend(fragment),
            Message::Text(text) if text["type"] == "start" => {
                assert!(init.is_empty(), "it goes on");
                init = daemon.get(text["initSegment"].as_str().unwrap()).body;
            }
            Message::Text(_) => {}
            Message::Close(code, reason) => panic!("{code} {reason}"),
        }
        (composition_offsets(&fragments).len() >= frames).then_some(())
    });
    (init, fragments)
}

#[test]
fn every_fragment_tells_when_its_frames_are_shown() {
    let home = Home::new();
    let camera = GstCamera::start(&["h264:h264-b:320x180@15", "h265:h265-b:320x180@15"]);
    for name in ["h264", "h265"] {
        home.add_camera(NewCamera { name, url: camera.url(name), ..Default::default() });
    }
    let daemon = home.start();
    for name in ["h264", "h265"] {
        daemon.wait_for_film(name, 1);
        let (init, fragments) = live(&daemon, name, 60);
        is_what_was_sent(&home, &format!("{name}-live"), &init, &fragments, &camera.sent(name));

        let playlist = daemon.main_stream(name, "live.m3u8");
        let listing = wait_until("three segments", secs(60), || {
            let answer = daemon.get(&playlist);
            let listing = (answer.status == 200).then(|| Listing::parse(answer.text()))?;
            (listing.segments.len() >= 3).then_some(listing)
        });
        let segments: Vec<_> =
            listing.segments.iter().map(|s| daemon.get(&daemon.main_stream(name, &s.uri)).body).collect();
        let what = format!("{name}-hls");
        let frames = is_what_was_sent(&home, &what, &init, &segments.concat(), &camera.sent(name));
        let seconds: f64 = listing.segments.iter().map(|s| s.seconds).sum();
        assert!((frames as f64 / 15.0 - seconds).abs() < 0.01, "{what}: {frames} frames in {seconds} s");
        // Each by itself begins with a key frame and has all that is shown until the next.
        for (n, segment) in segments.iter().enumerate() {
            is_what_was_sent(&home, &format!("{what}-{n}"), &init, segment, &camera.sent(name));
        }

        let segment = daemon.get(&daemon.main_stream(name, "view.m4s?s=1"));
        is_what_was_sent(&home, &format!("{name}-segment"), &init, &segment.body, &camera.sent(name));

        let ffmpeg = ["-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-i", &daemon.url(&playlist)];
        let ffmpeg = run_silently(Command::new("ffmpeg").args(ffmpeg).args(["-frames:v", "60", "-f", "framecrc", "-"]));
        assert_eq!(ffmpeg.lines().filter(|line| !line.starts_with('#')).count(), 60, "{name}");
    }
    daemon.stop();
}
