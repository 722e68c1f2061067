//! Cameras that are not ours, and do what ours never did.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::{Film, Packet};
use crate::support::process::run_silently;
use crate::support::vlc::VlcCamera;
use crate::support::wait::{secs, wait_until};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// All that was recorded of a camera, as a film.
fn film(home: &Home, daemon: &Daemon, name: &str) -> Film {
    let recordings = daemon.recordings(name);
    let first = recordings.iter().map(|r| r["startId"].as_i64().unwrap()).min().unwrap();
    let last = recordings.iter().map(|r| r["startId"].as_i64().unwrap()).max().unwrap();
    let film = daemon.get(&daemon.main_stream(name, &format!("view.mp4?s={first}-{last}")));
    assert_eq!(film.status, 200, "{name}");
    Film::save(&home.path(&format!("{name}.mp4")), &film.body)
}

/// 15 frames a second for three seconds, a key frame each second, four slices a picture.
fn clip(home: &Home, codec: &str, size: &str) -> PathBuf {
    let path = home.path(&format!("{size}.{codec}"));
    let source = format!("testsrc2=size={size}:rate=15:duration=3");
    let coding: &[&str] = match codec {
        "h264" => &["-c:v", "libx264", "-preset", "veryfast", "-slices", "4", "-bf", "0", "-sc_threshold", "0"],
        _ => {
            let x265 = "log-level=none:slices=2:bframes=0:scenecut=0:keyint=15:min-keyint=15:repeat-headers=1";
            &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265]
        }
    };
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"]).args(coding);
    let format = if codec == "h264" { "h264" } else { "hevc" };
    run_silently(ffmpeg.args(["-g", "15", "-f", format]).arg(&path));
    path
}

/// Each packet was sent, in this order and at these times. Which was the first.
fn begins_with(camera: &GstCamera, name: &str, packets: &[Packet]) -> usize {
    let sent = camera.sent(name);
    let are_sent = |at: usize| sent[at..].iter().zip(packets).filter(|(s, p)| s.sha256 == p.sha256).count();
    let at = (0..sent.len()).find(|&at| are_sent(at) == packets.len());
    let at = at.unwrap_or_else(|| panic!("{name}: not without holes in what was sent"));
    for (packet, sent_frame) in packets.iter().zip(&sent[at..]) {
        let (ours, theirs) = (packet.pts - packets[0].pts, (sent_frame.pts - sent[at].pts) * 9 / 100_000);
        assert!((ours - theirs).abs() <= 1, "{name}: {ours} {theirs}");
    }
    at
}

#[test]
fn what_is_odd_about_a_server_costs_no_film() {
    let home = Home::new();
    let clips = ["h264", "h265"].map(|codec| {
        let [small, large] = ["320x180", "640x360"].map(|size| clip(&home, codec, size));
        let both = home.path(&format!("both.{codec}"));
        std::fs::write(&both, [std::fs::read(&small).unwrap(), std::fs::read(large).unwrap()].concat()).unwrap();
        (codec, small, both)
    });
    let mut streams = Vec::new();
    for (codec, small, both) in &clips {
        for (oddity, clip) in [("inband", small), ("quiet", small), ("late", small), ("headless", small)] {
            streams.push((format!("{codec}-{oddity}"), format!("{codec}-{oddity}"), clip));
        }
        streams.push((format!("{codec}-sizes"), format!("{codec}-inband"), both));
    }
    let all: Vec<_> = streams.iter().map(|(name, coding, clip)| (&**name, &**coding, clip.as_path())).collect();
    let camera = GstCamera::start_with_clips(&all);
    for (name, ..) in &all {
        home.add_camera(NewCamera { name, url: camera.url(name), ..Default::default() });
    }
    let daemon = home.start();
    for (name, ..) in &all {
        daemon.wait_for_film(name, 7);
        let live = daemon.camera(name).unwrap()["streams"]["main"]["live"].clone();
        assert_eq!((&live["lastError"], live["sessions"].as_i64()), (&Value::Null, Some(1)), "{name}");
        let film = film(&home, &daemon, name);
        let packets = film.packets();
        assert_eq!(film.decode(), packets.len(), "{name}: every frame is a picture");
        let first = begins_with(&camera, name, &packets);
        let (_, oddity) = name.split_once('-').unwrap();
        let expected = match oddity {
            "late" => 1,      // behind the parameter sets
            "headless" => 15, // the next key frame
            _ => 0,
        };
        assert_eq!(first, expected, "{name}");
        let entries: Vec<_> = daemon.recordings(name).iter().map(|r| r["videoSampleEntryId"].clone()).collect();
        assert_eq!(entries.len() > 1, oddity == "sizes", "{name}: {entries:?}");
        assert!(entries.windows(2).all(|two| two[0] != two[1]), "{name}: {entries:?}");
    }
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn one_timestamp_for_all_pictures_is_refused_in_words() {
    let home = Home::new();
    let clips = ["h264", "h265"].map(|codec| (codec, clip(&home, codec, "320x180")));
    let codings = clips.each_ref().map(|(codec, _)| format!("{codec}-still"));
    let streams: Vec<_> = clips.iter().zip(&codings).map(|((codec, clip), odd)| (*codec, &**odd, &**clip)).collect();
    let camera = GstCamera::start_with_clips(&streams);
    for (name, ..) in &streams {
        home.add_camera(NewCamera { name, url: camera.url(name), ..Default::default() });
    }
    let daemon = home.start();
    for (name, ..) in &streams {
        let error = wait_until(&format!("{name} is tried again"), secs(60), || {
            let live = daemon.camera(name)?["streams"]["main"]["live"].clone();
            (live["sessions"].as_i64() >= Some(2)).then(|| live["lastError"].as_str().map(str::to_owned))?
        });
        assert_eq!(error, "bad timestamps: repeated", "{name}");
    }
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

/// VLC sends to all from wherever in the film it is, and by UDP alone.
#[test]
fn vlc_is_recorded_from_the_next_key_frame_on() {
    let home = Home::new();
    let film_of = home.path("sent.mp4");
    let source = "testsrc2=size=320x180:rate=15:duration=60";
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264"]);
    run_silently(ffmpeg.args("-preset veryfast -threads 1 -bf 2 -g 45 -sc_threshold 0".split(' ')).arg(&film_of));
    let camera = VlcCamera::start(&film_of);
    home.add_camera(NewCamera { name: "udp", url: camera.url(), udp: true, ..Default::default() });
    home.add_camera(NewCamera { name: "tcp", url: camera.url(), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("udp", 8);
    let live = |name| daemon.camera(name).unwrap()["streams"]["main"]["live"].clone();
    assert_eq!(live("tcp")["lastError"], "bad video: it does not send by this transport (TCP or UDP): try the other");
    // The first datagrams of who joins may be lost, or come from another place of the film: then it is tried again.
    let sessions = live("udp")["sessions"].as_i64().unwrap();
    assert!(sessions <= 2, "{}", live("udp")["lastError"]);

    let film = film(&home, &daemon, "udp");
    let packets = film.packets();
    assert_eq!(film.decode(), packets.len(), "every frame is a picture");
    let sent = Film::at(&film_of).packets();
    let at = sent.iter().position(|p| p.sha256 == packets[0].sha256).expect("it was sent");
    assert!(packets[0].is_key, "the first frame of those that were sent: {at}");
    if sessions == 1 && live("udp")["lostPackets"] == 0 {
        for (packet, sent_packet) in packets.iter().zip(&sent[at..]) {
            assert_eq!((&packet.sha256, packet.is_key), (&sent_packet.sha256, sent_packet.is_key));
            let scale = |pts: i64| pts * 90_000 / 15_360;
            let (ours, theirs) = (packet.pts - packets[0].pts, scale(sent_packet.pts - sent[at].pts));
            assert!((ours - theirs).abs() <= 200, "{ours} {theirs}");
        }
    }
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn b_frames_are_recorded_and_played_in_their_order() {
    let home = Home::new();
    let streams = ["h264", "h265", "quiet"];
    let camera =
        GstCamera::start(&["h264:h264-b:320x240@15", "h265:h265-b:320x180@15", "quiet:h264-b-quiet:320x240@15"]);
    for name in streams {
        home.add_camera(NewCamera { name, url: camera.url(name), ..Default::default() });
    }
    let daemon = home.start();
    for name in streams {
        daemon.wait_for_film(name, 8);
        let live = daemon.camera(name).unwrap()["streams"]["main"]["live"].clone();
        assert_eq!((&live["lastError"], live["sessions"].as_i64()), (&Value::Null, Some(1)), "{name}");
        let film = film(&home, &daemon, name);
        let packets = film.packets();
        assert_eq!(film.decode(), packets.len(), "{name}: every frame is a picture");
        let sent = camera.sent(name);
        let at = sent.iter().position(|s| s.sha256 == packets[0].sha256).expect("it was sent");
        for (packet, sent_frame) in packets.iter().zip(&sent[at..]) {
            assert_eq!((&packet.sha256, packet.is_key), (&sent_frame.sha256, sent_frame.key), "{name}");
            let (ours, theirs) = (packet.pts - packets[0].pts, (sent_frame.pts - sent[at].pts) * 9 / 100_000);
            assert!((ours - theirs).abs() <= 1, "{name}: {ours} {theirs}");
        }
        let moved = sent.windows(2).filter(|pair| pair[1].pts < pair[0].pts).count();
        assert!(moved > 10, "{name}: frames change places: {moved}");
    }
    daemon.stop();
    home.expect(&["check", "--hash"]);
}
