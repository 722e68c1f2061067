//! SIGTERM, whatever hangs: the daemon ends within five seconds, and everything that was received is there.

use crate::support::cameras::{DemoCamera, GstCamera};
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::disk::Disk;
use crate::support::wait::{secs, wait_until};
use crate::support::websocket::WebSocket;
use nix::sys::signal::Signal;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// People who look and take nothing of what they are sent: films, lists, live pictures.
fn viewers(daemon: &Daemon, name: &str, each: usize) -> (Vec<TcpStream>, Vec<WebSocket>) {
    let first = daemon.recordings(name)[0]["startTime90k"].as_i64().unwrap();
    let now = daemon.get("/api/").json()["now90k"].as_i64().unwrap();
    let span = format!("start90k={first}&end90k={now}");
    let ask = |resource: &str| {
        let path = daemon.main_stream(name, resource);
        let mut stream = TcpStream::connect_timeout(&daemon.address(), secs(5)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        stream
    };
    let films = (0..each).map(|_| ask(&format!("view.mp4?{span}")));
    let lists = (0..each).map(|_| ask("live.m3u8"));
    let connections = films.chain(lists).collect();
    let live = (0..each).map(|_| WebSocket::connect(daemon.address(), &daemon.main_stream(name, "live.m4s")));
    (connections, live.map(|socket| socket.map_err(|answer| answer.status).unwrap()).collect())
}

/// A camera that takes the connection and never says a word.
fn mute() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtsp://{}/", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn a_hung_camera_and_fifty_viewers_cost_no_frame() {
    let home = Home::new();
    let mut camera = GstCamera::start(&["door:h264:320x180@15"]);
    let (_mute, mute_url) = mute();
    let silent = DemoCamera::start(&["--mute"]);
    for (name, url) in [("door", camera.url("door")), ("mute", &mute_url), ("silent", silent.url())] {
        home.add_camera(NewCamera { name, url, ..Default::default() });
    }
    let daemon = home.start();
    daemon.wait_for_film("door", 5);
    let viewers = viewers(&daemon, "door", 17);
    daemon.wait_for_more("door", 30);
    camera.fall_silent(&daemon.process);
    // Within its five seconds, or it would not say so: then it would end with another status.
    let said = daemon.stop();
    assert!(said.iter().any(|line| line.contains("stopped")), "{said:?}");
    drop(viewers);
    let sent = camera.sent("door").into_iter().skip_while(|s| !s.key).count() as i64;
    drop(camera);
    home.expect(&["check", "--hash"]);
    let daemon = home.start();
    assert_eq!(daemon.frames("door"), sent);
    daemon.stop();
}

/// A daemon whose disk hangs just now, with people who look at its film.
fn on_a_frozen_disk(home: &Home) -> Option<(Disk, DemoCamera, Daemon, i64)> {
    let disk = Disk::ext4(&home.path("sample"), 64)?;
    let camera = DemoCamera::start(&[]);
    home.add_camera(NewCamera { name: "door", url: camera.url(), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 4);
    disk.freeze();
    let frozen = daemon.frames("door");
    Some((disk, camera, daemon, frozen))
}

/// Its threads that sleep in the kernel cannot end before the disk answers; all else of it has.
fn has_left(daemon: &Daemon) -> Option<()> {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.process.id())).ok()?;
    status.lines().any(|line| line.starts_with("State:\tZ")).then_some(())
}

#[test]
fn a_dead_disk_is_not_waited_for() {
    let home = Home::new();
    let Some((disk, camera, mut daemon, frozen)) = on_a_frozen_disk(&home) else { return };
    let viewers = viewers(&daemon, "door", 5);
    daemon.process.signal(Signal::SIGTERM);
    wait_until("it ends", FIVE_SECONDS_ON_A_BUSY_MACHINE, || has_left(&daemon));
    drop(viewers);
    disk.thaw();
    daemon.process.wait(secs(10));
    let said = daemon.process.said().join("\n");
    assert!(said.contains("the disk does not answer") || said.contains("something hangs"), "{said}");
    drop((daemon, camera));
    let daemon = home.start();
    assert!(daemon.frames("door") >= frozen, "what was listed is there");
    daemon.stop();
    home.expect(&["check", "--hash"]);
}

#[test]
fn who_asks_twice_need_not_wait() {
    let home = Home::new();
    let Some((disk, camera, mut daemon, _)) = on_a_frozen_disk(&home) else { return };
    daemon.process.signal(Signal::SIGTERM);
    daemon.process.wait_for_line("that it stops", secs(10), |line| line.ends_with("stopping").then_some(()));
    daemon.process.signal(Signal::SIGTERM);
    wait_until("it ends", secs(10), || has_left(&daemon));
    disk.thaw();
    daemon.process.wait(secs(10));
    let said = daemon.process.said().join("\n");
    assert!(said.contains("asked again to stop") && !said.contains("does not answer"), "{said}");
    drop((daemon, camera));
    home.start().stop();
    home.expect(&["check", "--hash"]);
}

/// Give or take what others do on it meanwhile.
const FIVE_SECONDS_ON_A_BUSY_MACHINE: Duration = Duration::from_secs(10);
