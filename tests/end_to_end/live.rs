//! Live pictures over a WebSocket: what comes is what is recorded, whoever else watches and whatever the camera does.

use crate::support::cameras::{DemoCamera, GstCamera};
use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::film::{Film, Packet};
use crate::support::wait::{secs, wait_until};
use crate::support::websocket::{Message, UPGRADE, WebSocket};
use serde_json::Value;
use std::process::Command;
use std::thread;

const GROUP: usize = 15;

#[test]
fn what_is_live_is_what_is_recorded() {
    let home = Home::new();
    let mut camera = GstCamera::start(&["door:h264:320x180@15", "yard:h265:320x180@15"]);
    for name in ["door", "yard"] {
        home.add_camera(NewCamera { name, url: camera.url(name), ..Default::default() });
    }
    let daemon = home.start();
    let lives = ["door", "yard"].map(|name| {
        daemon.wait_for_film(name, 1);
        let mut watching = watch(&daemon, name);
        watching.frames(5 * GROUP);
        (name, watching)
    });
    camera.fall_silent(&daemon.process);
    for (name, live) in lives {
        assert_eq!((live.starts.len(), live.drops), (1, 0), "{:?}", live.texts);
        assert!(live.is_continuous());
        let live = live.film(&daemon, &home, name);
        let packets = live.packets();
        assert!(packets[0].is_key && packets.len() >= 5 * GROUP, "{} frames", packets.len());
        assert_eq!(live.decode(), packets.len());
        is_part_of(&packets, &recorded(&daemon, &home, name));
    }
    daemon.stop();
}

#[test]
fn fifty_viewers_see_the_same_and_one_that_stops_reading_is_moved_on() {
    let home = Home::new();
    let camera = GstCamera::start_with_clip("yard", &noise(&home));
    home.add_camera(NewCamera { name: "yard", url: camera.url("yard"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("yard", 1);
    let mut slow = watch(&daemon, "yard");
    slow.frames(1);
    let viewers: Vec<_> = (0..50).map(|_| watch(&daemon, "yard")).collect();
    // More than all the buffers on the way hold.
    let viewers: Vec<_> = viewers.into_iter().map(|v| thread::spawn(move || v.until_bytes(30 << 20))).collect();
    let viewers: Vec<_> = viewers.into_iter().map(|viewer| viewer.join().unwrap()).collect();

    wait_until("it is told what it missed", secs(30), || {
        slow.read();
        (slow.drops > 0).then_some(())
    });
    slow.frames(4 * GROUP);
    let told = slow.texts.iter().find(|text| text["type"] == "drop").unwrap();
    assert_eq!(told["reason"], "they were not read in time");

    let recorded = recorded(&daemon, &home, "yard");
    for (at, viewer) in viewers.into_iter().enumerate() {
        assert_eq!((viewer.starts.len(), viewer.drops), (1, 0), "viewer {at}: {:?}", viewer.texts);
        assert!(viewer.is_continuous(), "viewer {at}");
        if at % 10 == 0 {
            is_part_of(&viewer.film(&daemon, &home, &format!("yard{at}")).packets(), &recorded);
        }
    }
    // The slow one has a hole, and goes on with a key frame behind it.
    let packets = slow.film(&daemon, &home, "slow").packets();
    let gap = packets.windows(2).position(|two| two[1].pts - two[0].pts > 2 * two[0].duration).expect("a hole");
    assert!(packets[gap + 1].is_key && !slow.is_continuous());
    is_part_of(&packets[gap + 1..], &recorded);
    assert_eq!(daemon.camera("yard").unwrap()["streams"]["main"]["live"]["sessions"], 1);
    daemon.stop();
}

#[test]
fn a_camera_that_comes_back_goes_on_and_new_parameters_are_told() {
    let home = Home::new();
    let drops = DemoCamera::start(&["--drop-after", "45"]);
    let changes = DemoCamera::start(&["--new-parameters-at", "45"]);
    home.add_camera(NewCamera { name: "drops", url: drops.url(), ..Default::default() });
    home.add_camera(NewCamera { name: "changes", url: changes.url(), ..Default::default() });
    let daemon = home.start();

    let mut changing = watch(&daemon, "changes");
    wait_until("other parameters", secs(40), || {
        changing.read();
        (changing.starts.len() == 2).then_some(())
    });
    let [before, after] = &changing.starts[..] else { panic!("{:?}", changing.starts) };
    assert_eq!(before["runStartId"], after["runStartId"], "the run goes on");
    assert_ne!(before["initSegment"], after["initSegment"]);
    assert_ne!((&before["width"], &before["height"]), (&after["width"], &after["height"]));
    assert!(after["mediaTime90k"].as_i64() > before["mediaTime90k"].as_i64());

    let mut dropping = watch(&daemon, "drops");
    wait_until("a second run", secs(40), || {
        dropping.read();
        (dropping.starts.len() == 2).then_some(())
    });
    // On a busy machine the clocks may be brought together meanwhile ("time").
    let kinds = dropping.texts.iter().map(|text| text["type"].as_str().unwrap());
    let kinds: Vec<_> = kinds.filter(|&kind| kind != "time").collect();
    let between = kinds.iter().skip_while(|&&kind| kind != "start").nth(1);
    assert_eq!(between, Some(&"error"), "{:?}", dropping.texts);
    let error = dropping.texts.iter().rfind(|text| text["type"] == "error").unwrap();
    assert!(error["detail"].as_str().unwrap().starts_with("camera "), "{error}");
    let [before, after] = &dropping.starts[..] else { panic!("{:?}", dropping.starts) };
    assert!(before["runStartId"].as_i64() < after["runStartId"].as_i64());
    assert_eq!(after["mediaTime90k"], 0);
    assert!(after["wallTime90k"].as_i64() > before["wallTime90k"].as_i64());
    dropping.frames(1);
    assert!(decode_time(dropping.fragments.last().unwrap()) < 90_000, "a new time line");
    daemon.stop();
}

#[test]
fn a_stop_says_farewell() {
    let home = Home::new();
    let camera = GstCamera::start(&["door:h264:320x180@15"]);
    home.add_camera(NewCamera { name: "door", url: camera.url("door"), ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film("door", 1);
    let mut viewer = watch(&daemon, "door");
    // Reads nothing: the stop must not wait for it.
    let _idle = watch(&daemon, "door");
    viewer.frames(1);
    let end = thread::spawn(move || {
        loop {
            if let Message::Close(code, reason) = viewer.socket.next().unwrap() {
                return (code, reason);
            }
        }
    });
    daemon.stop();
    assert_eq!(end.join().unwrap(), (1001, "the recorder is stopping".to_owned()));
}

#[test]
fn what_is_no_websocket_of_ours_is_refused() {
    let home = Home::new();
    let nobody = DemoCamera::start(&["--mute"]);
    home.add_camera(NewCamera { name: "door", url: nobody.url(), ..Default::default() });
    let daemon = home.start();
    let path = daemon.main_stream("door", "live.m4s");
    let told = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = WebSocket::ask(daemon.address(), method, path, headers).err().expect("a refusal");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        answer
    };
    let without = |name: &str| UPGRADE.into_iter().filter(|(n, _)| *n != name).collect::<Vec<_>>();
    let with = |name, value| [without(name), vec![(name, value)]].concat();

    for headers in [vec![], without("Upgrade"), without("Connection"), with("Sec-WebSocket-Version", "8")] {
        let answer = told("GET", &path, &headers);
        assert_eq!((answer.status, answer.header("upgrade")), (426, "websocket"), "{headers:?}");
        assert_eq!(answer.header("sec-websocket-version"), "13");
    }
    assert_eq!(told("GET", &path, &with("Sec-WebSocket-Key", "short")).status, 400);
    assert_eq!(told("GET", &format!("{path}?s=1"), &UPGRADE).status, 400);
    assert_eq!(told("POST", &path, &UPGRADE).status, 405);
    assert_eq!(told("GET", &path.replace("/main/", "/sub/"), &UPGRADE).status, 404);
    assert_eq!(told("GET", &path, &with("Origin", "http://example.com")).status, 403);
    let ours = format!("http://{}", daemon.address());
    let mut viewer = WebSocket::ask(daemon.address(), "GET", &path, &with("Origin", &ours)).unwrap();
    assert!(matches!(viewer.next().unwrap(), Message::Text(text) if text["type"] == "error"), "there is no picture");
    viewer.say(1, b"hello").unwrap();
    let end = loop {
        if let Message::Close(code, _) = viewer.next().unwrap() {
            break code;
        }
    };
    assert_eq!(end, 1003, "nothing is to be said");
    drop(viewer);

    let mut places = Vec::new();
    let full = loop {
        match WebSocket::connect(daemon.address(), &path) {
            Ok(viewer) => places.push(viewer),
            Err(refused) => break refused,
        }
    };
    assert_eq!((places.len(), full.status), (100, 503));
    assert_eq!(daemon.get("/").status, 200, "the page can still be had");
    drop(places);
    wait_until("places are free again", secs(10), || WebSocket::connect(daemon.address(), &path).ok());
    daemon.stop();
}

/// A viewer and what it was told so far.
struct Watching {
    socket: WebSocket,
    texts: Vec<Value>,
    starts: Vec<Value>,
    drops: u64,
    fragments: Vec<Vec<u8>>,
}

fn watch(daemon: &Daemon, name: &str) -> Watching {
    let socket = WebSocket::connect(daemon.address(), &daemon.main_stream(name, "live.m4s"));
    let socket = socket.unwrap_or_else(|refused| panic!("{}: {}", refused.status, refused.text()));
    Watching { socket, texts: Vec::new(), starts: Vec::new(), drops: 0, fragments: Vec::new() }
}

impl Watching {
    /// Reads one message.
    fn read(&mut self) {
        match self.socket.next().unwrap() {
            Message::Binary(fragment) => {
                assert!(!self.starts.is_empty(), "a fragment before its start");
                self.fragments.push(fragment);
            }
            Message::Text(text) => {
                match text["type"].as_str().unwrap() {
                    "start" => self.starts.push(text.clone()),
                    "drop" => self.drops += text["frames"].as_u64().unwrap(),
                    "error" | "time" => {}
                    other => panic!("a message of type {other}"),
                }
                self.texts.push(text);
            }
            Message::Close(code, reason) => panic!("closed: {code} {reason}"),
        }
    }

    /// Reads so many frames more.
    fn frames(&mut self, count: usize) {
        let had = self.frame_count();
        wait_until(&format!("{count} frames"), secs(40), || {
            self.read();
            (self.frame_count() >= had + count).then_some(())
        });
    }

    fn frame_count(&self) -> usize {
        self.fragments.iter().map(|fragment| u32_at(fragment, SAMPLE_COUNT) as usize).sum()
    }

    /// Reads until so many bytes came.
    fn until_bytes(mut self, bytes: usize) -> Self {
        wait_until("enough film", secs(120), || {
            self.read();
            (self.fragments.iter().map(Vec::len).sum::<usize>() >= bytes).then_some(())
        });
        self
    }

    /// Where one fragment ends the next one begins. (ffprobe goes by the parameter sets' frame rate, not by durations.)
    fn is_continuous(&self) -> bool {
        self.fragments.windows(2).all(|two| end_time(&two[0]) == decode_time(&two[1]))
    }

    /// All that came, behind what a player needs first.
    fn film(&self, daemon: &Daemon, home: &Home, name: &str) -> Film {
        let init = daemon.get(self.starts[0]["initSegment"].as_str().unwrap());
        assert_eq!(init.status, 200, "{}", init.text());
        let all = [&init.body[..], &self.fragments.concat()].concat();
        Film::save(&home.path(&format!("{name}-live.mp4")), &all)
    }
}

// Our fragments have one layout: moof 8, mfhd 16, traf 8, tfhd 16, tfdt 20, trun.
const DECODE_TIME: usize = 8 + 16 + 8 + 16 + 12;
const SAMPLE_COUNT: usize = DECODE_TIME + 8 + 12;

fn decode_time(fragment: &[u8]) -> u64 {
    u64::from_be_bytes(fragment[DECODE_TIME..][..8].try_into().unwrap())
}

fn end_time(fragment: &[u8]) -> u64 {
    let first = SAMPLE_COUNT + 8;
    let durations = (0..u32_at(fragment, SAMPLE_COUNT) as usize).map(|n| u64::from(u32_at(fragment, first + 12 * n)));
    decode_time(fragment) + durations.sum::<u64>()
}

fn u32_at(fragment: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(fragment[at..][..4].try_into().unwrap())
}

/// All that is recorded of a camera's first run: it begins where its media time is 0.
fn recorded(daemon: &Daemon, home: &Home, name: &str) -> Vec<Packet> {
    let last = daemon.recordings(name).last().unwrap()["endId"].as_i64().unwrap();
    let answer = daemon.get(&daemon.main_stream(name, &format!("view.mp4?s=1-{last}")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    Film::save(&home.path(&format!("{name}-recorded.mp4")), &answer.body).packets()
}

/// The live frames are the recorded ones, bit for bit and at the same times, without a hole.
fn is_part_of(live: &[Packet], recorded: &[Packet]) {
    let facts = |p: &Packet| (p.pts, p.is_key, p.sha256.clone());
    let first = recorded.iter().position(|p| p.pts == live[0].pts).expect("the first live frame is recorded");
    // What is live may be newer than what is listed.
    let common = live.len().min(recorded.len() - first);
    assert!(common > GROUP, "{common} frames to compare");
    let differs = (0..common).find(|&n| facts(&live[n]) != facts(&recorded[first + n]));
    assert_eq!(differs, None, "the first live frame that is not the recorded one");
}

/// A clip of 2 s that no encoder makes small: some 3 MB a second.
fn noise(home: &Home) -> std::path::PathBuf {
    let path = home.path("noise.h264");
    let noise = "nullsrc=size=320x240:rate=15:duration=2,geq=random(1)*255:128:128";
    let options = ["-nostdin", "-v", "error", "-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast"];
    let quality = ["-qp", "0", "-pix_fmt", "yuv420p", "-g", "15", "-bf", "0", "-f", "h264"];
    assert!(Command::new("ffmpeg").args(options).args(quality).arg(&path).status().unwrap().success());
    path
}
