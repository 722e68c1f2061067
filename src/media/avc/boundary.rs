//! `Boundary`: where a sample of H.264 begins (ISO/IEC 14496-10 7.4.1.2.3 and 7.4.1.2.4).

use crate::media::access_unit::Place;
use crate::media::avc::pps::Pps;
use crate::media::avc::slice::{SliceHead, SliceStart};
use crate::media::avc::{is_slice, sps, unit, unit_type};
use h264_reader::nal::sps::SeqParameterSet;
use std::collections::BTreeMap;

/// Knows the parameter sets so far and the picture that the last slice was of.
#[derive(Debug, Default)]
pub(crate) struct Boundary {
    sequences: BTreeMap<u8, SeqParameterSet>,
    pictures: BTreeMap<u8, Pps>,
    last: Option<Last>,
}

/// The picture that the current sample ends with so far.
#[derive(Debug)]
struct Last {
    /// `None` when its parameter sets are not known.
    head: Option<SliceHead>,
    /// It is a field without its other field.
    is_lone_field: bool,
    /// A NAL unit that begins access units has followed.
    is_behind_opener: bool,
}

impl Boundary {
    /// Where a NAL unit belongs, judged by its first bytes.
    pub(crate) fn place(&mut self, nal: &[u8]) -> Place {
        if is_slice(nal) {
            return self.place_slice(nal);
        }
        let opens = matches!(
            unit_type(nal),
            unit::SEI | unit::SPS | unit::PPS | unit::DELIMITER | unit::PREFIX..=unit::RESERVED_18
        );
        match &mut self.last {
            Some(last) if opens => {
                last.is_behind_opener = true;
                Place::MayBegin
            }
            _ => Place::Anywhere,
        }
    }

    fn place_slice(&mut self, nal: &[u8]) -> Place {
        let first_mb = SliceStart::parse(nal).map_or(0, |start| start.first_mb);
        let head = self.head(nal);
        let is_field = head.as_ref().is_some_and(|head| head.field.is_some());
        let Some(last) = &mut self.last else {
            self.last = Some(Last { head, is_lone_field: is_field, is_behind_opener: false });
            return Place::Continues;
        };
        let is_same_picture = match (&last.head, &head) {
            // Pictures that differ in nothing, as those of encoders that make every one an IDR with the same id.
            (Some(last_head), Some(head)) => last_head == head && !(last.is_behind_opener && first_mb == 0),
            _ => first_mb != 0,
        };
        if is_same_picture {
            last.is_behind_opener = false;
            return Place::Continues;
        }
        let is_second_field = last.is_lone_field
            && matches!((&last.head, &head), (Some(first), Some(second)) if first.is_completed_by(second));
        *last = Last { head, is_lone_field: is_field && !is_second_field, is_behind_opener: false };
        if is_second_field { Place::Continues } else { Place::Begins }
    }

    fn head(&self, nal: &[u8]) -> Option<SliceHead> {
        let pps = self.pictures.get(&SliceStart::parse(nal).ok()?.pps_id)?;
        SliceHead::parse(nal, self.sequences.get(&pps.sps_id)?, pps.has_bottom_order).ok()
    }

    /// Remembers a parameter set; others and broken ones change nothing.
    pub(crate) fn learn(&mut self, nal: &[u8]) {
        match unit_type(nal) {
            unit::SPS => {
                if let Ok(sps) = sps::parse(nal) {
                    self.sequences.insert(sps.id().id(), sps);
                }
            }
            unit::PPS => {
                if let Ok((id, pps)) = Pps::parse(nal) {
                    self.pictures.insert(id, pps);
                }
            }
            _ => {}
        }
    }

    /// Forgets the picture, not the parameter sets: bytes are missing.
    pub(crate) fn reset(&mut self) {
        self.last = None;
    }
}
