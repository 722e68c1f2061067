//! `docs/guide/api.md`: what it tells people to type does what it says.

use crate::server::Server;
use std::fmt::Write;
use std::process::Command;

#[test]
fn every_line_of_the_guide_works() {
    let server = Server::with_film();
    let guide = include_str!("../../docs/guide/api.md");
    let mut script = String::from("set -eu\n");
    // What is indented is typed, but for answers.
    for line in guide.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with('{')) {
        match line.starts_with("recorder=") {
            true => writeln!(script, "recorder=http://{}", server.address()).unwrap(),
            false => writeln!(script, "{line}").unwrap(),
        }
    }
    assert!(script.lines().count() > 15, "{script}");
    let directory = tempfile::tempdir().unwrap();
    let done = Command::new("sh").args(["-c", &script]).current_dir(directory.path()).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{complaint}");
    assert_eq!(complaint, "");
    for expected in [
        "\"startId\":1",
        "duration=4.000000",
        "\"transport\":\"udp\"",
        "\"detail\":\"parameter s=5-1: expected START[-END]",
        "ok\n",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let film = std::fs::read(directory.path().join("film.mp4")).unwrap();
    assert_eq!(server.probe(&film), "h264,40,4.000000");
    assert!(directory.path().join("copy.mp4").exists());
    assert!(directory.path().join("picture.jpg").exists());
}
