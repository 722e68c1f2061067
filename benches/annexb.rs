//! Annex B conversion: bytes of a camera's stream in a second.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lunette::media::access_unit::Splitter;
use lunette::media::annexb::nal_units;
use lunette::media::codec::Codec;
use lunette::media::converter::Converter;
use std::hint::black_box;

const PARAMETER_SETS: &[u8] = include_bytes!("../testdata/x264_high_sar.h264");

/// Two seconds of 1080p at 4 Mbit/s and 30 frames per second: access units of four slices, as cameras send them.
fn two_seconds() -> Vec<Vec<u8>> {
    let mut random = 1u32;
    let mut noise = |length: usize| -> Vec<u8> {
        let mut bytes = vec![0; length];
        for byte in &mut bytes {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (random >> 24) as u8;
        }
        // What an encoder guarantees, at the price of a byte in 65 000.
        for at in 2..length {
            if bytes[at - 2..at] == [0, 0] {
                bytes[at] |= 4;
            }
        }
        bytes
    };
    let access_unit = |frame: u32| {
        let (header, slice_bytes) = if frame == 0 { (0x65, 60_000) } else { (0x41, 3_200) };
        let mut unit = if frame == 0 { PARAMETER_SETS.to_vec() } else { vec![] };
        for slice in 0..4u8 {
            // first_mb_in_slice 0 or 1, slice_type 0 (P) or 2 (I), pps 0, then a frame_num of its own.
            unit.extend_from_slice(&[0, 0, 1, header, if slice == 0 { 0xf0 } else { 0x5c } | (frame as u8 & 3)]);
            unit.extend(noise(slice_bytes));
        }
        unit
    };
    (0..60).map(access_unit).collect()
}

fn bench(c: &mut Criterion) {
    let units = two_seconds();
    let stream = units.concat();
    let mut group = c.benchmark_group("annexb");
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("scan", |b| b.iter(|| nal_units(black_box(&stream)).count()));
    group.bench_function("convert", |b| {
        b.iter(|| {
            let mut converter = Converter::new(Codec::H264);
            let samples = units.iter().filter_map(|unit| converter.convert(black_box(unit)).expect("a good unit"));
            samples.map(|sample| sample.data.len()).sum::<usize>()
        })
    });
    group.bench_function("split and convert", |b| {
        b.iter(|| {
            let mut splitter = Splitter::new(Codec::H264);
            let mut converter = Converter::new(Codec::H264);
            let mut bytes = 0;
            for piece in black_box(&stream).chunks(16 << 10) {
                splitter.push(piece);
                for unit in splitter.by_ref() {
                    let sample = converter.convert(&unit.expect("a good stream")).expect("a good unit");
                    bytes += sample.map_or(0, |sample| sample.data.len());
                }
            }
            bytes
        })
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
