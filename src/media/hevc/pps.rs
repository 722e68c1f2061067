//! `Pps`: what is needed of an H.265 picture parameter set (ISO/IEC 23008-2 7.3.2.3).

use crate::base::Result;

/// The fields that slices and the sample entry need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pps {
    pub(crate) id: u8,
    pub(crate) sps_id: u8,
    /// pic_output_flag stands behind slice_type.
    pub(crate) has_output_flag: bool,
    /// Bits of a slice segment header before its slice_type.
    pub(crate) extra_slice_header_bits: u8,
    has_tiles: bool,
    has_wavefronts: bool,
}

impl Pps {
    /// Reads a PPS of the base layer.
    pub(crate) fn parse(nal: &[u8]) -> Result<Self> {
        let mut bits = super::bits(nal);
        let id = bits.ue_to(63, "pps_pic_parameter_set_id")? as u8;
        let sps_id = bits.ue_to(15, "pps_seq_parameter_set_id")? as u8;
        bits.skip(1, "dependent_slice_segments_enabled_flag")?;
        let has_output_flag = bits.flag("output_flag_present_flag")?;
        let extra_slice_header_bits = bits.number(3, "num_extra_slice_header_bits")? as u8;
        bits.skip(2, "sign_data_hiding_enabled_flag, cabac_init_present_flag")?;
        bits.ue("num_ref_idx_l0_default_active_minus1")?;
        bits.ue("num_ref_idx_l1_default_active_minus1")?;
        bits.se("init_qp_minus26")?;
        bits.skip(2, "constrained_intra_pred_flag, transform_skip_enabled_flag")?;
        if bits.flag("cu_qp_delta_enabled_flag")? {
            bits.ue("diff_cu_qp_delta_depth")?;
        }
        bits.se("pps_cb_qp_offset")?;
        bits.se("pps_cr_qp_offset")?;
        bits.skip(4, "chroma offsets, weighted prediction and transquant bypass")?;
        let has_tiles = bits.flag("tiles_enabled_flag")?;
        let has_wavefronts = bits.flag("entropy_coding_sync_enabled_flag")?;
        Ok(Self { id, sps_id, has_output_flag, extra_slice_header_bits, has_tiles, has_wavefronts })
    }

    /// parallelismType of the decoder configuration (ISO/IEC 14496-15 8.3.3.1.3).
    pub(crate) fn parallelism_type(&self) -> u8 {
        match (self.has_wavefronts, self.has_tiles) {
            (true, true) => 0,
            (true, false) => 3,
            (false, true) => 2,
            (false, false) => 1,
        }
    }
}
