//! Whether an H.264 picture makes decoders forget all pictures before it (ISO/IEC 14496-10 7.3.3, 7.3.3.3).

use crate::base::{Error, Kind, Result};
use crate::media::avc::pps::Prediction;
use crate::media::nal::Bits;
use h264_reader::nal::sps::{ChromaFormat, SeqParameterSet};

/// What is known of a slice by the time its order counts were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    /// slice_type (table 7-6).
    pub(crate) slice_type: u32,
    pub(crate) is_idr: bool,
    pub(crate) is_reference: bool,
}

/// memory_management_control_operation 5 is among its orders: it is counted anew from this picture on, as from an IDR.
/// Reads on behind the order counts.
pub(crate) fn forgets_all(
    bits: &mut Bits<'_>,
    slice: Slice,
    sps: &SeqParameterSet,
    prediction: &Prediction,
) -> Result<bool> {
    if slice.is_idr || !slice.is_reference {
        return Ok(false);
    }
    let lists = match slice.slice_type % 5 {
        0 | 3 => 1,
        1 => 2,
        _ => 0,
    };
    if prediction.has_redundant_count {
        bits.ue("redundant_pic_cnt")?;
    }
    if lists == 2 {
        bits.skip(1, "direct_spatial_mv_pred_flag")?;
    }
    let mut references = prediction.references;
    if lists > 0 && bits.flag("num_ref_idx_active_override_flag")? {
        for count in &mut references[..lists] {
            *count = bits.ue_to(31, "num_ref_idx_active_minus1")? + 1;
        }
    }
    for _ in 0..lists {
        skip_list_modification(bits)?;
    }
    if lists == 1 && prediction.is_weighted || lists == 2 && prediction.is_weighted_b {
        skip_weights(bits, sps, &references[..lists])?;
    }
    Ok(bits.flag("adaptive_ref_pic_marking_mode_flag")? && reads_a_five(bits)?)
}

/// ref_pic_list_modification (7.3.3.1), of one list.
fn skip_list_modification(bits: &mut Bits<'_>) -> Result<()> {
    if !bits.flag("ref_pic_list_modification_flag")? {
        return Ok(());
    }
    while bits.ue_to(3, "modification_of_pic_nums_idc")? != 3 {
        bits.ue("abs_diff_pic_num_minus1 or long_term_pic_num")?;
    }
    Ok(())
}

/// pred_weight_table (7.3.3.2).
fn skip_weights(bits: &mut Bits<'_>, sps: &SeqParameterSet, references: &[u32]) -> Result<()> {
    let chroma = &sps.chroma_info;
    let has_chroma = !chroma.separate_colour_plane_flag && chroma.chroma_format != ChromaFormat::Monochrome;
    let planes: &[u32] = if has_chroma { &[1, 2] } else { &[1] };
    for _ in planes {
        bits.ue("weight_denom")?;
    }
    for _ in 0..references.iter().sum() {
        for weights in planes {
            if bits.flag("weight_flag")? {
                for _ in 0..2 * weights {
                    bits.se("weight or offset")?;
                }
            }
        }
    }
    Ok(())
}

/// The operations of dec_ref_pic_marking.
fn reads_a_five(bits: &mut Bits<'_>) -> Result<bool> {
    for _ in 0..MOST_OPERATIONS {
        let arguments = match bits.ue_to(6, "memory_management_control_operation")? {
            0 => return Ok(false),
            5 => return Ok(true),
            3 => 2,
            _ => 1,
        };
        for _ in 0..arguments {
            bits.ue("an operation's picture")?;
        }
    }
    Err(Error::new(Kind::Camera, "reference marking without end"))
}

/// Each of at most 32 fields may be named, and a few operations name none.
const MOST_OPERATIONS: u32 = 70;
