//! The sample index, in both formats that recordings have: how many bytes a frame it takes, and how long a sample takes to be
//! read by each walk.
//!
//! Sizes are those of `testdata/x264_frame_sizes.txt`; durations jitter as cameras' do in four ways.

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use lunette::media::sample_index::{Sample, columns, encode, encode_format1, samples};
use std::hint::black_box;

/// How the times of frames go astray from an even beat.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// 90 kHz, without fault.
    Even,
    /// Even, counted in milliseconds.
    Milliseconds,
    /// Some 0.2 ms early or late.
    Good,
    /// Some 3 ms early or late.
    Poor,
}

const CLOCKS: [Clock; 4] = [Clock::Even, Clock::Milliseconds, Clock::Good, Clock::Poor];

/// A minute or so at 30 frames a second.
fn minute(clock: Clock) -> Vec<Sample> {
    let mut random = 1u32;
    let mut within = |most: i64| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i64::from(random >> 8) % (2 * most + 1) - most
    };
    let mut time_of = |n: i64| match clock {
        Clock::Even => 3000 * n,
        Clock::Milliseconds => 100 * n / 3 * 90,
        Clock::Good => 3000 * n + within(18),
        Clock::Poor => 3000 * n + (within(135) + within(135)),
    };
    let sizes = include_str!("../testdata/x264_frame_sizes.txt");
    let group = |line: &'static str| line.split(' ').enumerate().map(|(n, bytes)| (n == 0, bytes.parse().unwrap()));
    let mut time = 0;
    let sample = |(n, (is_key, bytes))| {
        let next = time_of(n);
        let duration_90k = (next - std::mem::replace(&mut time, next)) as i32;
        Sample { duration_90k, bytes, is_key, composition_90k: 0 }
    };
    (1..).zip(sizes.lines().flat_map(group)).map(sample).collect()
}

type Encode = fn(&[Sample]) -> Vec<u8>;

const FORMATS: [(u8, Encode); 2] = [(1, encode_format1), (2, encode)];

fn sizes() {
    for (clock, (number, encode)) in CLOCKS.into_iter().flat_map(|clock| FORMATS.map(|format| (clock, format))) {
        let minute = minute(clock);
        let bytes = encode(&minute).len() as f64 / minute.len() as f64;
        println!("format {number}, {clock:?}: {bytes:.2} bytes a frame");
    }
}

fn walks(group: &mut BenchmarkGroup<'_, WallTime>, minute: &[Sample], index: &[u8]) {
    let mut entries = vec![[0u8; 8]; minute.len()];
    let mut sizes = vec![[0u8; 4]; minute.len()];
    let entry = |n: u32| (1 << 32 | u64::from(n)).to_be_bytes();
    group.bench_function("stts", |b| b.iter(|| columns::durations(black_box(index), &mut entries, entry).unwrap()));
    group.bench_function("stsz", |b| {
        b.iter(|| columns::sizes(black_box(index), &mut sizes, u32::to_be_bytes).unwrap());
    });
    group.bench_function("stss", |b| {
        b.iter(|| {
            let mut sum = 0;
            columns::keys(black_box(index), minute.len(), |number| sum += number).unwrap();
            sum
        });
    });
    group.bench_function("all", |b| {
        b.iter(|| {
            let sums = samples(black_box(index)).try_fold((0u64, 0i64), |(bytes, duration), sample| {
                sample.map(|s| (bytes + u64::from(s.bytes), duration + i64::from(s.duration_90k)))
            });
            sums.expect("it was just encoded")
        });
    });
}

fn bench(c: &mut Criterion) {
    sizes();
    for (clock, (number, encode)) in CLOCKS.into_iter().flat_map(|clock| FORMATS.map(|format| (clock, format))) {
        let minute = minute(clock);
        let mut group = c.benchmark_group(format!("index {number} {clock:?}"));
        group.throughput(Throughput::Elements(minute.len() as u64));
        walks(&mut group, &minute, &encode(&minute));
        group.bench_function("encode", |b| b.iter(|| encode(black_box(&minute))));
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
