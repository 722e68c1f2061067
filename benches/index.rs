//! The sample index: samples read and written in a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lunette::media::sample_index::{Encoder, Sample, samples};
use std::hint::black_box;

/// A minute at 30 frames per second whose durations jitter a little and whose sizes do a lot.
fn minute() -> Vec<Sample> {
    let mut random = 1u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % below
    };
    let sample = |i: u32| {
        let is_key = i.is_multiple_of(60);
        let bytes = if is_key { 90_000 + next(9_000) } else { 12_000 + next(9_000) };
        Sample { duration_90k: 2_990 + next(20) as i32, bytes, is_key }
    };
    (0..1800).map(sample).collect()
}

fn encode(samples: &[Sample]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut index = Vec::with_capacity(4 * samples.len());
    for sample in samples {
        index.extend_from_slice(&encoder.add(*sample));
    }
    index
}

fn bench(c: &mut Criterion) {
    let minute = minute();
    let index = encode(&minute);
    let mut group = c.benchmark_group("index");
    group.throughput(Throughput::Elements(minute.len() as u64));
    group.bench_function("walk", |b| {
        b.iter(|| {
            let sums = samples(black_box(&index)).try_fold((0u64, 0i64), |(bytes, duration), sample| {
                sample.map(|s| (bytes + u64::from(s.bytes), duration + i64::from(s.duration_90k)))
            });
            sums.expect("it was just encoded")
        })
    });
    group.bench_function("encode", |b| b.iter(|| encode(black_box(&minute))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
