//! `Counter`: picture order counts of H.264 (ISO/IEC 14496-10 8.2.1).

use crate::base::{Error, Kind, Result};
use crate::media::avc::marking::{self, Slice};
use crate::media::avc::pps::Pps;
use crate::media::avc::slice::{Field, SliceHead, SliceStart};
use crate::media::avc::{bits, sps, unit, unit_type};
use crate::media::picture_order::Count;
use h264_reader::nal::sps::{PicOrderCntType, SeqParameterSet};
use std::collections::BTreeMap;

/// Counts the pictures of one stream, in decoding order. Of two fields that share a frame only the first counts.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    sequences: BTreeMap<u8, SeqParameterSet>,
    pictures: BTreeMap<u8, Pps>,
    /// The picture before.
    before: Before,
}

/// What is carried from picture to picture; all 0 behind an IDR picture's own beginning.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    /// prevPicOrderCntMsb and prevPicOrderCntLsb: of the newest reference picture.
    msb: i64,
    lsb: i64,
    /// prevFrameNumOffset and prevFrameNum.
    frame_num_offset: i64,
    frame_num: i64,
}

impl Counter {
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

    /// The count of the picture that begins with this slice. An error when its parameter sets are not known, and when it
    /// breaks off.
    pub(crate) fn count(&mut self, slice: &[u8]) -> Result<Count> {
        let start = SliceStart::parse(slice)?;
        let unknown = || Error::new(Kind::Camera, "a slice of parameter sets that did not come");
        let pps = self.pictures.get(&start.pps_id).ok_or_else(unknown)?;
        let sps = self.sequences.get(&pps.sps_id).ok_or_else(unknown)?;
        let mut bits = bits(slice);
        let head = SliceHead::read(slice, &mut bits, sps, pps.has_bottom_order)?;
        let kind = Slice { slice_type: start.slice_type, is_idr: head.idr.is_some(), is_reference: head.is_reference };
        // What cannot be read here cannot be decoded either; it is not for us to say so.
        let forgets = pps.prediction.map(|p| marking::forgets_all(&mut bits, kind, sps, &p));
        let forgets_all = matches!(forgets, Some(Ok(true)));
        let before = if head.idr.is_some() { Before::default() } else { self.before };
        let (top, bottom, now) = before.fields(&head, sps);
        let count = match head.field {
            None => top.min(bottom),
            Some(Field::Top) => top,
            Some(Field::Bottom) => bottom,
        };
        self.before = match (forgets_all, head.field) {
            (false, _) => now,
            (true, Some(Field::Bottom)) => Before::default(),
            (true, _) => Before { lsb: top - count, ..Before::default() },
        };
        let restarts = head.idr.is_some() || forgets_all;
        Ok(Count { restarts, count: if forgets_all { 0 } else { count }, is_lost: false })
    }
}

impl Before {
    /// TopFieldOrderCnt and BottomFieldOrderCnt, and what is carried on. Both are told, also of a single field.
    fn fields(self, head: &SliceHead, sps: &SeqParameterSet) -> (i64, i64, Self) {
        let max_frame_num = 1 << sps.log2_max_frame_num();
        let frame_num = i64::from(head.frame_num);
        let wraps = self.frame_num > frame_num;
        let frame_num_offset = self.frame_num_offset + if wraps { max_frame_num } else { 0 };
        let now = Self { frame_num_offset, frame_num, ..self };
        match &sps.pic_order_cnt {
            PicOrderCntType::TypeZero { log2_max_pic_order_cnt_lsb_minus4 } => {
                let max_lsb = 1 << (log2_max_pic_order_cnt_lsb_minus4 + 4);
                let lsb = head.order[0];
                let msb = most_significant(lsb, self.lsb, self.msb, max_lsb);
                let top = msb + lsb;
                let now = if head.is_reference { Self { msb, lsb, ..now } } else { now };
                (top, top + head.order[1], now)
            }
            PicOrderCntType::TypeOne {
                offset_for_non_ref_pic,
                offset_for_top_to_bottom_field,
                offsets_for_ref_frame,
                ..
            } => {
                let passed = frame_num_offset + frame_num - i64::from(!head.is_reference);
                let mut expected = expected_of_cycles(passed, offsets_for_ref_frame);
                if !head.is_reference {
                    expected = expected.wrapping_add(i64::from(*offset_for_non_ref_pic));
                }
                let top = expected.wrapping_add(head.order[0]);
                let bottom = top.wrapping_add(i64::from(*offset_for_top_to_bottom_field)).wrapping_add(head.order[1]);
                (top, bottom, now)
            }
            PicOrderCntType::TypeTwo => {
                let count = 2 * (frame_num_offset + frame_num) - i64::from(!head.is_reference);
                (count, count, now)
            }
        }
    }
}

/// PicOrderCntMsb (8-3 here, 8-1 in H.265): the nearest value whose least significant bits are these.
pub(crate) fn most_significant(lsb: i64, lsb_before: i64, msb_before: i64, max_lsb: i64) -> i64 {
    if lsb < lsb_before && lsb_before - lsb >= max_lsb / 2 {
        msb_before + max_lsb
    } else if lsb > lsb_before && lsb - lsb_before > max_lsb / 2 {
        msb_before - max_lsb
    } else {
        msb_before
    }
}

/// expectedDeltaPicOrderCnt (8.2.1.2) after so many frames; numbers beyond all reason wrap around.
fn expected_of_cycles(frames: i64, offsets: &[i32]) -> i64 {
    let sum = |offsets: &[i32]| offsets.iter().map(|&offset| i64::from(offset)).sum::<i64>();
    let Some(last) = (frames - 1).checked_rem(offsets.len() as i64).filter(|_| frames > 0) else { return 0 };
    let cycles = (frames - 1) / offsets.len() as i64;
    cycles.wrapping_mul(sum(offsets)).wrapping_add(sum(&offsets[..=last as usize]))
}
