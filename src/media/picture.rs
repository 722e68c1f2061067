//! `Picture`: what the recorder must know of a frame that it never decodes.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;
use crate::media::nal::length_prefixed;
use crate::media::output_order::Reach;
use crate::media::reorder::MOST;
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
    reorder_depth: usize,
    /// Of more than [`Self::reorder_depth`] nothing is told.
    is_untold: bool,
    pictures_per_second: Option<f64>,
    /// By PPS id: the bits between id and type in H.265 slice headers.
    extra_slice_header_bits: [u8; 64],
}

impl Pictures {
    /// For the frames of this sample entry.
    pub fn new(entry: &SampleEntry) -> Result<Self> {
        let parts = entry.codec().zip(entry.decoder_config());
        let (codec, config) = parts.ok_or_else(|| Error::new(Kind::Corrupt, "a sample entry without avcC or hvcC"))?;
        let mut pictures = Self { may_reorder: false, is_untold: false, ..Self::without_parameter_sets(codec) };
        for nal in sample_entry::parameter_sets(codec, config)? {
            pictures.learn(nal)?;
        }
        Ok(pictures)
    }

    /// For frames whose parameter sets are not known: they may do anything usual.
    pub(crate) fn without_parameter_sets(codec: Codec) -> Self {
        Self {
            codec,
            may_reorder: true,
            reorder_depth: 0,
            is_untold: true,
            pictures_per_second: None,
            extra_slice_header_bits: [0; 64],
        }
    }

    fn learn(&mut self, nal: &[u8]) -> Result<()> {
        match (self.codec, self.codec.unit_type(nal)) {
            (Codec::H264, avc::unit::SPS) => {
                let sps = avc::sps::parse(nal)?;
                self.may_reorder |= avc::sps::may_reorder(&sps);
                self.reorder_depth = self.reorder_depth.max(avc::sps::reorder_depth(&sps));
                self.is_untold |= avc::sps::may_reorder_untold(&sps);
                self.pictures_per_second = self.pictures_per_second.or(avc::sps::pictures_per_second(&sps));
            }
            (Codec::H265, hevc::unit::SPS) => {
                let sps = hevc::sps::Sps::parse(nal)?;
                self.pictures_per_second = self.pictures_per_second.or(sps.pictures_per_second);
                self.reorder_depth = self.reorder_depth.max(sps.reorder_depth);
                self.may_reorder |= self.reorder_depth > 0;
            }
            (Codec::H265, hevc::unit::PPS) => {
                let pps = hevc::pps::Pps::parse(nal)?;
                self.extra_slice_header_bits[usize::from(pps.id)] = pps.extra_slice_header_bits;
            }
            _ => {}
        }
        Ok(())
    }

    /// By how many places the parameter sets let a picture move between decoding and showing; 0 also where they do not
    /// tell, and it has to be found from the frames.
    pub fn reorder_depth(&self) -> usize {
        self.reorder_depth
    }

    /// The same for those who can wait: where nothing is told, what decoders allow.
    pub fn reach(&self) -> Reach {
        let places = if self.is_untold { MOST } else { self.reorder_depth };
        Reach { places, is_told: !self.is_untold }
    }

    /// How many pictures a second the parameter sets promise.
    pub fn pictures_per_second(&self) -> Option<f64> {
        self.pictures_per_second
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
            is_key: self.codec.is_key(slice) && self.is_first(slice)?,
            is_skipped_leading: self.codec == Codec::H265
                && matches!(unit_type, hevc::unit::RASL_N | hevc::unit::RASL_R),
            is_bidirectional: self.may_reorder && self.is_b(slice)?,
        })
    }

    /// The picture begins with this slice. One whose beginning was lost, because somebody joined amid it, is no key frame.
    fn is_first(&self, slice: &[u8]) -> Result<bool> {
        match self.codec {
            Codec::H264 => Ok(avc::slice::SliceStart::parse(slice)?.first_mb == 0),
            Codec::H265 => Ok(hevc::slice::SliceStart::parse(slice)?.is_first),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::nal_writer::{NalWriter, h264_pps, h264_sps};

    fn sample(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), *nal].concat()).collect()
    }

    fn text(picture: Picture) -> String {
        let Picture { is_key, is_skipped_leading, is_bidirectional } = picture;
        let words = [(is_key, "key"), (is_skipped_leading, "RASL"), (is_bidirectional, "B")];
        words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    fn h264(header: u8, slice_type: u32) -> String {
        let slice = NalWriter::new(&[header]).ue(&[0, slice_type, 0]).number(20, 0).finish();
        let recovery_point = [0x06, 0x06, 0x01, 0xc4, 0x80];
        text(Codec::H264.picture(&sample(&[&[0x09, 0xf0], &recovery_point, &slice])).unwrap())
    }

    fn h265(unit_type: u8, slice_type: u32) -> String {
        let header = [unit_type << 1, 1];
        let slice = NalWriter::new(&header).number(1, 1);
        let slice = if (16..24).contains(&unit_type) { slice.number(1, 0) } else { slice };
        let slice = slice.ue(&[0, slice_type]).number(20, 0).finish();
        text(Codec::H265.picture(&sample(&[&[35 << 1, 1, 0x50], &slice])).unwrap())
    }

    #[test]
    fn h264_keys_are_idr_pictures_never_recovery_points() {
        assert_eq!(h264(0x65, 7), "key");
        assert_eq!(h264(0x41, 7), "");
        assert_eq!(h264(0x41, 5), "");
        assert_eq!(h264(0x01, 6), "B");
        assert_eq!(h264(0x01, 1), "B");
    }

    #[test]
    fn a_picture_whose_beginning_is_missing_is_no_key_frame() {
        let h264 = NalWriter::new(&[0x65]).ue(&[40, 7, 0]).number(20, 0).finish();
        assert_eq!(text(Codec::H264.picture(&sample(&[&h264])).unwrap()), "");
        // IDR_W_RADL: no first segment, no_output_of_prior_pics_flag, then the PPS id.
        let h265 = NalWriter::new(&[19 << 1, 1]).number(1, 0).number(1, 0).ue(&[0, 2]).number(20, 0).finish();
        assert_eq!(text(Codec::H265.picture(&sample(&[&h265])).unwrap()), "");
    }

    #[test]
    fn h265_keys_are_idr_bla_and_cra_pictures() {
        let keys = (0..32).filter(|&unit_type| h265(unit_type, 2) == "key").map(|t| t.to_string());
        assert_eq!(keys.collect::<Vec<_>>().join(" "), "16 17 18 19 20 21");
        assert_eq!(h265(1, 1), "");
        assert_eq!(h265(1, 0), "B");
        assert_eq!([h265(8, 1), h265(9, 0)], ["RASL", "RASL B"]);
    }

    #[test]
    fn b_slices_that_may_not_change_places_are_no_b_pictures() {
        let main = h264_sps(0, 0);
        // The same SPS but for pic_order_cnt_type 2: output in decoding order.
        let in_order = NalWriter::new(&[0x67]).number(24, 0x42_00_1e).ue(&[0, 0, 2, 1]).number(1, 0).ue(&[19, 5]);
        let in_order = in_order.number(4, 0b1100).finish();
        let slice = NalWriter::new(&[0x41]).ue(&[0, 1, 0]).number(20, 0).finish();
        for (sps, expected) in [(main, "B"), (in_order, "")] {
            let entry = SampleEntry::from_parameter_sets(Codec::H264, [&sps[..], &h264_pps(0, 0, 0)]).unwrap();
            assert_eq!(text(Pictures::new(&entry).unwrap().look(&sample(&[&slice])).unwrap()), expected);
        }
    }

    #[test]
    fn a_frame_without_a_whole_slice_is_an_error() {
        let fails = |sample: &[u8]| Codec::H264.picture(sample).unwrap_err().to_string();
        assert_eq!(fails(&sample(&[&[0x09, 0xf0]])), "a frame without a picture");
        assert_eq!(fails(&[0, 0, 0, 9, 0x65]), "a frame whose NAL unit lengths do not add up");
        assert_eq!(fails(&sample(&[&[0x41]])), "first_mb_in_slice: failed to fill whole buffer");
    }
}
