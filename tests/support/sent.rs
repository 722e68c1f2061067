//! What a GStreamer camera sent, by its own log, to hold what came or was recorded against it.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::Path;

/// An access unit that left the encoder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sent {
    /// The stream's name.
    pub(crate) stream: String,
    /// Counts how often the stream was started anew.
    pub(crate) media: u32,
    /// Presentation time in ns.
    pub(crate) pts: i64,
    /// It can be decoded without any other.
    pub(crate) key: bool,
    /// See [`slices_sha256`].
    pub(crate) sha256: String,
}

/// All that `stream` has sent by now.
pub(super) fn sent(log: &Path, stream: &str) -> Vec<Sent> {
    let text = std::fs::read_to_string(log).unwrap();
    // The last line may be half written.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let all = whole.lines().map(|line| serde_json::from_str::<Sent>(line).unwrap());
    let mut sent: Vec<Sent> = all.filter(|s| s.stream == stream).collect();
    // The server shows a picture that waited for PLAY to the log twice, and sends it once.
    sent.dedup_by(|a, b| a.media == b.media && a.pts == b.pts);
    sent
}

/// Hashes the slices of a length-prefixed sample, each behind its length. Parameter sets, SEI and delimiters do not
/// count, because a recorder may move them, nor do zeros after a slice: GStreamer's H.265 packets end in one.
pub(crate) fn slices_sha256(mut sample: &[u8], is_h265: bool) -> String {
    let mut hash = Sha256::new();
    while let Some((length, rest)) = sample.split_first_chunk::<4>() {
        let (nal, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let is_slice = if is_h265 { nal[0] >> 1 & 0x3f < 32 } else { matches!(nal[0] & 0x1f, 1..=5) };
        if is_slice {
            let end = nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            hash.update((end as u32).to_be_bytes());
            hash.update(&nal[..end]);
        }
        sample = rest;
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
