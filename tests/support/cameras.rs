//! The cameras of the tests: GStreamer's RTSP server, and our own that can misbehave.

use super::process::{Process, run_silently};
use super::sockets::unread;
use super::wait::{secs, wait_until};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// GStreamer's RTSP server: see `tests/support/gst_camera.py`.
pub(crate) struct GstCamera {
    /// The server. Dropping it ends it.
    process: Process,
    log: PathBuf,
    urls: BTreeMap<String, String>,
}

impl GstCamera {
    /// Starts it with streams such as `yard:h264:320x180@15` and waits until it serves.
    pub(crate) fn start(dir: &Path, streams: &[&str]) -> Self {
        let log = dir.join("sent.jsonl");
        // The distribution's Python is the one that knows GStreamer.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(root().join("tests/support/gst_camera.py")).arg("--log").arg(&log);
        for stream in streams {
            command.args(["--stream", stream]);
        }
        let mut process = Process::start("gst_camera.py", &mut command);
        let urls = process.wait_for_line("where it serves", secs(30), |line| {
            line.starts_with('{').then(|| serde_json::from_str(line).unwrap())
        });
        Self { process, log, urls }
    }

    /// Where a stream is.
    pub(crate) fn url(&self, stream: &str) -> &str {
        &self.urls[stream]
    }

    /// Where it writes down what it sends.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Makes it send nothing more, and waits until `viewer` has read all that was sent.
    pub(crate) fn fall_silent(&mut self, viewer: &Process) {
        self.process.tell("silence");
        self.process.wait_for_line("silent", secs(10), |line| (line == "silent").then_some(()));
        wait_until("what the camera sent is read", secs(10), || (unread(viewer.id()) == 0).then_some(()));
    }
}

/// Our own camera, with faults on request: see `examples/demo_camera`.
pub(crate) struct DemoCamera {
    /// The server. Dropping it ends it.
    _process: Process,
    url: String,
}

impl DemoCamera {
    /// Starts it with these arguments on a free port and waits until it serves.
    pub(crate) fn start(args: &[&str]) -> Self {
        static CLIPS: Once = Once::new();
        CLIPS.call_once(|| {
            run_silently(&mut Command::new(root().join("scripts/make-clip")));
        });
        let binary = Path::new(env!("CARGO_BIN_EXE_lunette")).parent().unwrap().join("examples/demo_camera");
        let clips = root().join("target/clips");
        let mut command = Command::new(binary);
        command.args(["--streams", "1", "--clips"]).arg(clips).args(args);
        let mut process = Process::start("demo_camera", &mut command);
        let url = process
            .wait_for_line("where it serves", secs(30), |line| line.starts_with("rtsp://").then(|| line.to_owned()));
        Self { _process: process, url }
    }

    /// Where its stream is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
