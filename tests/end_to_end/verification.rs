//! A bit that turns over on the disk: the daemon finds it by itself, and tells it wherever somebody may look.

use crate::support::cameras::DemoCamera;
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::http;
use crate::support::wait::{secs, wait_until};
use std::fs::File;
use std::os::unix::fs::FileExt;

fn damaged(daemon: &Daemon) -> Vec<i64> {
    let all = daemon.recordings("door");
    all.iter().filter(|r| r["damaged"] == true).map(|r| r["startId"].as_i64().unwrap()).collect()
}

#[test]
fn a_flipped_bit_is_found_and_told_everywhere_until_its_recording_is_deleted() {
    let home = Home::with_store(
        "db_dir = 'db'\nsample_dir = 'sample'\nreserve = '1MiB'\nsync_interval = '1s'\nverify_interval = '5s'",
    );
    let camera = DemoCamera::start(&["--drop-after", "45"]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    home.flush_every(1);
    let daemon = home.start();
    wait_until("four recordings", secs(60), || (daemon.recordings("door").len() >= 4).then_some(()));
    let verification = || daemon.get("/api/storage").json()["verification"].clone();
    wait_until("film was read again", secs(30), || (verification()["readRecordings"].as_u64()? >= 3).then_some(()));
    assert_eq!((damaged(&daemon), &verification()["damagedRecordings"]), (vec![], &0.into()));

    let second = &daemon.recordings("door")[1];
    let number = second["startId"].as_u64().unwrap();
    let stream = daemon.camera("door").unwrap()["streams"]["main"]["id"].as_u64().unwrap();
    let path = home.path("sample").join(format!("{:016x}", stream << 32 | number));
    let (file, at) = (File::options().read(true).write(true).open(path).unwrap(), 2000);
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
    wait_until("the damage is told", secs(60), || (verification()["damagedRecordings"] == 1).then_some(()));

    assert_eq!(damaged(&daemon), [number as i64]);
    let metrics = daemon.get("/metrics");
    assert!(metrics.text().contains("\nlunette_damaged_recordings 1\n"), "{}", metrics.text());
    let uuid = daemon.camera("door").unwrap()["uuid"].clone();
    let notices = || daemon.get("/api/").json()["notices"].as_array().unwrap().clone();
    let rot = notices().into_iter().find(|notice| notice["kind"] == "rot").expect("a notice");
    assert_eq!((&rot["cameraUuid"], &rot["stream"]), (&uuid, &"main".into()));
    assert_eq!(rot["detail"], "1 recording is damaged: the disk has lost a part of the film");
    let line = format!("recording {stream}/{number}: its film is not what was recorded");
    let beside = home.expect(&["check", "--hash"]);
    assert!(beside.contains(&format!("note: {line}; found 20")), "{beside}");
    // It still plays.
    assert_eq!(daemon.get(&daemon.main_stream("door", &format!("view.mp4?s={number}"))).status, 200);
    let rounds = verification()["rounds"].as_u64().unwrap();
    let said = daemon.stop();
    assert_eq!(said.iter().filter(|said| said.contains(&line)).count(), 1, "{said:#?}");
    assert!(home.expect(&["check"]).contains(&line));

    let daemon = home.start();
    assert_eq!(damaged(&daemon), [number as i64]);
    let told = daemon.get("/api/storage").json()["verification"].clone();
    assert!(told["rounds"].as_u64().unwrap() >= rounds && told["damagedRecordings"] == 1, "{told}");
    let uuid = daemon.camera("door").unwrap()["uuid"].as_str().unwrap().to_owned();
    http::ask(daemon.address(), "DELETE", &format!("/api/cameras/{uuid}?deleteFilm=true"), "").unwrap();
    let told = daemon.get("/api/storage").json()["verification"].clone();
    assert_eq!(told["damagedRecordings"], 0);
    assert!(!daemon.get("/api/").text().contains("\"rot\""));
    daemon.stop();
    assert!(!home.expect(&["check", "--hash"]).contains("damaged"));
}
