//! What a sample entry tells of an H.264 sequence parameter set, read by h264-reader.

use crate::base::{Error, Kind, Result};
use crate::media::sample_entry::{dimension, frame_rate, reduced};
use h264_reader::nal::sps::{ChromaFormat, PicOrderCntType, SeqParameterSet};
use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader, Integer, Primitive};

/// Reads an SPS with its header, and is milder than the standard where cameras are known to err:
/// some state a level too low for their size or their buffers, some leave bytes behind the end.
pub(crate) fn parse(nal: &[u8]) -> Result<SeqParameterSet> {
    let mut nal = nal.to_vec();
    if let Some(level) = nal.get_mut(3) {
        *level = HIGHEST_LEVEL;
    }
    let bits = Mild(BitReader::new(ByteReader::skipping_h264_header(&nal[..])));
    SeqParameterSet::from_bits(bits).map_err(|e| Error::new(Kind::Camera, format!("H.264 SPS: {e:?}")))
}

/// Level 6.2, whose limits hold every other level's.
const HIGHEST_LEVEL: u8 = 62;

/// profile_idc, the constraint flags, level_idc.
pub(crate) fn profile_bytes(nal: &[u8]) -> Result<[u8; 3]> {
    let bytes = nal.get(1..).and_then(|payload| payload.first_chunk());
    bytes.copied().ok_or_else(|| Error::new(Kind::Camera, "H.264 SPS of less than four bytes"))
}

/// Width and height after cropping.
pub(crate) fn size(sps: &SeqParameterSet) -> Result<(u16, u16)> {
    let (width, height) =
        sps.pixel_dimensions().map_err(|e| Error::new(Kind::Camera, format!("H.264 picture size: {e:?}")))?;
    Ok((dimension(width)?, dimension(height)?))
}

/// The shape of a pixel, (1, 1) when it is not told.
pub(crate) fn pixel_aspect(sps: &SeqParameterSet) -> (u16, u16) {
    let info = sps.vui_parameters.as_ref().and_then(|vui| vui.aspect_ratio_info.as_ref());
    reduced(info.and_then(|info| info.get()).unwrap_or((1, 1)))
}

/// chroma_format_idc as two bits.
pub(crate) fn chroma_format_idc(sps: &SeqParameterSet) -> u8 {
    match sps.chroma_info.chroma_format {
        ChromaFormat::Monochrome => 0,
        ChromaFormat::YUV420 => 1,
        ChromaFormat::YUV422 => 2,
        ChromaFormat::YUV444 => 3,
        ChromaFormat::Invalid(other) => (other & 3) as u8,
    }
}

/// Pictures may be shown in another order than they are decoded in: neither the way of counting them
/// (8.2.1.3) nor a stated limit (E.2.1 max_num_reorder_frames) forbids it.
pub(crate) fn may_reorder(sps: &SeqParameterSet) -> bool {
    let restrictions = sps.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
    sps.pic_order_cnt != PicOrderCntType::TypeTwo && restrictions.is_none_or(|r| r.max_num_reorder_frames > 0)
}

/// The stated limit, 0 where there is none (E.2.1 max_num_reorder_frames).
pub(crate) fn reorder_depth(sps: &SeqParameterSet) -> usize {
    let restrictions = sps.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
    let told = restrictions.map_or(0, |r| r.max_num_reorder_frames as usize);
    if may_reorder(sps) { told } else { 0 }
}

/// Pictures may change places, and by how many is not told.
pub(crate) fn may_reorder_untold(sps: &SeqParameterSet) -> bool {
    const BASELINE: u8 = 66;
    let restrictions = sps.vui_parameters.as_ref().and_then(|vui| vui.bitstream_restrictions.as_ref());
    may_reorder(sps) && restrictions.is_none() && u8::from(sps.profile_idc) != BASELINE
}

/// What num_units_in_tick and time_scale tell; a tick is a field's (E.2.1).
pub(crate) fn pictures_per_second(sps: &SeqParameterSet) -> Option<f64> {
    let timing = sps.vui_parameters.as_ref()?.timing_info.as_ref()?;
    frame_rate(timing.time_scale, 2 * u64::from(timing.num_units_in_tick))
}

/// A reader that lets data behind the end of an SPS pass.
struct Mild<R>(R);

impl<R: BitRead> BitRead for Mild<R> {
    fn finish_rbsp(self) -> Result<(), BitReaderError> {
        Ok(())
    }

    fn read_ue(&mut self, name: &'static str) -> Result<u32, BitReaderError> {
        self.0.read_ue(name)
    }

    fn read_se(&mut self, name: &'static str) -> Result<i32, BitReaderError> {
        self.0.read_se(name)
    }

    fn read_bit(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.0.read_bit(name)
    }

    fn read<const BITS: u32, I: Integer>(&mut self, name: &'static str) -> Result<I, BitReaderError> {
        self.0.read::<BITS, I>(name)
    }

    fn read_var<I: Integer>(&mut self, bits: u32, name: &'static str) -> Result<I, BitReaderError> {
        self.0.read_var(bits, name)
    }

    fn read_to<V: Primitive>(&mut self, name: &'static str) -> Result<V, BitReaderError> {
        self.0.read_to(name)
    }

    fn skip(&mut self, bits: u32, name: &'static str) -> Result<(), BitReaderError> {
        self.0.skip(bits, name)
    }

    fn byte_aligned(&self) -> bool {
        self.0.byte_aligned()
    }

    fn has_more_rbsp_data(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.0.has_more_rbsp_data(name)
    }

    fn finish_sei_payload(self) -> Result<(), BitReaderError> {
        self.0.finish_sei_payload()
    }
}
