//! Clips that x264, x265 and FFmpeg make for these tests, once a run of the test program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A place for clips that goes away with it.
pub(crate) struct Clips(TempDir);

impl Clips {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A raw clip of a moving test picture, as FFmpeg names its size and pixel format.
    pub(crate) fn raw(&self, size: &str, pixels: &str) -> PathBuf {
        let path = self.0.path().join(format!("{size}-{pixels}.y4m"));
        if !path.exists() {
            let source = format!("testsrc2=size={size}:rate=25:duration=2");
            let out = path.to_str().expect("a path in UTF-8");
            run("ffmpeg", &["-v", "error", "-f", "lavfi", "-i", &source, "-pix_fmt", pixels, "-strict", "-1", out]);
        }
        path
    }

    /// What an encoder makes of a raw clip: its Annex B byte stream.
    pub(crate) fn encode(&self, name: &str, encoder: &str, raw: &Path, options: &str) -> Vec<u8> {
        let out = self.0.path().join(format!("{name}.bin"));
        let [raw, out] = [raw, &out].map(|path| path.to_str().expect("a path in UTF-8"));
        let mut arguments: Vec<&str> = options.split_whitespace().collect();
        match encoder {
            "x264" => arguments.extend(["--preset", "veryfast", "--demuxer", "y4m", "--muxer", "raw", "-o", out, raw]),
            _ => arguments.extend(["--preset", "ultrafast", "--input", raw, "--output", out]),
        }
        run(encoder, &arguments);
        fs::read(out).expect("the encoder's output")
    }

    /// A stream as a file.
    pub(crate) fn keep(&self, name: &str, stream: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, stream).expect("room for a clip");
        path
    }

    /// What FFmpeg makes of a byte stream when it copies it into an mp4 file.
    pub(crate) fn remux(&self, name: &str, format: &str, stream: &[u8]) -> PathBuf {
        let [from, to] = ["stream", "mp4"].map(|end| self.0.path().join(format!("{name}.{end}")));
        fs::write(&from, stream).expect("room for a clip");
        let [input, output] = [&from, &to].map(|path| path.to_str().expect("a path in UTF-8"));
        let tag = if format == "hevc" { "hvc1" } else { "avc1" };
        run("ffmpeg", &["-v", "fatal", "-f", format, "-i", input, "-c", "copy", "-tag:v", tag, "-y", output]);
        to
    }

    /// How many key frames and how many B pictures FFmpeg's decoder sees in a byte stream that was remuxed.
    pub(crate) fn key_and_b_pictures(&self, name: &str, format: &str) -> [usize; 2] {
        let path = self.0.path().join(format!("{name}.stream"));
        let input = path.to_str().expect("a path in UTF-8");
        let show = ["-show_entries", "frame=key_frame,pict_type", "-of", "csv=p=0"];
        let frames = run("ffprobe", &[&["-v", "fatal", "-f", format], &show[..], &[input]].concat());
        let count = |is: fn(&str) -> bool| frames.lines().filter(|line| line.split(',').any(is)).count();
        [count(|field| field == "1"), count(|field| field == "B")]
    }
}

/// Runs a program to its end and gives its standard output. One that hangs (x265 does, on options that it refuses)
/// fails after a minute.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("timeout").args(["60", program]).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{program} could not be started: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}
