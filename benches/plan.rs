//! Planned files: a span of one-minute recordings at 30 frames per second, and ranges read out of it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lunette::base::{Error, Kind, MediaDuration, RecordingId, Result, StreamId, WallDuration, WallTime};
use lunette::media::mp4::{Builder, Piece, Plan, Style};
use lunette::media::recording::Flags;
use lunette::media::sample_index::{self, Sample};
use lunette::media::{Recording, SampleEntry, Selection};
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;

/// Minutes of 30 frames per second that all have the same index.
struct Minutes {
    recordings: Vec<Recording>,
    index: Arc<[u8]>,
    entry: Arc<SampleEntry>,
}

impl Minutes {
    fn new(count: u32) -> Self {
        let sample = |i: u32| Sample {
            duration_90k: 3000,
            bytes: 15_000 + i % 512,
            is_key: i.is_multiple_of(60),
            composition_90k: 0,
        };
        let samples: Vec<_> = (0..1800).map(sample).collect();
        let index = sample_index::encode(&samples);
        let bytes = samples.iter().map(|s| u64::from(s.bytes)).sum();
        let stream = StreamId::new(1).expect("1 is an id");
        let recording = |i: u32| Recording {
            id: RecordingId::new(stream, i + 1),
            sequence: i.into(),
            open_id: 1,
            run_start: RecordingId::new(stream, 1),
            start: WallTime(i64::from(i) * 5_400_000),
            wall_duration: WallDuration(5_400_000),
            media_duration: MediaDuration(5_400_000),
            media_offset: MediaDuration(i64::from(i) * 5_400_000),
            local_delta: WallDuration::ZERO,
            sample_file_bytes: bytes,
            video_samples: 1800,
            video_sync_samples: 30,
            sample_entry_id: 1,
            index_format: sample_index::FORMAT,
            flags: Flags::default(),
            growing: false,
            end_reason: None,
        };
        let data = b"\0\0\0\x08avc1".to_vec().into();
        let entry = SampleEntry { data, width: 1920, height: 1080, pixel_aspect: (1, 1), rfc6381_codec: "avc1".into() };
        Self { recordings: (0..count).map(recording).collect(), index: index.into(), entry: entry.into() }
    }

    /// All but the first and last second.
    fn plan(&self) -> Result<Plan> {
        let end = WallTime(self.recordings.len() as i64 * 5_400_000 - 90_000);
        let mut span = Selection::Span(WallTime(90_000)..end);
        let mut builder = Builder::new(Style::default(), |_| Ok(self.index.clone()));
        for recording in &self.recordings {
            builder.add(recording, &self.entry, span.next(recording))?;
        }
        builder.finish()
    }

    /// What is made of a range; film is only counted.
    fn read(&self, plan: &Plan, range: Range<u64>) -> Result<u64> {
        plan.pieces(range).try_fold(0, |sum, (piece, part)| {
            if let Piece::Film { .. } = piece {
                return Ok(sum + part.end - part.start);
            }
            let made = plan.generate(&piece, &self.index)?;
            let wanted = made.get(part.start as usize..part.end as usize);
            let wanted = wanted.ok_or_else(|| Error::new(Kind::Internal, "a piece is too short"))?;
            Ok(sum + black_box(wanted).len() as u64)
        })
    }
}

fn bench(c: &mut Criterion) {
    for (name, count) in [("1 h", 60), ("24 h", 1440)] {
        let minutes = Minutes::new(count);
        let mut group = c.benchmark_group(name);
        group.bench_function("plan", |b| b.iter(|| minutes.plan().expect("it has film")));
        let plan = minutes.plan().expect("it has film");
        let mut read = |what: &str, range: Range<u64>| {
            group.throughput(Throughput::Bytes(range.end - range.start));
            group.bench_function(what, |b| {
                b.iter(|| minutes.read(&plan, black_box(range.clone())).expect("all indexes are there"))
            });
        };
        read("all before the film", 0..plan.film_offset());
        read("1 KiB in the middle of the tables", plan.film_offset() / 2..plan.film_offset() / 2 + 1024);
        read("pieces of the film", plan.film_offset()..plan.len());
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
