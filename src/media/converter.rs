//! `Converter`: access units of a byte stream become samples, their parameter sets the sample entry.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::annexb;
use crate::media::codec::Codec;
use crate::media::parameter_sets::ParameterSets;
use crate::media::picture::{Picture, Pictures};
use bytes::Bytes;
use std::sync::Arc;

/// An access unit as an mp4 holds it.
#[derive(Clone, Debug)]
pub struct Converted {
    /// NAL units, each behind its length in 4 bytes, big endian; without parameter sets, else all that was there.
    pub data: Bytes,
    /// What it shows.
    pub picture: Picture,
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
        Self { codec, sets: ParameterSets::new(codec), sets_changed: false, current: None }
    }

    /// Converts an access unit in Annex B form. `None` when there is no picture in it, and while the parameter sets
    /// of its picture have not been seen. Parameter sets count for the access unit that they are in, wherever in it.
    ///
    /// The sample entry holds the SPS that key frames use and what belongs to it, not what else was ever seen.
    pub fn convert(&mut self, access_unit: &[u8]) -> Result<Option<Converted>> {
        let mut data = Vec::with_capacity(access_unit.len() + SPARE_BYTES);
        let mut slice = None;
        for nal in annexb::nal_units(access_unit) {
            if self.codec.is_parameter_set(nal) {
                self.sets_changed |= self.sets.insert(nal)?;
                continue;
            }
            if slice.is_none() && self.codec.is_slice(nal) {
                slice = Some(nal);
            }
            let length = u32::try_from(nal.len()).map_err(|_| Error::new(Kind::Camera, "a frame of 4 GiB"))?;
            data.extend_from_slice(&length.to_be_bytes());
            data.extend_from_slice(nal);
        }
        let Some(slice) = slice else { return Ok(None) };
        let Some(current) = self.current(slice)? else { return Ok(None) };
        let picture = current.pictures.look_at_slice(slice)?;
        Ok(Some(Converted { data: data.into(), picture, sample_entry: Arc::clone(&current.sample_entry) }))
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
