//! `Cinema`: numbered clips, imported into a recorder that shows them.

use crate::support::daemon::{Daemon, Home, NewCamera};
use crate::support::http::Answer;
use crate::support::numbers::Numbered;
use std::ops::Range;
use std::path::PathBuf;

/// A running recorder with film of one camera.
pub(crate) struct Cinema {
    pub(crate) home: Home,
    pub(crate) daemon: Daemon,
}

/// 2026-03-01T12:00:00Z. Tests count 90 kHz units from here.
pub(crate) const NOON: i64 = 1_772_366_400 * 90_000;
pub(crate) const SECOND: i64 = 90_000;

/// Its only camera.
pub(crate) const CAMERA: &str = "porch";

impl Cinema {
    /// Takes clips in, each with the time of its first picture, in units after noon. Each is a run in an opening of the
    /// store of its own, as after a reboot.
    pub(crate) fn with(clips: &[(Numbered, i64)]) -> Self {
        let clips: Vec<_> = clips.iter().map(|(clip, start)| (clip.path(), clip.fps(), *start)).collect();
        Self::with_files(&clips)
    }

    /// Takes raw streams in: where they are, their pictures per second, and their start in units after noon.
    pub(crate) fn with_files(files: &[(PathBuf, f64, i64)]) -> Self {
        let home = Home::new();
        home.add_camera(NewCamera { name: CAMERA, url: "rtsp://127.0.0.1:1/", ..Default::default() });
        home.expect(&["camera", "edit", CAMERA, "--record", "false"]);
        for (path, fps, start) in files {
            let (start, fps) = ((NOON + start).to_string(), fps.to_string());
            let path = path.to_str().unwrap();
            home.expect(&["import", path, "--camera", CAMERA, "--start", &start, "--fps", &fps]);
        }
        let daemon = home.start();
        Self { home, daemon }
    }

    /// `view.mp4` of a span, in units after noon, kept as a file.
    pub(crate) fn span(&self, span: Range<i64>, more: &str) -> PathBuf {
        self.film(&format!("start90k={}&end90k={}{more}", NOON + span.start, NOON + span.end))
    }

    /// `view.mp4?query`, kept as a file.
    pub(crate) fn film(&self, query: &str) -> PathBuf {
        self.keep("view.mp4", &self.get(&format!("view.mp4?{query}")).body)
    }

    /// `view.m4s?query` behind its initialisation segment, kept as a file.
    pub(crate) fn fragments(&self, query: &str) -> PathBuf {
        let segment = self.get(&format!("view.m4s?{query}"));
        let init = self.daemon.get(&format!("/api/init/{}.mp4", segment.header("x-video-sample-entry-id")));
        self.keep("fragments.mp4", &[init.body, segment.body].concat())
    }

    fn get(&self, resource: &str) -> Answer {
        let answer = self.daemon.get(&self.daemon.main_stream(CAMERA, resource));
        assert_eq!(answer.status, 200, "{resource}: {}", answer.text());
        answer
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Why there is no film of a span: status and detail.
    pub(crate) fn refusal(&self, span: Range<i64>) -> (u16, String) {
        let query = format!("view.mp4?start90k={}&end90k={}", NOON + span.start, NOON + span.end);
        let answer = self.daemon.get(&self.daemon.main_stream(CAMERA, &query));
        (answer.status, answer.json()["detail"].as_str().unwrap().to_owned())
    }

    /// The wall times of its recordings in units after noon.
    pub(crate) fn recordings(&self) -> Vec<Range<i64>> {
        let listed = self.daemon.recordings(CAMERA);
        let time = |r: &serde_json::Value, key: &str| r[key].as_i64().unwrap() - NOON;
        listed.iter().map(|r| time(r, "startTime90k")..time(r, "endTime90k")).collect()
    }
}
