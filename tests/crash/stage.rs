//! `Stage`: cameras that come, go, start and stop, so that there is always something half done.

use crate::luck::Luck;
use crate::support::cameras::DemoCamera;
use crate::support::http::ask;
use std::net::SocketAddr;

/// Streams of one simulated camera and the recorder's cameras that show them.
pub(crate) struct Stage {
    rtsp: DemoCamera,
    /// Cameras of the recorder, with whether they are being recorded.
    cameras: Vec<(String, bool)>,
    named: u32,
    /// Cameras that were asked to go with their film: whether they do, a crash decides.
    pub(crate) going: Vec<String>,
}

/// How many cameras there are, each with a main and a sub stream.
const CAMERAS: usize = 3;

impl Stage {
    pub(crate) fn new() -> Self {
        let rtsp = DemoCamera::start(&["--streams", "2", "--main", "quick.25fps.h264"]);
        Self { rtsp, cameras: Vec::new(), named: 0, going: Vec::new() }
    }

    /// Adds what is missing. False when the daemon ends meanwhile.
    pub(crate) fn fill(&mut self, server: SocketAddr) -> bool {
        while self.cameras.len() < CAMERAS {
            self.named += 1;
            let main = self.rtsp.url();
            let sub = main.replace("main", "sub");
            let camera = format!(
                r#"{{"name": "camera {}", "streams": {{"main": {{"source": "{main}"}}, "sub": {{"source": "{sub}"}}}}}}"#,
                self.named
            );
            let Ok(answer) = ask(server, "POST", "/api/cameras", &camera) else { return false };
            assert_eq!(answer.status, 201, "{}", answer.text());
            self.cameras.push((answer.json()["uuid"].as_str().unwrap().to_owned(), true));
        }
        true
    }

    /// After a crash: which cameras are there. One that was added when it came may be, or not.
    pub(crate) fn find(&mut self, there: impl IntoIterator<Item = String>) {
        let before = std::mem::take(&mut self.cameras);
        let there: Vec<_> = there.into_iter().collect();
        for (camera, _) in before {
            assert!(there.contains(&camera), "camera {camera} is lost");
        }
        // Whether a stream is recorded may have changed in the last moment: it is asked for anew.
        self.cameras = there.into_iter().filter(|c| !self.going.contains(c)).map(|camera| (camera, true)).collect();
    }

    /// One change that closes, opens or deletes something. False when the daemon ends meanwhile.
    pub(crate) fn change(&mut self, server: SocketAddr, luck: &mut Luck) -> bool {
        let at = luck.of(0..self.cameras.len() as u64) as usize;
        let path = format!("/api/cameras/{}", self.cameras[at].0);
        if luck.percent(25) {
            let (camera, _) = self.cameras.remove(at);
            self.going.push(camera);
            let gone = ask(server, "DELETE", &format!("{path}?deleteFilm=true"), "");
            return gone.is_ok_and(|answer| answer.status == 204) && self.fill(server);
        }
        let record = !self.cameras[at].1;
        let edit = format!(r#"{{"streams": {{"main": {{"record": {record}}}, "sub": {{"record": {record}}}}}}}"#);
        self.cameras[at].1 = record;
        ask(server, "PATCH", &path, &edit).is_ok_and(|answer| answer.status == 200)
    }
}
