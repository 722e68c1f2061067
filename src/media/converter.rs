//! `Converter`: access units of a byte stream become samples, their parameter sets the sample entry.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::annexb;
use crate::media::codec::Codec;
use crate::media::output_order::Reach;
use crate::media::parameter_sets::ParameterSets;
use crate::media::picture::{Picture, Pictures};
use crate::media::picture_order::{Count, PictureOrder};
use bytes::Bytes;
use std::sync::Arc;

/// An access unit as an mp4 holds it.
#[derive(Clone, Debug)]
pub struct Converted {
    /// NAL units, each behind its length in 4 bytes, big endian; without parameter sets, else all that was there.
    pub data: Bytes,
    /// What it shows.
    pub picture: Picture,
    /// Where it is shown, as [`crate::media::output_order::OutputOrder`] takes it; `None` where pictures do not change
    /// places.
    pub order: Option<(Count, Reach)>,
    /// How to decode it; the same `Arc` until the parameter sets really change.
    pub sample_entry: Arc<SampleEntry>,
}

/// Converts the access units of one stream, in their order.
#[derive(Debug)]
pub struct Converter {
    codec: Codec,
    sets: ParameterSets,
    /// The sets differ from those that the entry was made of.
    sets_changed: bool,
    order: PictureOrder,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    pps_id: u8,
    sample_entry: Arc<SampleEntry>,
    pictures: Pictures,
}

impl Converter {
    /// At the start of a stream.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            sets: ParameterSets::new(codec),
            sets_changed: false,
            order: PictureOrder::new(codec),
            current: None,
        }
    }

    /// Converts an access unit in Annex B form. `None` when there is no picture in it, and while the parameter sets
    /// of its picture have not been seen, and for a picture that cannot be decoded for lack of those before it, or be
    /// placed among others for lack of its beginning. Parameter sets count for the access unit that they are in, wherever in it.
    ///
    /// The sample entry holds the SPS that key frames use and what belongs to it, not what else was ever seen.
    pub fn convert(&mut self, access_unit: &[u8]) -> Result<Option<Converted>> {
        let mut data = Vec::with_capacity(access_unit.len() + SPARE_BYTES);
        let mut slice = None;
        let mut ends_sequence = false;
        for nal in annexb::nal_units(access_unit) {
            if self.codec.is_parameter_set(nal) {
                if self.sets.insert(nal)? {
                    self.sets_changed = true;
                    self.order.learn(nal);
                }
                continue;
            }
            if slice.is_none() && self.codec.is_slice(nal) {
                slice = Some(nal);
            }
            ends_sequence |= self.codec.ends_sequence(nal);
            let length = u32::try_from(nal.len()).map_err(|_| Error::new(Kind::Camera, "a frame of 4 GiB"))?;
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(nal);
        }
        let Some(slice) = slice else { return Ok(None) };
        let Some(current) = self.current(slice)? else { return Ok(None) };
        let picture = current.pictures.look_at_slice(slice)?;
        let (sample_entry, reach) = (Arc::clone(&current.sample_entry), current.pictures.reach());
        let order = match reach.places {
            0 => None,
            _ => match self.order.count(slice, ends_sequence) {
                Ok(count) if count.is_lost => return Ok(None),
                Ok(count) => Some((count, reach)),
                Err(e) => {
                    log::debug!("a picture without a place is left out: {e}");
                    return Ok(None);
                }
            },
        };
        Ok(Some(Converted { data: data.into(), picture, order, sample_entry }))
    }

    /// How to decode the picture of this slice. Another SPS may take over at a key frame only, so that is when the
    /// slice is asked for its parameter sets.
    fn current(&mut self, slice: &[u8]) -> Result<Option<&Current>> {
        let pps_id = match &self.current {
            Some(current) if !self.codec.is_key(slice) => current.pps_id,
            _ => self.codec.pps_id(slice)?,
        };
        let is_current = self.current.as_ref().is_some_and(|current| current.pps_id == pps_id);
        if self.sets_changed || !is_current {
            let Some(sets) = self.sets.in_use(pps_id) else { return Ok(None) };
            let entry = SampleEntry::from_list(self.codec, &sets)?;
            match &mut self.current {
                Some(current) if *current.sample_entry == entry => current.pps_id = pps_id,
                current => {
                    let pictures = Pictures::new(&entry)?;
                    *current = Some(Current { pps_id, sample_entry: Arc::new(entry), pictures });
                }
            }
            self.sets_changed = false;
        }
        Ok(self.current.as_ref())
    }
}

/// Room for lengths that take a byte more than the 3-byte start codes they stand for.
const SPARE_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::nal_writer::{NalWriter, h264_pps, h264_sps};
    use proptest::prelude::*;

    fn idr(pps_id: u32) -> Vec<u8> {
        NalWriter::new(&[0x65]).ue(&[0, 7, pps_id]).number(32, 0xdead_beef).finish()
    }

    fn slice(slice_type: u32) -> Vec<u8> {
        NalWriter::new(&[0x41]).ue(&[0, slice_type, 0]).number(32, 0xdead_beef).finish()
    }

    fn unit(nals: &[Vec<u8>]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [b"\0\0\x01", &nal[..]].concat()).collect()
    }

    /// Converts access units one after another, all of which have a picture.
    fn entries(units: &[Vec<Vec<u8>>]) -> Vec<Arc<SampleEntry>> {
        let mut converter = Converter::new(Codec::H264);
        units.iter().map(|nals| converter.convert(&unit(nals)).unwrap().unwrap().sample_entry).collect()
    }

    #[test]
    fn parameter_sets_go_into_the_sample_entry_and_the_rest_stays() {
        let mut converter = Converter::new(Codec::H264);
        let delimiter = vec![0x09, 0xf0];
        let nals = [delimiter.clone(), h264_sps(0, 0), h264_pps(0, 0, 0), idr(0)];
        let converted = converter.convert(&unit(&nals)).unwrap().unwrap();
        let idr = idr(0);
        let expected = [&[0, 0, 0, 2][..], &delimiter, &(idr.len() as u32).to_be_bytes(), &idr].concat();
        assert_eq!(converted.data, expected);
        assert_eq!(converted.picture, Picture { is_key: true, ..Picture::default() });
        let entry = SampleEntry::from_parameter_sets(Codec::H264, [&nals[2][..], &nals[1]]).unwrap();
        assert_eq!(*converted.sample_entry, entry);
    }

    #[test]
    fn nothing_comes_out_before_the_parameter_sets_and_without_a_picture() {
        let mut converter = Converter::new(Codec::H264);
        let mut is_some = |nals: &[Vec<u8>]| converter.convert(&unit(nals)).unwrap().is_some();
        assert!(!is_some(&[idr(0)]));
        assert!(!is_some(&[h264_sps(0, 0), idr(0)]));
        assert!(!is_some(&[h264_pps(0, 0, 0)]));
        assert!(is_some(&[slice(5)]));
        assert!(!is_some(&[h264_sps(0, 1), vec![0x09, 0xf0]]));
    }

    #[test]
    fn repeated_parameter_sets_keep_the_sample_entry() {
        let sets = [h264_sps(0, 0), h264_pps(0, 0, 0)];
        let entries = entries(&[
            vec![sets[0].clone(), sets[1].clone(), idr(0)],
            vec![slice(5)],
            vec![sets[1].clone(), sets[0].clone(), sets[0].clone(), idr(0)],
            // Behind the slice, and there and back within one access unit.
            vec![idr(0), h264_sps(0, 1), sets[0].clone()],
        ]);
        assert!(entries.iter().all(|entry| Arc::ptr_eq(entry, &entries[0])));
    }

    #[test]
    fn a_new_set_with_the_same_id_replaces_the_old_one() {
        let entries = entries(&[
            vec![h264_sps(0, 0), h264_pps(0, 0, 0), idr(0)],
            vec![h264_sps(0, 1), idr(0)],
            vec![h264_pps(0, 0, 2), slice(5)],
        ]);
        let seen: Vec<_> = entries.iter().map(|e| (e.height, e.decoder_config().unwrap()[5])).collect();
        assert_eq!(seen, [(192, 0xe1), (188, 0xe1), (188, 0xe1)]);
        assert_ne!(entries[1], entries[2]);
    }

    #[test]
    fn a_key_frame_chooses_its_parameter_sets_by_id() {
        let entries = entries(&[
            vec![h264_sps(0, 0), h264_pps(0, 0, 0), h264_sps(1, 1), h264_pps(1, 1, 0), idr(0)],
            vec![idr(1)],
            vec![slice(5)],
            vec![idr(0)],
        ]);
        assert_eq!(entries.iter().map(|entry| entry.height).collect::<Vec<_>>(), [192, 188, 188, 192]);
    }

    proptest! {
        #[test]
        fn any_bytes_convert_or_fail_in_words(units in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..9)) {
            for codec in [Codec::H264, Codec::H265] {
                let mut converter = Converter::new(codec);
                for unit in &units {
                    let _ = converter.convert(&[b"\0\0\x01", &unit[..]].concat());
                }
            }
        }

        #[test]
        fn damaged_parameter_sets_convert_or_fail_in_words(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = unit(&[h264_sps(0, 1), h264_pps(0, 0, 0), idr(0)]);
            *at.get_mut(&mut bytes) = byte;
            let _ = Converter::new(Codec::H264).convert(&bytes);
        }
    }
}
