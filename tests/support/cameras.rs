//! The cameras of the tests: GStreamer's RTSP server, and our own that can misbehave.

use super::process::{Process, run_silently};
use super::sent::{self, Sent};
use super::sockets::unread;
use super::wait::{secs, wait_until};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// GStreamer's RTSP server: see `tests/support/gst_camera.py`.
pub(crate) struct GstCamera {
    /// The server. Dropping it ends it.
    process: Process,
    dir: TempDir,
    urls: BTreeMap<String, String>,
}

impl GstCamera {
    /// Starts it with streams such as `yard:h264:320x180@15` and waits until it serves.
    pub(crate) fn start(streams: &[&str]) -> Self {
        Self::start_with(streams.iter().flat_map(|stream| ["--stream".to_owned(), (*stream).to_owned()]))
    }

    /// Starts it with one stream that shows an Annex B file of H.264, 15 frames a second, over and over.
    pub(crate) fn start_with_clip(name: &str, clip: &Path) -> Self {
        Self::start_with_clips(&[(name, "h264", clip)])
    }

    /// The same with several: name, coding with what is odd about it, such as `h265-inband`, and Annex B file.
    pub(crate) fn start_with_clips(streams: &[(&str, &str, &Path)]) -> Self {
        Self::start_with(streams.iter().flat_map(|(name, coding, clip)| {
            let clip = format!("{name}={}", clip.display());
            ["--stream".to_owned(), format!("{name}:{coding}:320x240@15"), "--clip".to_owned(), clip]
        }))
    }

    fn start_with(arguments: impl IntoIterator<Item = String>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The distribution's Python is the one that knows GStreamer.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(root().join("tests/support/gst_camera.py")).arg("--log").arg(dir.path().join(LOG));
        command.args(arguments);
        let mut process = Process::start("gst_camera.py", &mut command);
        let urls = process.wait_for_line("where it serves", secs(30), |line| {
            line.starts_with('{').then(|| serde_json::from_str(line).unwrap())
        });
        Self { process, dir, urls }
    }

    /// Where a stream is.
    pub(crate) fn url(&self, stream: &str) -> &str {
        &self.urls[stream]
    }

    /// What a stream has sent by now.
    pub(crate) fn sent(&self, stream: &str) -> Vec<Sent> {
        sent::sent(&self.dir.path().join(LOG), stream)
    }

    /// Makes it send nothing more, and waits until `viewer` has read all that was sent.
    pub(crate) fn fall_silent(&mut self, viewer: &Process) {
        self.process.tell("silence");
        self.process.wait_for_line("silent", secs(10), |line| (line == "silent").then_some(()));
        wait_until("what the camera sent is read", secs(10), || (unread(viewer.id()) == 0).then_some(()));
    }
}

/// The log's name in its directory.
const LOG: &str = "sent.jsonl";

/// Our own camera, with faults on request: see `examples/demo_camera`.
pub(crate) struct DemoCamera {
    /// The server. Dropping it ends it.
    process: Process,
    url: String,
}

impl DemoCamera {
    /// Starts it with these arguments on a free port and waits until it serves.
    pub(crate) fn start(args: &[&str]) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_lunette")).with_file_name("examples").join("demo_camera");
        let mut command = Command::new(binary);
        command.arg("--verbose").arg("--clips").arg(clips()).args(args);
        let mut process = Process::start("demo_camera", &mut command);
        let url = process
            .wait_for_line("where it serves", secs(30), |line| line.starts_with("rtsp://").then(|| line.to_owned()));
        Self { process, url }
    }

    /// Where its first main stream is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every line so far: the requests that it was sent.
    pub(crate) fn said(&self) -> Vec<String> {
        self.process.said()
    }
}

/// The directory of the demo camera's clips, made once.
pub(crate) fn clips() -> &'static Path {
    static CLIPS: OnceLock<PathBuf> = OnceLock::new();
    CLIPS.get_or_init(|| {
        run_silently(&mut Command::new(root().join("scripts/make-clip")));
        root().join("target/clips")
    })
}

/// The directory of the package.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
