//! A daemon that is killed while it records: what it had is there when it starts again.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Home, NewCamera};
use crate::support::film::Film;

const FPS: usize = 15;

#[test]
fn a_kill_costs_at_most_a_sync_interval() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 8);
    daemon.kill();
    let sent = camera.sent("door");
    drop(camera);

    let daemon = home.start();
    let recordings = daemon.recordings("door");
    let (first, last) = (&recordings[0], recordings.last().unwrap());
    assert_eq!(last["endReason"], "power cut");
    let span =
        format!("view.mp4?start90k={}&end90k={}", first["startTime90k"], last["endTime90k"].as_i64().unwrap() + 1);
    let film = Film::save(&home.path("film.mp4"), &daemon.get(&daemon.main_stream("door", &span)).body);
    let packets = film.packets();
    assert_eq!(film.decode(), packets.len());
    let stored: Vec<_> = packets.iter().map(|p| &p.sha256).collect();
    let wanted: Vec<_> = sent.iter().skip_while(|s| !s.key).map(|s| &s.sha256).collect();
    assert!(wanted.starts_with(&stored), "{} frames are not the first of the {} sent", stored.len(), wanted.len());
    let lost = wanted.len() - stored.len();
    assert!(lost <= Home::SYNC_INTERVAL_SECS as usize * FPS, "{lost} frames of {}", wanted.len());
    daemon.stop();
    home.expect(&["check", "--hash"]);
}
