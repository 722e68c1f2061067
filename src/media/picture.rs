//! `Picture`: what the recorder must know of a frame that it never decodes.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;
use crate::media::nal::length_prefixed;
use crate::media::sample_entry;

/// What a sample holds, by its first slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// See [`crate::media::Frame::is_key`].
    pub is_key: bool,
    /// See [`crate::media::Frame::is_skipped_leading`].
    pub is_skipped_leading: bool,
    /// See [`crate::media::Frame::is_bidirectional`].
    pub is_bidirectional: bool,
}

/// Looks at pictures, knowing the parameter sets that they need. Made anew when the sample entry changes.
///
/// A picture counts as bidirectional when its first slice is a B slice *and* the parameter sets let pictures change
/// places. Many H.265 encoders write all slices as B slices that only look back; a limit of no reordered
/// pictures in their SPS tells them apart, at the cost of one look when the entry is made.
#[derive(Clone, Debug)]
pub struct Pictures {
    codec: Codec,
    may_reorder: bool,
    /// By PPS id: the bits between id and type in H.265 slice headers.
    extra_slice_header_bits: [u8; 64],
}

impl Pictures {
    /// For the frames of this sample entry.
    pub fn new(entry: &SampleEntry) -> Result<Self> {
        let parts = entry.codec().zip(entry.decoder_config());
        let (codec, config) = parts.ok_or_else(|| Error::new(Kind::Corrupt, "a sample entry without avcC or hvcC"))?;
        let mut pictures = Self { may_reorder: false, ..Self::without_parameter_sets(codec) };
        for nal in sample_entry::parameter_sets(codec, config)? {
            pictures.learn(nal)?;
        }
        Ok(pictures)
    }

    /// For frames whose parameter sets are not known: they may do anything usual.
    pub(crate) fn without_parameter_sets(codec: Codec) -> Self {
        Self { codec, may_reorder: true, extra_slice_header_bits: [0; 64] }
    }

    fn learn(&mut self, nal: &[u8]) -> Result<()> {
        match (self.codec, self.codec.unit_type(nal)) {
            (Codec::H264, avc::unit::SPS) => self.may_reorder |= avc::sps::may_reorder(&avc::sps::parse(nal)?),
            (Codec::H265, hevc::unit::SPS) => self.may_reorder |= hevc::sps::Sps::parse(nal)?.may_reorder,
            (Codec::H265, hevc::unit::PPS) => {
                let pps = hevc::pps::Pps::parse(nal)?;
                self.extra_slice_header_bits[usize::from(pps.id)] = pps.extra_slice_header_bits;
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells what a length-prefixed sample holds: reads the first slice's head and walks over the rest. An error when
    /// its lengths do not add up, when it holds no slice, and when the slice breaks off.
    pub fn look(&self, sample: &[u8]) -> Result<Picture> {
        let mut first = None;
        for nal in length_prefixed(sample) {
            let nal = nal?;
            if first.is_none() && self.codec.is_slice(nal) {
                first = Some(nal);
            }
        }
        self.look_at_slice(first.ok_or_else(|| Error::new(Kind::Camera, "a frame without a picture"))?)
    }

    /// Tells what the picture shows that a slice is the first of.
    pub(crate) fn look_at_slice(&self, slice: &[u8]) -> Result<Picture> {
        let unit_type = self.codec.unit_type(slice);
        Ok(Picture {
            is_key: self.codec.is_key(slice),
            is_skipped_leading: self.codec == Codec::H265
                && matches!(unit_type, hevc::unit::RASL_N | hevc::unit::RASL_R),
            is_bidirectional: self.may_reorder && self.is_b(slice)?,
        })
    }

    fn is_b(&self, slice: &[u8]) -> Result<bool> {
        match self.codec {
            Codec::H264 => Ok(avc::slice::SliceStart::parse(slice)?.is_b()),
            Codec::H265 => {
                let start = hevc::slice::SliceStart::parse(slice)?;
                let extra = self.extra_slice_header_bits[usize::from(start.pps_id)];
                Ok(start.slice_type(extra)? == Some(hevc::slice::B_SLICE))
            }
        }
    }
}
