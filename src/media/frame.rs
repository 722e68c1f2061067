//! `Frame`: one coded picture, on its way from a camera to the disk and to viewers.

use crate::base::MonoTime;
use crate::media::SampleEntry;
use bytes::Bytes;
use std::sync::Arc;

/// One access unit as a sample of an mp4: what leaves `camera`, and all that `media`, `store` and `live` know of it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Presentation time by the camera's clock, in 1/90 000 s from an origin that stays the same for the session.
    pub pts_90k: i64,
    /// When its last byte had arrived, by the recorder's monotonic clock.
    pub arrived: MonoTime,
    /// Decoding can start here: an H.264 IDR, or an H.265 IDR, BLA or CRA picture, with its first slice. A recovery point
    /// SEI is not enough.
    pub is_key: bool,
    /// An H.265 picture that cannot be decoded when decoding starts at the CRA before it (RASL).
    pub is_skipped_leading: bool,
    /// A picture predicted from later ones: presentation and decoding order differ.
    pub is_bidirectional: bool,
    /// NAL units, each behind its length in 4 bytes, big endian; without parameter sets.
    pub data: Bytes,
    /// How to decode it; the same `Arc` until the parameter sets really change.
    pub sample_entry: Arc<SampleEntry>,
    /// Packets known to be lost since the frame before (UDP).
    pub lost_packets: u32,
}
