//! `Film`: an mp4 on disk, seen through other people's eyes: ffprobe and ffmpeg.

use super::process::run_silently;
use super::sent::slices_sha256;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An mp4 file.
pub(crate) struct Film {
    path: PathBuf,
}

/// A frame of it, as ffprobe tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packet {
    /// Presentation time in 1/90 000 s.
    pub(crate) pts: i64,
    /// When it is decoded, in 1/90 000 s. In fragments ffprobe moves all by the least composition offset, if below 0.
    pub(crate) dts: i64,
    /// How long it is shown, in 1/90 000 s.
    pub(crate) duration: i64,
    /// It can be decoded without any other.
    pub(crate) is_key: bool,
    /// An edit list hides it.
    pub(crate) is_hidden: bool,
    /// See [`slices_sha256`].
    pub(crate) sha256: String,
}

impl Film {
    /// A file that is there.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Keeps `bytes` as a file.
    pub(crate) fn save(path: &Path, bytes: &[u8]) -> Self {
        std::fs::write(path, bytes).unwrap();
        Self { path: path.to_owned() }
    }

    /// Its video frames in decoding order. Panics if ffprobe finds anything to say.
    pub(crate) fn packets(&self) -> Vec<Packet> {
        let bytes = std::fs::read(&self.path).unwrap();
        let is_h265 = self.stream()["codec_name"] == "hevc";
        let shown = self.probe(&["-select_streams", "v:0", "-show_packets"]);
        let packet = |p: &Value| {
            let number = |key: &str| p[key].as_str().and_then(|n| n.parse::<usize>().ok()).unwrap();
            let flags = p["flags"].as_str().unwrap();
            let at = number("pos");
            Packet {
                pts: p["pts"].as_i64().unwrap(),
                dts: p["dts"].as_i64().unwrap(),
                duration: p["duration"].as_i64().unwrap_or(0),
                is_key: flags.contains('K'),
                is_hidden: flags.contains('D'),
                sha256: slices_sha256(&bytes[at..at + number("size")], is_h265),
            }
        };
        shown["packets"].as_array().unwrap().iter().map(packet).collect()
    }

    /// The video track: `codec_name`, `width`, `height`, `duration_ts` and more.
    pub(crate) fn stream(&self) -> Value {
        self.probe(&["-select_streams", "v:0", "-show_streams"])["streams"][0].clone()
    }

    /// Decodes all of it, counting the pictures that are shown. Panics if ffmpeg finds anything to say.
    pub(crate) fn decode(&self) -> usize {
        let said = run_silently(Command::new("ffmpeg").args(["-nostdin", "-v", "error", "-i"]).arg(&self.path).args([
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            "-f",
            "framecrc",
            "-",
        ]));
        said.lines().filter(|line| !line.starts_with('#')).count()
    }

    fn probe(&self, what: &[&str]) -> Value {
        let said =
            run_silently(Command::new("ffprobe").args(["-v", "warning", "-of", "json"]).args(what).arg(&self.path));
        serde_json::from_str(&said).unwrap()
    }
}
