//! Cameras that are not ours, and do what ours never did.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::Film;
use serde_json::Value;

/// All that was recorded of a camera, as a film.
fn film(home: &Home, daemon: &Daemon, name: &str) -> Film {
    let recordings = daemon.recordings(name);
    let first = recordings.iter().map(|r| r["startId"].as_i64().unwrap()).min().unwrap();
    let last = recordings.iter().map(|r| r["startId"].as_i64().unwrap()).max().unwrap();
    let film = daemon.get(&daemon.main_stream(name, &format!("view.mp4?s={first}-{last}")));
    assert_eq!(film.status, 200, "{name}");
    Film::save(&home.path(&format!("{name}.mp4")), &film.body)
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
