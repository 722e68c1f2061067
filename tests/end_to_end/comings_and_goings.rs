//! Cameras that are added and removed while the recorder runs.

use crate::support::cameras::GstCamera;
use crate::support::daemon::{Home, NewCamera};
use crate::support::wait::{secs, wait_until};

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
