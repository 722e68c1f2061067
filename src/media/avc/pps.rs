//! `Pps`: what is needed of an H.264 picture parameter set (ISO/IEC 14496-10 7.3.2.2).

use crate::base::Result;
use crate::media::avc::bits;
use crate::media::nal::Bits;

/// The fields that slice headers need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pps {
    pub(crate) sps_id: u8,
    /// bottom_field_pic_order_in_frame_present_flag.
    pub(crate) has_bottom_order: bool,
    /// `None` where they could not be read, and with slice groups, which no camera has.
    pub(crate) prediction: Option<Prediction>,
}

/// What a slice header depends on behind its picture order counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prediction {
    /// How many pictures each list has, where a slice does not say so.
    pub(crate) references: [u32; 2],
    /// P slices have weights.
    pub(crate) is_weighted: bool,
    /// B slices have weights: weighted_bipred_idc is 1.
    pub(crate) is_weighted_b: bool,
    /// redundant_pic_cnt_present_flag.
    pub(crate) has_redundant_count: bool,
}

impl Pps {
    /// Its id, and what it says.
    pub(crate) fn parse(nal: &[u8]) -> Result<(u8, Self)> {
        let mut bits = bits(nal);
        let id = bits.ue_to(255, "pic_parameter_set_id")? as u8;
        let sps_id = bits.ue_to(31, "seq_parameter_set_id")? as u8;
        bits.skip(1, "entropy_coding_mode_flag")?;
        let has_bottom_order = bits.flag("bottom_field_pic_order_in_frame_present_flag")?;
        Ok((id, Self { sps_id, has_bottom_order, prediction: Prediction::parse(&mut bits).ok() }))
    }
}

impl Prediction {
    fn parse(bits: &mut Bits<'_>) -> Result<Self> {
        bits.ue_to(0, "num_slice_groups_minus1")?;
        let references = [
            bits.ue_to(31, "num_ref_idx_l0_default_active_minus1")? + 1,
            bits.ue_to(31, "num_ref_idx_l1_default_active_minus1")? + 1,
        ];
        let is_weighted = bits.flag("weighted_pred_flag")?;
        let is_weighted_b = bits.number(2, "weighted_bipred_idc")? == 1;
        for field in ["pic_init_qp_minus26", "pic_init_qs_minus26", "chroma_qp_index_offset"] {
            bits.se(field)?;
        }
        bits.skip(2, "deblocking_filter_control_present_flag, constrained_intra_pred_flag")?;
        let has_redundant_count = bits.flag("redundant_pic_cnt_present_flag")?;
        Ok(Self { references, is_weighted, is_weighted_b, has_redundant_count })
    }
}
