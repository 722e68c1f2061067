//! `GstCamera` and `DemoCamera`: servers to watch, ended with the test.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

/// GStreamer's RTSP server: see `tests/support/gst_camera.py`.
pub(crate) struct GstCamera {
    process: Child,
    urls: BTreeMap<String, String>,
    directory: TempDir,
}

/// An access unit that left GStreamer's encoder.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    stream: String,
    /// Presentation time in ns.
    pub(crate) pts: i64,
    pub(crate) key: bool,
    /// SHA-256 of its slices, each behind its length.
    pub(crate) sha256: String,
}

impl GstCamera {
    /// Starts it with streams such as `yard:h264:320x180@15` and waits until it serves.
    pub(crate) async fn start(streams: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command.arg(root().join("tests/support/gst_camera.py")).arg("--log").arg(directory.path().join("log"));
        for stream in streams {
            command.args(["--stream", stream]);
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let line = first_line(&mut process).await;
        Self { process, urls: serde_json::from_str(&line).unwrap(), directory }
    }

    pub(crate) fn url(&self, stream: &str) -> &str {
        &self.urls[stream]
    }

    /// What a stream has sent by now.
    pub(crate) fn sent(&self, stream: &str) -> Vec<Sent> {
        let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap();
        let whole_lines = log.rsplit_once('\n').map_or("", |(lines, _)| lines).lines();
        let all = whole_lines.map(|line| serde_json::from_str::<Sent>(line).unwrap());
        all.filter(|sent| sent.stream == stream).collect()
    }

    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }
}

/// Our own camera: see `examples/demo_camera`.
pub(crate) struct DemoCamera {
    /// The main stream's address.
    pub(crate) url: String,
    told: Lines<BufReader<ChildStderr>>,
    _process: Child,
}

impl DemoCamera {
    /// Starts it with these arguments and waits until it serves.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_lunette")).with_file_name("examples").join("demo_camera");
        let mut command = Command::new(binary);
        command.arg("--clips").arg(clips()).arg("--verbose").args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the demo camera is built: cargo build --example demo_camera");
        let told = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { url: first_line(&mut process).await, told, _process: process }
    }

    /// Waits until it tells of a request, such as `TEARDOWN`.
    pub(crate) async fn asked(&mut self, method: &str) {
        let asked = async {
            while let Some(line) = self.told.next_line().await.unwrap() {
                if line.contains(method) {
                    return;
                }
            }
            panic!("the demo camera has ended");
        };
        timeout(Duration::from_secs(5), asked).await.unwrap_or_else(|_| panic!("{method} did not come"));
    }
}

/// The directory of the demo camera's clips, made once.
pub(crate) fn clips() -> &'static Path {
    static CLIPS: OnceLock<PathBuf> = OnceLock::new();
    CLIPS.get_or_init(|| {
        let directory = root().join("target/clips");
        let made = Blocking::new(root().join("scripts/make-clip")).arg(&directory).status().unwrap();
        assert!(made.success(), "scripts/make-clip");
        directory
    })
}

async fn first_line(process: &mut Child) -> String {
    let mut lines: Lines<BufReader<ChildStdout>> = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(30), lines.next_line()).await.expect("it serves within 30 s");
    // Its output stays open, or its next line would be its end.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    line.unwrap().expect("it serves")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
