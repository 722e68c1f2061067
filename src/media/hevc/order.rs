//! `Counter`: picture order counts of H.265 (ISO/IEC 23008-2 8.3.1), and which pictures cannot be decoded.

use crate::base::{Error, Kind, Result};
use crate::media::avc::order::most_significant;
use crate::media::hevc::pps::Pps;
use crate::media::hevc::slice::SliceStart;
use crate::media::hevc::sps::Sps;
use crate::media::hevc::{unit, unit_type};
use crate::media::picture_order::Count;
use std::collections::BTreeMap;

/// Counts the pictures of one stream, in decoding order.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    sequences: BTreeMap<u8, Sps>,
    pictures: BTreeMap<u8, Pps>,
    /// prevTid0Pic: PicOrderCntMsb and slice_pic_order_cnt_lsb of the newest picture that others may count from.
    before: (i64, i64),
    /// A CRA picture goes on with the counting: there was a picture to begin at, and no end of sequence since.
    goes_on: bool,
    /// RASL pictures refer to ones before the beginning.
    loses_skipped_leading: bool,
}

impl Counter {
    /// Remembers a parameter set; others and broken ones change nothing.
    pub(crate) fn learn(&mut self, nal: &[u8]) {
        match unit_type(nal) {
            unit::SPS => {
                if let Ok(sps) = Sps::parse(nal) {
                    self.sequences.insert(sps.id, sps);
                }
            }
            unit::PPS => {
                if let Ok(pps) = Pps::parse(nal) {
                    self.pictures.insert(pps.id, pps);
                }
            }
            _ => {}
        }
    }

    /// The count of the picture that begins with this slice segment, and behind which a sequence may end. An error when its parameter sets are not known, when
    /// it is not the first of its picture, and when it breaks off.
    pub(crate) fn count(&mut self, slice: &[u8], ends_sequence: bool) -> Result<Count> {
        let goes_on = self.goes_on;
        self.goes_on &= !ends_sequence;
        let unit_type = unit_type(slice);
        let start = SliceStart::parse(slice)?;
        let unknown = || Error::new(Kind::Camera, "a slice of parameter sets that did not come");
        let pps = self.pictures.get(&start.pps_id).ok_or_else(unknown)?;
        let sps = self.sequences.get(&pps.sps_id).ok_or_else(unknown)?;
        let lsb = i64::from(start.order_lsb(unit_type, pps, sps)?);
        // NoRaslOutputFlag (8.1.3).
        let is_random_access = (unit::BLA_W_LP..=unit::RESERVED_IRAP_23).contains(&unit_type);
        let restarts = is_random_access && (unit_type != unit::CRA || !goes_on);
        let msb = match restarts {
            true => 0,
            false => most_significant(lsb, self.before.1, self.before.0, 1 << sps.log2_max_order),
        };
        if is_random_access {
            self.goes_on = !ends_sequence;
            self.loses_skipped_leading = restarts;
        }
        let is_leading = (unit::RADL_N..=unit::RASL_R).contains(&unit_type);
        let is_sub_layer_non_reference = unit_type <= unit::RESERVED_NON_REFERENCE_14 && unit_type.is_multiple_of(2);
        let temporal_id = slice[1] & 7;
        if temporal_id == 1 && !is_leading && !is_sub_layer_non_reference {
            self.before = (msb, lsb);
        }
        let is_skipped_leading = matches!(unit_type, unit::RASL_N | unit::RASL_R);
        Ok(Count { restarts, count: msb + lsb, is_lost: is_skipped_leading && self.loses_skipped_leading })
    }
}
