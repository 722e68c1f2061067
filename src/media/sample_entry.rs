//! `SampleEntry`: what a decoder must know before the first frame, as an mp4 `stsd` entry.

use crate::base::{Error, Kind, Result};
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;
use crate::media::parameter_sets::{List, ParameterSets};
use bytes::Bytes;

/// A complete `avc1` or `hvc1` box with what was read out of its parameter sets. Two are the same if their bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SampleEntry {
    /// The whole box, size and type included (ISO/IEC 14496-12 8.5.2, 14496-15 5.4.2.1 and 8.4.1).
    pub data: Bytes,
    /// Width after cropping, in pixels.
    pub width: u16,
    /// Height after cropping, in pixels.
    pub height: u16,
    /// Shape of a pixel, horizontal : vertical; (1, 1) when the stream does not say.
    pub pixel_aspect: (u16, u16),
    /// The codec by RFC 6381, such as `avc1.4d401f` or `hvc1.1.6.L93.B0`.
    pub rfc6381_codec: String,
}

impl SampleEntry {
    /// Makes the entry from NAL units that are parameter sets, in any order and any number of times: of two with the
    /// same id the later counts. An error in words when one is missing, broken, or of another kind.
    pub fn from_parameter_sets<'a>(codec: Codec, nals: impl IntoIterator<Item = &'a [u8]>) -> Result<Self> {
        let mut sets = ParameterSets::new(codec);
        for nal in nals {
            sets.insert(nal)?;
        }
        Self::from_list(codec, &sets.all())
    }

    /// Makes the entry from the content of an `avcC` or `hvcC` box, which must count lengths in four bytes. Its
    /// parameter sets alone matter: the record is written anew, so that one stream has one entry.
    pub fn from_decoder_config(codec: Codec, config: &[u8]) -> Result<Self> {
        Self::from_parameter_sets(codec, parameter_sets(codec, config)?)
    }

    pub(crate) fn from_list(codec: Codec, sets: &List<'_>) -> Result<Self> {
        let description = match codec {
            Codec::H264 => avc::describe(sets)?,
            Codec::H265 => hevc::describe(sets)?,
        };
        let Description { width, height, pixel_aspect, .. } = description;
        let data = description.to_box(codec).into();
        Ok(Self { data, width, height, pixel_aspect, rfc6381_codec: description.rfc6381_codec })
    }

    /// The coding, from the box type; `None` for a box of another type.
    pub fn codec(&self) -> Option<Codec> {
        match self.data.get(4..8)? {
            b"avc1" => Some(Codec::H264),
            b"hvc1" => Some(Codec::H265),
            _ => None,
        }
    }

    /// The content of its `avcC` or `hvcC` box; `None` when it is not where it should be.
    pub fn decoder_config(&self) -> Option<&[u8]> {
        let (size, behind) = self.data.get(VISUAL_BYTES..)?.split_first_chunk()?;
        behind.get(4..(u32::from_be_bytes(*size) as usize).checked_sub(4)?)
    }
}

/// The parameter sets in the content of an `avcC` or `hvcC` box.
pub(crate) fn parameter_sets(codec: Codec, config: &[u8]) -> Result<Vec<&[u8]>> {
    match codec {
        Codec::H264 => avc::parameter_sets(config),
        Codec::H265 => hevc::parameter_sets(config),
    }
}

/// What parameter sets say that a sample entry repeats.
pub(crate) struct Description {
    /// The content of the `avcC` or `hvcC` box.
    pub(crate) config: Vec<u8>,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) pixel_aspect: (u16, u16),
    pub(crate) rfc6381_codec: String,
}

impl Description {
    /// A `VisualSampleEntry` (ISO/IEC 14496-12 12.1.3) with the decoder's configuration and, where pixels are not
    /// square, a `pasp` box.
    fn to_box(&self, codec: Codec) -> Vec<u8> {
        let (entry, config) = match codec {
            Codec::H264 => (b"avc1", b"avcC"),
            Codec::H265 => (b"hvc1", b"hvcC"),
        };
        let mut body = vec![0; VISUAL_BYTES - 8];
        body[7] = 1; // data_reference_index
        body[24..26].copy_from_slice(&self.width.to_be_bytes());
        body[26..28].copy_from_slice(&self.height.to_be_bytes());
        body[28..36].copy_from_slice(&[0, 72, 0, 0, 0, 72, 0, 0]); // 72 dpi in both directions
        body[41] = 1; // frame_count
        body[75] = 24; // depth: colour without alpha
        body[76..78].copy_from_slice(&[0xff; 2]); // pre_defined
        push_box(&mut body, config, &self.config);
        if self.pixel_aspect != (1, 1) {
            let spacing = [self.pixel_aspect.0, self.pixel_aspect.1].map(u32::from).map(u32::to_be_bytes);
            push_box(&mut body, b"pasp", spacing.as_flattened());
        }
        let mut data = vec![];
        push_box(&mut data, entry, &body);
        data
    }
}

/// Up to the first box inside a `VisualSampleEntry`.
const VISUAL_BYTES: usize = 86;

fn push_box(data: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    let size = u32::try_from(body.len() + 8).expect("at most a few hundred parameter sets of 64 KiB each");
    data.extend_from_slice(&size.to_be_bytes());
    data.extend_from_slice(kind);
    data.extend_from_slice(body);
}

/// A side of a picture, as the box has room for it.
pub(crate) fn dimension(pixels: u32) -> Result<u16> {
    let fitting = u16::try_from(pixels).ok().filter(|&pixels| pixels > 0);
    fitting.ok_or_else(|| Error::new(Kind::Camera, format!("a picture with a side of {pixels} pixels")))
}

/// The shape of a pixel in its smallest numbers; (1, 1) for one that makes no sense.
pub(crate) fn reduced((horizontal, vertical): (u16, u16)) -> (u16, u16) {
    let (mut divisor, mut rest) = (horizontal, vertical);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    if horizontal == 0 || vertical == 0 { (1, 1) } else { (horizontal / divisor, vertical / divisor) }
}

/// Pictures a second, as both codings tell it; `None` for a rate that no camera has.
pub(crate) fn frame_rate(time_scale: u32, units_in_picture: u64) -> Option<f64> {
    let rate = f64::from(time_scale) / units_in_picture as f64;
    FRAME_RATES.contains(&rate).then_some(rate)
}

/// From time lapse to slow motion. Clocks of 1 kHz or 90 kHz are given for lack of better knowledge.
const FRAME_RATES: std::ops::RangeInclusive<f64> = 0.1..=240.0;

/// By aspect_ratio_idc, the same in both codings (ISO/IEC 23008-2 table E.1).
pub(crate) const SAMPLE_ASPECT_RATIOS: [(u16, u16); 17] = [
    (1, 1), // unspecified
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

#[cfg(test)]
impl SampleEntry {
    /// One for tests, told from others by its box.
    pub(crate) fn example(data: impl Into<Bytes>) -> std::sync::Arc<Self> {
        let rfc6381_codec = "avc1.4d401e".to_owned();
        Self { data: data.into(), width: 640, height: 360, pixel_aspect: (1, 1), rfc6381_codec }.into()
    }
}

#[cfg(test)]
mod tests;
