//! `Hints`: what is told late in an H.265 SPS, behind much that must be passed over (ISO/IEC 23008-2 7.3.2.2, annex E).

use crate::base::Result;
use crate::media::nal::Bits;
use crate::media::sample_entry::{SAMPLE_ASPECT_RATIOS, frame_rate, reduced};

/// What the sample entry takes from the video usability information.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    /// (1, 1) when it is not told.
    pub(crate) pixel_aspect: (u16, u16),
    /// 0 when nothing is promised, at most 4095.
    pub(crate) min_spatial_segmentation: u16,
    /// `None` when it is not told, or makes no sense.
    pub(crate) pictures_per_second: Option<f64>,
}

/// Reads on behind the sub-layers' orders. What could not be read is not told.
pub(crate) fn parse(bits: &mut Bits<'_>, sub_layers: u8, log2_max_order: u32) -> Hints {
    let mut hints = Hints { pixel_aspect: (1, 1), min_spatial_segmentation: 0, pictures_per_second: None };
    if let Err(e) = skip_coding_tools(bits, log2_max_order).and_then(|()| parse_vui(bits, sub_layers, &mut hints)) {
        log::debug!("H.265 SPS without usable VUI: {e}");
    }
    hints
}

fn skip_coding_tools(bits: &mut Bits<'_>, log2_max_order: u32) -> Result<()> {
    for field in ["coding block size", "coding block sizes", "transform block size", "transform block sizes"] {
        bits.ue(field)?;
    }
    bits.ue("max_transform_hierarchy_depth_inter")?;
    bits.ue("max_transform_hierarchy_depth_intra")?;
    if bits.flag("scaling_list_enabled_flag")? && bits.flag("sps_scaling_list_data_present_flag")? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2, "amp_enabled_flag, sample_adaptive_offset_enabled_flag")?;
    if bits.flag("pcm_enabled_flag")? {
        bits.skip(8, "pcm_sample_bit_depth")?;
        bits.ue("log2_min_pcm_luma_coding_block_size_minus3")?;
        bits.ue("log2_diff_max_min_pcm_luma_coding_block_size")?;
        bits.skip(1, "pcm_loop_filter_disabled_flag")?;
    }
    skip_short_term_sets(bits)?;
    if bits.flag("long_term_ref_pics_present_flag")? {
        for _ in 0..bits.ue_to(32, "num_long_term_ref_pics_sps")? {
            bits.skip(log2_max_order + 1, "lt_ref_pic_poc_lsb_sps")?;
        }
    }
    bits.skip(2, "sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag")
}

/// scaling_list_data (7.3.4).
fn skip_scaling_lists(bits: &mut Bits<'_>) -> Result<()> {
    for size_id in 0..4 {
        for _ in 0..if size_id == 3 { 2 } else { 6 } {
            if !bits.flag("scaling_list_pred_mode_flag")? {
                bits.ue("scaling_list_pred_matrix_id_delta")?;
                continue;
            }
            let has_dc = size_id > 1;
            let coefficients = 64.min(1 << (4 + 2 * size_id));
            for _ in 0..coefficients + u32::from(has_dc) {
                bits.se("scaling_list_delta_coef")?;
            }
        }
    }
    Ok(())
}

/// The st_ref_pic_set of 7.3.7, for all that the SPS holds.
fn skip_short_term_sets(bits: &mut Bits<'_>) -> Result<()> {
    let mut pictures = 0;
    for index in 0..bits.ue_to(64, "num_short_term_ref_pic_sets")? {
        if index > 0 && bits.flag("inter_ref_pic_set_prediction_flag")? {
            bits.skip(1, "delta_rps_sign")?;
            bits.ue("abs_delta_rps_minus1")?;
            // The set before, less what is not kept, and one more (7-61, 7-62).
            let mut kept = 0;
            for _ in 0..=pictures {
                let is_kept = bits.flag("used_by_curr_pic_flag")? || bits.flag("use_delta_flag")?;
                kept += u32::from(is_kept);
            }
            pictures = kept;
        } else {
            pictures = bits.ue_to(16, "num_negative_pics")? + bits.ue_to(16, "num_positive_pics")?;
            for _ in 0..pictures {
                bits.ue("delta_poc_minus1")?;
                bits.skip(1, "used_by_curr_pic_flag")?;
            }
        }
    }
    Ok(())
}

/// vui_parameters (E.2.1).
fn parse_vui(bits: &mut Bits<'_>, sub_layers: u8, hints: &mut Hints) -> Result<()> {
    if !bits.flag("vui_parameters_present_flag")? {
        return Ok(());
    }
    if bits.flag("aspect_ratio_info_present_flag")? {
        hints.pixel_aspect = parse_aspect(bits)?;
    }
    if bits.flag("overscan_info_present_flag")? {
        bits.skip(1, "overscan_appropriate_flag")?;
    }
    if bits.flag("video_signal_type_present_flag")? {
        bits.skip(4, "video_format, video_full_range_flag")?;
        if bits.flag("colour_description_present_flag")? {
            bits.skip(24, "colour description")?;
        }
    }
    if bits.flag("chroma_loc_info_present_flag")? {
        bits.ue("chroma_sample_loc_type_top_field")?;
        bits.ue("chroma_sample_loc_type_bottom_field")?;
    }
    bits.skip(3, "neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag")?;
    if bits.flag("default_display_window_flag")? {
        for _ in 0..4 {
            bits.ue("def_disp_win_offset")?;
        }
    }
    if bits.flag("vui_timing_info_present_flag")? {
        let units_in_tick = bits.number(32, "vui_num_units_in_tick")?;
        let time_scale = bits.number(32, "vui_time_scale")?;
        hints.pictures_per_second = frame_rate(time_scale, units_in_tick.into());
        if bits.flag("vui_poc_proportional_to_timing_flag")? {
            bits.ue("vui_num_ticks_poc_diff_one_minus1")?;
        }
        if bits.flag("vui_hrd_parameters_present_flag")? {
            skip_hrd(bits, sub_layers)?;
        }
    }
    if bits.flag("bitstream_restriction_flag")? {
        bits.skip(3, "tiles_fixed_structure_flag and two others")?;
        hints.min_spatial_segmentation = bits.ue_to(4095, "min_spatial_segmentation_idc")? as u16;
    }
    Ok(())
}

fn parse_aspect(bits: &mut Bits<'_>) -> Result<(u16, u16)> {
    const EXTENDED_SAR: u32 = 255;
    let aspect = match bits.number(8, "aspect_ratio_idc")? {
        EXTENDED_SAR => (bits.number(16, "sar_width")? as u16, bits.number(16, "sar_height")? as u16),
        idc => SAMPLE_ASPECT_RATIOS.get(idc as usize).copied().unwrap_or((1, 1)),
    };
    Ok(reduced(aspect))
}

/// hrd_parameters (E.2.2), with the common information.
fn skip_hrd(bits: &mut Bits<'_>, sub_layers: u8) -> Result<()> {
    let has_nal = bits.flag("nal_hrd_parameters_present_flag")?;
    let has_vcl = bits.flag("vcl_hrd_parameters_present_flag")?;
    let mut has_sub_pictures = false;
    if has_nal || has_vcl {
        has_sub_pictures = bits.flag("sub_pic_hrd_params_present_flag")?;
        bits.skip(if has_sub_pictures { 19 } else { 0 }, "sub-picture delays")?;
        bits.skip(8, "bit_rate_scale, cpb_size_scale")?;
        bits.skip(if has_sub_pictures { 4 } else { 0 }, "cpb_size_du_scale")?;
        bits.skip(15, "delay lengths")?;
    }
    for _ in 0..sub_layers {
        let is_fixed = bits.flag("fixed_pic_rate_general_flag")? || bits.flag("fixed_pic_rate_within_cvs_flag")?;
        let mut is_low_delay = false;
        if is_fixed {
            bits.ue("elemental_duration_in_tc_minus1")?;
        } else {
            is_low_delay = bits.flag("low_delay_hrd_flag")?;
        }
        let buffers = if is_low_delay { 1 } else { bits.ue_to(31, "cpb_cnt_minus1")? + 1 };
        let codes = if has_sub_pictures { 4 } else { 2 };
        for _ in 0..buffers * (u32::from(has_nal) + u32::from(has_vcl)) {
            for _ in 0..codes {
                bits.ue("bit rates and sizes")?;
            }
            bits.skip(1, "cbr_flag")?;
        }
    }
    Ok(())
}
