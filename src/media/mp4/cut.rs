//! Tables of a segment that is a part of its recording: those at both ends of nearly every film.

use crate::media::mp4::table::{Row, SampleTable, stts_entry};
use crate::media::sample_index::columns;

impl Row {
    /// Writes its entries by the fast walks over all of its recording, which cost less than the plain one over a part.
    /// `None` where the plain walk has to look.
    pub(super) fn cut(&self, table: SampleTable, index: &[u8], out: &mut [u8]) -> Option<()> {
        let segment = &self.segment;
        let count = columns::samples(index)? as usize;
        let part = segment.samples.start as usize..segment.samples.end as usize;
        match table {
            SampleTable::Stts => {
                let mut all = vec![0; count];
                columns::durations(index, &mut all, |duration| duration)?;
                let (entries, _) = out.as_chunks_mut();
                for (entry, &duration) in entries.iter_mut().zip(all.get(part)?) {
                    *entry = stts_entry(duration);
                }
                if let (Some(last), Some(duration)) = (entries.last_mut(), segment.last_duration_90k) {
                    *last = stts_entry(duration.unsigned_abs());
                }
            }
            // Few films have it.
            SampleTable::Ctts => return None,
            SampleTable::Stsz => {
                let mut all = vec![0; count];
                columns::sizes(index, &mut all, |bytes| bytes)?;
                let sizes = all.get(part.clone())?;
                let sum = |sizes: &[u32]| sizes.iter().map(|&bytes| u64::from(bytes)).sum::<u64>();
                let start = sum(&all[..part.start]);
                let mut sync_samples = 0;
                columns::keys(index, count, |key| sync_samples += u32::from(segment.samples.contains(&key)))?;
                if (start..start + sum(sizes), sync_samples) != (segment.bytes.clone(), segment.sync_samples) {
                    return None;
                }
                for (entry, bytes) in out.as_chunks_mut().0.iter_mut().zip(sizes) {
                    *entry = bytes.to_be_bytes();
                }
            }
            SampleTable::Stss => {
                let mut entries = out.as_chunks_mut().0.iter_mut();
                let mut too_many = false;
                columns::keys(index, count, |key| {
                    if segment.samples.contains(&key) {
                        match entries.next() {
                            Some(entry) => {
                                *entry = (self.before.samples + (key - segment.samples.start) + 1).to_be_bytes();
                            }
                            None => too_many = true,
                        }
                    }
                })?;
                return (!too_many && entries.len() == 0 && part.end <= count).then_some(());
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::mp4::table::Totals;
    use crate::media::mp4::table::tests::row;
    use crate::media::sample_index::{Sample, encode};

    #[test]
    fn the_ends_of_a_film_take_fast_walks() {
        let sample = |i: u32| Sample {
            duration_90k: 2_990 + i as i32 * 7 % 20,
            bytes: if i.is_multiple_of(60) { 90_000 } else { 12_000 } + i * 104_729 % 9000,
            is_key: i.is_multiple_of(60),
            composition_90k: 0,
        };
        let all: Vec<Sample> = (0..1800).map(sample).collect();
        let index = encode(&all);
        for (from, to) in [(60, 1800), (0, 1699), (120, 121)] {
            let mut row = row(&all[from..to]);
            let before: u64 = all[..from].iter().map(|s| u64::from(s.bytes)).sum();
            row.segment.samples = from as u32..to as u32;
            row.segment.bytes = before..before + row.segment.bytes.end;
            for table in [SampleTable::Stts, SampleTable::Stss, SampleTable::Stsz] {
                let mut out = vec![0; Totals::of(&row).bytes_in(table) as usize];
                assert_eq!(row.cut(table, &index, &mut out), Some(()), "{table:?} of {from} to {to}");
            }
        }
    }

    #[test]
    fn an_index_that_claims_absurdly_many_samples_takes_no_memory() {
        // Four billion of them, and columns without a byte.
        let index = [2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0, 0, 0, 0, 0];
        assert_eq!(columns::samples(&index), None);
    }
}
