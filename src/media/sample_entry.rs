//! `SampleEntry`: what a decoder must know before the first frame, as an mp4 `stsd` entry.

use bytes::Bytes;

/// A complete `avc1` or `hvc1` box with what was read out of its parameter sets. Two are the same if their bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SampleEntry {
    /// The whole box, size and type included (ISO/IEC 14496-12 8.5.2, 14496-15 5.4.2.1 and 8.4.1).
    pub data: Bytes,
    /// Width after cropping, in pixels.
    pub width: u16,
    /// Height after cropping, in pixels.
    pub height: u16,
    /// Shape of a pixel, horizontal : vertical; (1, 1) when the stream does not say.
    pub pixel_aspect: (u16, u16),
    /// The codec by RFC 6381, such as `avc1.4d401f` or `hvc1.1.6.L93.B0`.
    pub rfc6381_codec: String,
}
