//! `Codec`: what the two codings have in common.

use std::fmt;

/// A coding that can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264, ISO/IEC 14496-10.
    H264,
    /// H.265, ISO/IEC 23008-2.
    H265,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        })
    }
}
