//! `Sps`: what a sample entry tells of an H.265 sequence parameter set (ISO/IEC 23008-2 7.3.2.2).

use crate::base::{Error, Kind, Result};
use crate::media::hevc::vui;
use crate::media::nal::Bits;
use crate::media::sample_entry::dimension;

/// The fields that a sample entry or a reader of slices needs.
#[derive(Clone, Debug)]
pub(crate) struct Sps {
    pub(crate) id: u8,
    pub(crate) vps_id: u8,
    /// profile_tier_level from general_profile_space to general_level_idc, as the record repeats it.
    pub(crate) profile: [u8; 12],
    /// 1 to 7.
    pub(crate) sub_layers: u8,
    pub(crate) is_temporal_id_nested: bool,
    pub(crate) chroma_format_idc: u8,
    pub(crate) has_separate_planes: bool,
    /// After cropping.
    pub(crate) width: u16,
    /// After cropping.
    pub(crate) height: u16,
    pub(crate) bit_depth_luma_minus8: u8,
    pub(crate) bit_depth_chroma_minus8: u8,
    /// Bits of slice_pic_order_cnt_lsb: log2_max_pic_order_cnt_lsb, 4 to 16.
    pub(crate) log2_max_order: u32,
    /// By how many places pictures may move between decoding and showing: sps_max_num_reorder_pics.
    pub(crate) reorder_depth: usize,
    /// (1, 1) when it is not told.
    pub(crate) pixel_aspect: (u16, u16),
    /// As vui_time_scale and vui_num_units_in_tick tell it.
    pub(crate) pictures_per_second: Option<f64>,
    /// 0 when nothing is promised, at most 4095.
    pub(crate) min_spatial_segmentation: u16,
}

impl Sps {
    /// Reads an SPS of the base layer. What follows the size and depth of the pictures only gives the shape of a pixel
    /// and a hint to parallel decoders; where it makes no sense it counts as not told, and the film is recorded.
    pub(crate) fn parse(nal: &[u8]) -> Result<Self> {
        let mut bits = super::bits(nal);
        let mut sps = Self::parse_pictures(&mut bits).map_err(|e| e.on("H.265 SPS"))?;
        let hints = vui::parse(&mut bits, sps.sub_layers, sps.log2_max_order);
        sps.pixel_aspect = hints.pixel_aspect;
        sps.min_spatial_segmentation = hints.min_spatial_segmentation;
        sps.pictures_per_second = hints.pictures_per_second;
        Ok(sps)
    }

    /// Up to the sub-layers' orders.
    fn parse_pictures(bits: &mut Bits<'_>) -> Result<Self> {
        let vps_id = bits.number(4, "sps_video_parameter_set_id")? as u8;
        let sub_layers = bits.number(3, "sps_max_sub_layers_minus1")? as u8 + 1;
        let is_temporal_id_nested = bits.flag("sps_temporal_id_nesting_flag")?;
        let mut profile = [0; 12];
        for byte in &mut profile {
            *byte = bits.number(8, "profile_tier_level")? as u8;
        }
        skip_sub_layer_profiles(bits, sub_layers - 1)?;
        let id = bits.ue_to(15, "sps_seq_parameter_set_id")? as u8;
        let chroma_format_idc = bits.ue_to(3, "chroma_format_idc")? as u8;
        let has_separate_planes = chroma_format_idc == 3 && bits.flag("separate_colour_plane_flag")?;
        let (width, height) = size(bits, chroma_format_idc)?;
        let bit_depth_luma_minus8 = bits.ue_to(7, "bit_depth_luma_minus8")? as u8;
        let bit_depth_chroma_minus8 = bits.ue_to(7, "bit_depth_chroma_minus8")? as u8;
        let log2_max_order = bits.ue_to(12, "log2_max_pic_order_cnt_lsb_minus4")? + 4;
        let orders = if bits.flag("sps_sub_layer_ordering_info_present_flag")? { sub_layers } else { 1 };
        let mut reorder_depth = 0;
        for _ in 0..orders {
            bits.ue("sps_max_dec_pic_buffering_minus1")?;
            reorder_depth = bits.ue("sps_max_num_reorder_pics")? as usize;
            bits.ue("sps_max_latency_increase_plus1")?;
        }
        Ok(Self {
            id,
            vps_id,
            profile,
            sub_layers,
            is_temporal_id_nested,
            chroma_format_idc,
            has_separate_planes,
            width,
            height,
            bit_depth_luma_minus8,
            bit_depth_chroma_minus8,
            log2_max_order,
            reorder_depth,
            pixel_aspect: (1, 1),
            min_spatial_segmentation: 0,
            pictures_per_second: None,
        })
    }
}

/// The rest of profile_tier_level (7.3.3) behind general_level_idc.
fn skip_sub_layer_profiles(bits: &mut Bits<'_>, count: u8) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let mut length = 0;
    for _ in 0..count {
        length += if bits.flag("sub_layer_profile_present_flag")? { 88 } else { 0 };
        length += if bits.flag("sub_layer_level_present_flag")? { 8 } else { 0 };
    }
    bits.skip(2 * (8 - u32::from(count)), "reserved_zero_2bits")?;
    bits.skip(length, "sub-layer profiles")
}

/// Width and height less the conformance window, whose offsets count chroma samples.
fn size(bits: &mut Bits<'_>, chroma_format_idc: u8) -> Result<(u16, u16)> {
    let mut width = bits.ue("pic_width_in_luma_samples")?;
    let mut height = bits.ue("pic_height_in_luma_samples")?;
    if bits.flag("conformance_window_flag")? {
        let (step_x, step_y) = match chroma_format_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        for (side, step) in [(&mut width, step_x), (&mut height, step_y)] {
            for _ in 0..2 {
                let offset = bits.ue("conf_win_offset")?;
                let cropped = offset.checked_mul(step).and_then(|offset| side.checked_sub(offset));
                *side = cropped.ok_or_else(|| Error::new(Kind::Camera, "cropping takes more than the picture"))?;
            }
        }
    }
    Ok((dimension(width)?, dimension(height)?))
}
