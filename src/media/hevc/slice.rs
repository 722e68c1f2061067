//! `SliceStart`: how an H.265 slice segment header begins (ISO/IEC 23008-2 7.3.6.1).

use crate::base::{Error, Kind, Result};
use crate::media::hevc::pps::Pps;
use crate::media::hevc::sps::Sps;
use crate::media::hevc::{bits, unit, unit_type};
use crate::media::nal::Bits;

/// The fields that are there whatever the parameter sets say.
pub(crate) struct SliceStart<'a> {
    /// It is the first of its picture.
    pub(crate) is_first: bool,
    pub(crate) pps_id: u8,
    rest: Bits<'a>,
}

impl<'a> SliceStart<'a> {
    /// Reads the first bits behind the header.
    pub(crate) fn parse(nal: &'a [u8]) -> Result<Self> {
        let mut bits = bits(nal);
        let is_first = bits.flag("first_slice_segment_in_pic_flag")?;
        if (unit::BLA_W_LP..=unit::RESERVED_IRAP_23).contains(&unit_type(nal)) {
            bits.skip(1, "no_output_of_prior_pics_flag")?;
        }
        let pps_id = bits.ue_to(63, "slice_pic_parameter_set_id")? as u8;
        Ok(Self { is_first, pps_id, rest: bits })
    }

    /// slice_pic_order_cnt_lsb, which IDR pictures leave out because it is 0. An error when the slice segment is not the
    /// first of its picture.
    pub(crate) fn order_lsb(mut self, unit_type: u8, pps: &Pps, sps: &Sps) -> Result<u32> {
        if !self.is_first {
            return Err(Error::new(Kind::Camera, "a picture without its first slice"));
        }
        if matches!(unit_type, unit::IDR_W_RADL | unit::IDR_N_LP) {
            return Ok(0);
        }
        self.rest.skip(u32::from(pps.extra_slice_header_bits), "slice_reserved_flag")?;
        self.rest.ue_to(2, "slice_type")?;
        self.rest.skip(u32::from(pps.has_output_flag), "pic_output_flag")?;
        self.rest.skip(if sps.has_separate_planes { 2 } else { 0 }, "colour_plane_id")?;
        self.rest.number(sps.log2_max_order, "slice_pic_order_cnt_lsb")
    }

    /// slice_type, if the slice segment is the first of its picture. Its PPS tells how many bits come before.
    pub(crate) fn slice_type(mut self, extra_slice_header_bits: u8) -> Result<Option<u32>> {
        if !self.is_first {
            return Ok(None);
        }
        self.rest.skip(u32::from(extra_slice_header_bits), "slice_reserved_flag")?;
        self.rest.ue_to(2, "slice_type").map(Some)
    }
}

/// The slice_type of slices that predict from two lists of pictures (table 7-7).
pub(crate) const B_SLICE: u32 = 0;
