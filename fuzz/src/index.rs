//! The sample index.

use lunette::media::sample_index::{Encoder, Sample, columns, samples};

/// Any bytes: samples or one error at the end. Samples keep to their invariants and have an index of their own, and the
/// fast walks over its columns say the same as the plain one, or that they cannot.
pub fn sample_index(data: &[u8]) {
    let read: Vec<_> = samples(data).collect();
    let good: Vec<Sample> = read.iter().map_while(|sample| sample.as_ref().ok().copied()).collect();
    assert!(good.len() + 1 >= read.len(), "an error is the end");
    if let [before @ .., last] = &good[..] {
        assert!(last.bytes > 0 && last.duration_90k >= 0);
        assert!(before.iter().all(|s| s.bytes > 0 && s.duration_90k > 0));
    }
    let mut encoder = Encoder::default();
    let index: Vec<u8> = good.iter().flat_map(|&sample| encoder.add(sample).to_vec()).collect();
    let again: Result<Vec<Sample>, _> = samples(&index).collect();
    assert_eq!(again.expect("an index of our own"), good);
    compare_columns(data, &good);
    compare_columns(&index, &good);
}

fn compare_columns(index: &[u8], good: &[Sample]) {
    let mut durations = vec![0; good.len()];
    if columns::durations(index, &mut durations, |d| d).is_some() {
        assert!(durations.iter().eq(good.iter().map(|s| s.duration_90k as u32).collect::<Vec<_>>().iter()));
    }
    let mut sizes = vec![0; good.len()];
    if let Some(sums) = columns::sizes(index, &mut sizes, |bytes| bytes) {
        assert!(sizes.iter().eq(good.iter().map(|s| &s.bytes)));
        assert_eq!(sums.bytes, good.iter().map(|s| u64::from(s.bytes)).sum::<u64>());
        assert_eq!(sums.sync_samples as usize, good.iter().filter(|s| s.is_key).count());
    }
    let mut keys = vec![];
    if columns::keys(index, good.len(), |key| keys.push(key as usize)).is_some() {
        assert!(keys.into_iter().eq(good.iter().enumerate().filter(|(_, s)| s.is_key).map(|(i, _)| i)));
    }
}
