//! `PictureOrder`: the place of each picture among those around it, as it is shown: its picture order count.

use crate::base::Result;
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;

/// Counts the pictures of a stream out of their slice headers.
#[derive(Debug)]
pub(crate) enum PictureOrder {
    H264(avc::order::Counter),
    H265(hevc::order::Counter),
}

/// Where a picture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// All that was decoded before it is shown before it and what follows; counts begin anew.
    pub restarts: bool,
    /// PicOrderCnt: ascending as pictures are shown, up to the next one that restarts.
    pub count: i64,
    /// It cannot be decoded, whatever a decoder knows: a RASL picture of where decoding begins.
    pub(crate) is_lost: bool,
}

impl PictureOrder {
    /// At the start of a stream.
    pub(crate) fn new(codec: Codec) -> Self {
        match codec {
            Codec::H264 => Self::H264(Default::default()),
            Codec::H265 => Self::H265(Default::default()),
        }
    }

    /// Takes a parameter set.
    pub(crate) fn learn(&mut self, nal: &[u8]) {
        match self {
            Self::H264(counter) => counter.learn(nal),
            Self::H265(counter) => counter.learn(nal),
        }
    }

    /// Counts the next picture in decoding order; this is its first slice, and behind it a sequence may end.
    pub(crate) fn count(&mut self, slice: &[u8], ends_sequence: bool) -> Result<Count> {
        match self {
            // What follows is an IDR picture, which says all there is to say.
            Self::H264(counter) => counter.count(slice),
            Self::H265(counter) => counter.count(slice, ends_sequence),
        }
    }
}
