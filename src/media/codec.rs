//! `Codec`: what the two codings have in common.

use crate::base::Result;
use crate::media::avc;
use crate::media::hevc;
use crate::media::picture::{Picture, Pictures};
use std::fmt;

/// A coding that can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264, ISO/IEC 14496-10.
    H264,
    /// H.265, ISO/IEC 23008-2.
    H265,
}

impl Codec {
    /// What kind of picture a length-prefixed sample holds, as far as it can be told without parameter sets:
    /// a B slice counts as reordered. Where there is a sample entry, [`Pictures`] knows better.
    pub fn picture(self, sample: &[u8]) -> Result<Picture> {
        Pictures::without_parameter_sets(self).look(sample)
    }

    /// The type of a NAL unit.
    pub(crate) fn unit_type(self, nal: &[u8]) -> u8 {
        match self {
            Self::H264 => avc::unit_type(nal),
            Self::H265 => hevc::unit_type(nal),
        }
    }

    /// The slice is of a picture at which decoding can start.
    pub(crate) fn is_key(self, slice: &[u8]) -> bool {
        match self {
            Self::H264 => avc::unit_type(slice) == avc::unit::IDR_SLICE,
            Self::H265 => (hevc::unit::BLA_W_LP..=hevc::unit::CRA).contains(&hevc::unit_type(slice)),
        }
    }

    /// The picture parameter set that a slice names.
    pub(crate) fn pps_id(self, slice: &[u8]) -> Result<u8> {
        Ok(match self {
            Self::H264 => avc::slice::SliceStart::parse(slice)?.pps_id,
            Self::H265 => hevc::slice::SliceStart::parse(slice)?.pps_id,
        })
    }

    /// The NAL unit begins with a slice header of the base layer.
    pub(crate) fn is_slice(self, nal: &[u8]) -> bool {
        match self {
            Self::H264 => avc::is_slice(nal),
            Self::H265 => hevc::is_slice(nal),
        }
    }

    /// What follows the NAL unit refers to nothing before it, and is counted anew.
    pub(crate) fn ends_sequence(self, nal: &[u8]) -> bool {
        self == Self::H265 && matches!(hevc::unit_type(nal), hevc::unit::END_OF_SEQUENCE | hevc::unit::END_OF_STREAM)
    }

    /// The NAL unit is told to the decoder in the sample entry, not in a sample.
    pub(crate) fn is_parameter_set(self, nal: &[u8]) -> bool {
        match self {
            Self::H264 => avc::is_parameter_set(nal),
            Self::H265 => hevc::is_parameter_set(nal),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        })
    }
}
