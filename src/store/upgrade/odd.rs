//! What the index of an old recording says, and what is odd about it.

use crate::base::{Error, Kind, Result};
use crate::media::sample_index;

/// Sums over the samples of an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) samples: u32,
    pub(super) sync_samples: u32,
    pub(super) bytes: u64,
    pub(super) duration_90k: i64,
    /// The last sample has no duration.
    pub(super) ends_in_zero: bool,
}

impl Sums {
    /// Of a whole index; an error where it cannot be read, and of an empty one.
    pub(super) fn of(index: &[u8]) -> Result<Self> {
        let mut sums = Self::default();
        // What looks like one of a later format is none: the original had no other.
        if sample_index::format(index) != INDEX_FORMAT {
            return Err(Error::new(Kind::Corrupt, "video index: it begins with no duration"));
        }
        for sample in sample_index::samples(index) {
            let sample = sample?;
            sums.samples += 1;
            sums.sync_samples += u32::from(sample.is_key);
            sums.bytes += u64::from(sample.bytes);
            sums.duration_90k += i64::from(sample.duration_90k);
            sums.ends_in_zero = sample.duration_90k == 0;
        }
        match sums.samples {
            0 => Err(Error::new(Kind::Corrupt, "video index: it is empty")),
            _ => Ok(sums),
        }
    }

    /// What a row says otherwise, in words.
    pub(super) fn differing_from(&self, row: &Self) -> Option<String> {
        let said = |what: &str, index: i64, row: i64| format!("its row says {row} {what}, its index has {index}");
        let pairs = [
            ("frames", self.samples.into(), row.samples.into()),
            ("key frames", self.sync_samples.into(), row.sync_samples.into()),
            ("bytes", self.bytes as i64, row.bytes as i64),
            ("units of duration", self.duration_90k, row.duration_90k),
        ];
        pairs.into_iter().find(|(_, index, row)| index != row).map(|(what, index, row)| said(what, index, row))
    }
}

/// The only one that the original had.
pub(super) const INDEX_FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_summed_up_and_compared() {
        let index = [0x29, 0xd0, 0x0f, 0x02, 0x14, 0x08, 0x0a, 0x02, 0x05, 0x01, 0x64];
        let sums = Sums::of(&index).unwrap();
        let expected = Sums { samples: 5, sync_samples: 2, bytes: 2087, duration_90k: 50, ends_in_zero: false };
        assert_eq!(sums, expected);
        assert_eq!(sums.differing_from(&Sums { ends_in_zero: true, ..sums }), None);
        let row = Sums { bytes: 7, ..sums };
        assert_eq!(sums.differing_from(&row).unwrap(), "its row says 7 bytes, its index has 2087");
        assert_eq!(Sums::of(&[]).unwrap_err().to_string(), "video index: it is empty");
        assert!(Sums::of(&index[..4]).is_err());
    }
}
