//! What a GStreamer camera sent, by its own log, to hold what was recorded against it.

use serde::Deserialize;
use std::path::Path;

/// An access unit that left the encoder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sent {
    /// The stream's name.
    pub(crate) stream: String,
    /// Counts how often the stream was started anew.
    pub(crate) media: u32,
    /// Presentation time in ns.
    pub(crate) pts: u64,
    /// It can be decoded without any other.
    pub(crate) key: bool,
    /// The start of the SHA-256 of its slices, each behind its length in four bytes.
    #[serde(rename = "sha256", deserialize_with = "start_of")]
    pub(crate) slices: String,
}

/// All that `stream` sent so far.
pub(crate) fn sent(log: &Path, stream: &str) -> Vec<Sent> {
    let text = std::fs::read_to_string(log).unwrap();
    // The last line may be half written.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let all = whole.lines().map(|line| serde_json::from_str::<Sent>(line).unwrap());
    let mut sent: Vec<Sent> = all.filter(|s| s.stream == stream).collect();
    // The server shows a picture that waited for PLAY to the log twice, and sends it once.
    sent.dedup_by(|a, b| a.media == b.media && a.pts == b.pts);
    sent
}

fn start_of<'de, D: serde::Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let mut hash = String::deserialize(source)?;
    hash.truncate(16);
    Ok(hash)
}
