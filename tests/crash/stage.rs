//! `Stage`: cameras that come, go, start and stop, so that there is always something half done.

use crate::luck::Luck;
use crate::support::cameras::DemoCamera;
use crate::support::http::ask;
use crate::told::Listing;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::SystemTime;

/// Streams of one simulated camera and the recorder's cameras that show them.
pub(crate) struct Stage {
    rtsp: DemoCamera,
    /// Cameras of the recorder, with whether they are being recorded.
    cameras: Vec<(String, bool)>,
    named: u32,
    /// Cameras, and since when the recorder has said that they are there.
    added: Vec<(String, SystemTime)>,
    going: Vec<Going>,
    /// Cameras that keep [`QUOTA_BYTES`] of each stream.
    small: BTreeSet<String>,
}

/// A camera that was asked to go with its film.
struct Going {
    camera: String,
    asked: SystemTime,
    /// When the recorder said that it is gone. Until then a crash decides.
    gone: Option<SystemTime>,
}

/// How many cameras there are, each with a main and a sub stream.
const CAMERAS: usize = 3;
/// A second or two of film.
const QUOTA_BYTES: u64 = 24_000;

impl Stage {
    pub(crate) fn new() -> Self {
        let rtsp = DemoCamera::start(&["--streams", "2", "--main", "quick.25fps.h264"]);
        Self { rtsp, cameras: Vec::new(), named: 0, added: Vec::new(), going: Vec::new(), small: BTreeSet::new() }
    }

    /// Adds what is missing. False when the daemon ends meanwhile.
    pub(crate) fn fill(&mut self, server: SocketAddr) -> bool {
        while self.cameras.len() < CAMERAS {
            self.named += 1;
            let main = self.rtsp.url();
            let sub = main.replace("main", "sub");
            // Some may keep so little that the oldest of their film goes all the time.
            let retain = if self.named.is_multiple_of(3) { QUOTA_BYTES.to_string() } else { "null".into() };
            let camera = format!(
                r#"{{"name": "camera {}", "streams": {{"main": {{"source": "{main}", "retainBytes": {retain}}},
                    "sub": {{"source": "{sub}", "retainBytes": {retain}}}}}}}"#,
                self.named
            );
            let Ok(answer) = ask(server, "POST", "/api/cameras", &camera) else { return false };
            assert_eq!(answer.status, 201, "{}", answer.text());
            let camera = answer.json()["uuid"].as_str().unwrap().to_owned();
            self.added.push((camera.clone(), SystemTime::now()));
            if retain != "null" {
                self.small.insert(camera.clone());
            }
            self.cameras.push((camera, true));
        }
        true
    }

    /// After a crash: goes on with the cameras that are there.
    pub(crate) fn go_on(&mut self, found: &Listing) {
        self.was_as_told(found, SystemTime::now(), SystemTime::now());
        let there = found.cameras.keys().filter(|camera| !self.asked_to_go(camera, SystemTime::now()));
        // Whether a stream is recorded may have changed in the last moment: it is asked for anew.
        self.cameras = there.map(|camera| (camera.clone(), true)).collect();
    }

    /// Panics unless the cameras are those that the recorder had told of up to `floor`, give or take what it was asked
    /// between that and `ceiling`.
    pub(crate) fn was_as_told(&self, found: &Listing, floor: SystemTime, ceiling: SystemTime) {
        for (camera, _) in self.added.iter().filter(|(_, added)| *added <= floor) {
            let is_there = found.cameras.contains_key(camera);
            assert!(is_there || self.asked_to_go(camera, ceiling), "camera {camera} is lost");
        }
        for going in self.going.iter().filter(|g| g.gone.is_some_and(|gone| gone <= floor)) {
            assert!(!found.cameras.contains_key(&going.camera), "camera {} is back", going.camera);
        }
    }

    /// It was asked to go before that, whether it went or not.
    pub(crate) fn asked_to_go(&self, camera: &str, ceiling: SystemTime) -> bool {
        self.going.iter().any(|g| g.camera == camera && g.asked <= ceiling)
    }

    /// The recorder may delete the oldest film of this camera by itself.
    pub(crate) fn is_small(&self, camera: &str) -> bool {
        self.small.contains(camera)
    }

    /// How many cameras were asked to go.
    pub(crate) fn removed(&self) -> usize {
        self.going.len()
    }

    /// One change that closes, opens or deletes something. False when the daemon ends meanwhile.
    pub(crate) fn change(&mut self, server: SocketAddr, luck: &mut Luck) -> bool {
        let at = luck.of(0..self.cameras.len() as u64) as usize;
        let path = format!("/api/cameras/{}", self.cameras[at].0);
        if luck.percent(25) {
            let (camera, _) = self.cameras.remove(at);
            self.going.push(Going { camera, asked: SystemTime::now(), gone: None });
            let gone = ask(server, "DELETE", &format!("{path}?deleteFilm=true"), "");
            if !gone.is_ok_and(|answer| answer.status == 204) {
                return false;
            }
            self.going.last_mut().unwrap().gone = Some(SystemTime::now());
            return self.fill(server);
        }
        let record = !self.cameras[at].1;
        let edit = format!(r#"{{"streams": {{"main": {{"record": {record}}}, "sub": {{"record": {record}}}}}}}"#);
        self.cameras[at].1 = record;
        ask(server, "PATCH", &path, &edit).is_ok_and(|answer| answer.status == 200)
    }
}
