//! The sample index.

use lunette::media::sample_index::{Sample, columns, encode, samples};

/// An index of any format: samples that keep to their invariants, or one error at the end. The walks by columns read what
/// the plain walk reads, or leave it to that; what was read is encoded and read again.
pub fn sample_index(data: &[u8]) {
    // A few bytes may tell of millions of samples.
    let read: Vec<_> = samples(data).take(MOST_SAMPLES).collect();
    let Ok(all) = read.iter().map(|sample| sample.as_ref().copied()).collect::<Result<Vec<Sample>, _>>() else {
        assert!(read.iter().position(Result::is_err) == Some(read.len() - 1), "an error is the end");
        return;
    };
    if let [before @ .., last] = &all[..] {
        assert!(last.bytes > 0 && last.duration_90k >= 0);
        assert!(before.iter().all(|s| s.bytes > 0 && s.duration_90k > 0));
    }
    let mut durations = vec![0; all.len()];
    if columns::durations(data, &mut durations, |d| d as i32).is_some() {
        assert!(durations.iter().eq(all.iter().map(|s| &s.duration_90k)));
    }
    let mut offsets = durations;
    if columns::compositions(data, &mut offsets, |offset| offset).is_some() {
        assert!(offsets.iter().eq(all.iter().map(|s| &s.composition_90k)));
    }
    let mut sizes = vec![0; all.len()];
    if let Some(sums) = columns::sizes(data, &mut sizes, |bytes| bytes) {
        assert!(sizes.iter().eq(all.iter().map(|s| &s.bytes)));
        assert_eq!(sums.bytes, sizes.iter().map(|&bytes| u64::from(bytes)).sum::<u64>());
        assert_eq!(sums.sync_samples as usize, all.iter().filter(|s| s.is_key).count());
    }
    let mut keys = Vec::new();
    if columns::keys(data, all.len(), |key| keys.push(key)).is_some() {
        assert!(all.iter().zip(0..).filter(|(s, _)| s.is_key).map(|(_, n)| n).eq(keys));
    }
    let again: Vec<_> = samples(&encode(&all)).map(|sample| sample.expect("an index of our own")).collect();
    assert_eq!(again, all);
}

pub(crate) const MOST_SAMPLES: usize = 20_000;
