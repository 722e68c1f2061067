//! `SliceHead`: the part of an H.264 slice header that tells pictures apart (ISO/IEC 14496-10 7.3.3).

use crate::base::{Error, Kind, Result};
use crate::media::avc::{bits, unit, unit_type};
use crate::media::nal::Bits;
use h264_reader::nal::sps::{FrameMbsFlags, PicOrderCntType, SeqParameterSet};

/// How every slice header begins; to be read without parameter sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SliceStart {
    pub(crate) first_mb: u32,
    pub(crate) slice_type: u32,
    pub(crate) pps_id: u8,
}

impl SliceStart {
    /// Reads the three codes of 4 to 10 bytes at most.
    pub(crate) fn parse(nal: &[u8]) -> Result<Self> {
        let mut bits = bits(nal);
        Ok(Self {
            first_mb: bits.ue("first_mb_in_slice")?,
            slice_type: bits.ue_to(9, "slice_type")?,
            pps_id: bits.ue_to(255, "pic_parameter_set_id")? as u8,
        })
    }

    /// The slice predicts from two lists of pictures (table 7-6).
    pub(crate) fn is_b(&self) -> bool {
        matches!(self.slice_type, 1 | 6)
    }
}

/// Which of the two fields of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Top,
    Bottom,
}

/// All that 7.4.1.2.4 compares: two slices are of one primary coded picture exactly when their heads are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SliceHead {
    pub(crate) is_reference: bool,
    pub(crate) pps_id: u8,
    pub(crate) frame_num: u32,
    /// `None` for a frame, MBAFF or not.
    pub(crate) field: Option<Field>,
    /// idr_pic_id of an IDR picture.
    pub(crate) idr: Option<u32>,
    /// pic_order_cnt_lsb and delta_pic_order_cnt_bottom, or the two delta_pic_order_cnt; 0 where absent.
    pub(crate) order: [i64; 2],
}

impl SliceHead {
    /// Reads the head of a slice whose parameter sets are known: the SPS, and of the PPS its
    /// bottom_field_pic_order_in_frame_present_flag.
    pub(crate) fn parse(nal: &[u8], sps: &SeqParameterSet, pps_has_bottom_order: bool) -> Result<Self> {
        Self::read(nal, &mut bits(nal), sps, pps_has_bottom_order)
    }

    /// The same out of the slice's bits, so that the caller may read on behind it.
    pub(crate) fn read(
        nal: &[u8],
        bits: &mut Bits<'_>,
        sps: &SeqParameterSet,
        pps_has_bottom_order: bool,
    ) -> Result<Self> {
        let header = nal.first().ok_or_else(|| Error::new(Kind::Camera, "an empty NAL unit"))?;
        bits.ue("first_mb_in_slice")?;
        bits.ue("slice_type")?;
        let pps_id = bits.ue_to(255, "pic_parameter_set_id")? as u8;
        if sps.chroma_info.separate_colour_plane_flag {
            bits.skip(2, "colour_plane_id")?;
        }
        let frame_num = bits.number(u32::from(sps.log2_max_frame_num()), "frame_num")?;
        let mut field = None;
        if matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. }) && bits.flag("field_pic_flag")? {
            field = Some(if bits.flag("bottom_field_flag")? { Field::Bottom } else { Field::Top });
        }
        let is_idr = unit_type(nal) == unit::IDR_SLICE;
        let idr = is_idr.then(|| bits.ue("idr_pic_id")).transpose()?;
        let has_bottom_order = pps_has_bottom_order && field.is_none();
        let mut order = [0; 2];
        match sps.pic_order_cnt {
            PicOrderCntType::TypeZero { log2_max_pic_order_cnt_lsb_minus4 } => {
                order[0] = bits.number(u32::from(log2_max_pic_order_cnt_lsb_minus4) + 4, "pic_order_cnt_lsb")?.into();
                if has_bottom_order {
                    order[1] = bits.se("delta_pic_order_cnt_bottom")?.into();
                }
            }
            PicOrderCntType::TypeOne { delta_pic_order_always_zero_flag: false, .. } => {
                order[0] = bits.se("delta_pic_order_cnt[0]")?.into();
                if has_bottom_order {
                    order[1] = bits.se("delta_pic_order_cnt[1]")?.into();
                }
            }
            PicOrderCntType::TypeOne { .. } | PicOrderCntType::TypeTwo => {}
        }
        Ok(Self { is_reference: header & 0x60 != 0, pps_id, frame_num, field, idr, order })
    }

    /// `second` is the other field of the frame whose first field this is (3.30, 3.31: a complementary pair). An IDR
    /// picture may be a first field, never a second one.
    pub(crate) fn is_completed_by(&self, second: &Self) -> bool {
        let opposite = matches!(
            (self.field, second.field),
            (Some(Field::Top), Some(Field::Bottom)) | (Some(Field::Bottom), Some(Field::Top))
        );
        opposite
            && self.frame_num == second.frame_num
            && self.is_reference == second.is_reference
            && second.idr.is_none()
    }
}
