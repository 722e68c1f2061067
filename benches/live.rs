//! What a live frame costs the recorder, and what watching costs: `cargo bench --bench live`.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lunette::base::{MediaDuration, RecordingId, StreamId, WallTime};
use lunette::live::frames::{Opened, Publisher};
use lunette::live::{Frames, News, Subscription};
use lunette::media::SampleEntry;
use lunette::media::growing::{Append, IndexBytes, Progress};
use std::sync::Arc;

const FRAME: i64 = 3_000;
const GROUP: i64 = 60;

struct Camera {
    publisher: Publisher,
    data: Bytes,
    at: i64,
}

impl Camera {
    fn new(frames: &Frames, stream: StreamId) -> Self {
        let mut publisher = frames.publisher(stream);
        let sample_entry = Arc::new(SampleEntry {
            data: Bytes::from_static(b"\0\0\0\x08avc1"),
            width: 1920,
            height: 1080,
            pixel_aspect: (1, 1),
            rfc6381_codec: "avc1.4d401f".to_owned(),
        });
        let (id, media_offset) = (RecordingId::new(stream, 1), MediaDuration::ZERO);
        publisher.open(Opened { id, starts_run: true, media_offset, sample_entry_id: 1, sample_entry });
        Self { publisher, data: vec![1; 16 << 10].into(), at: 0 }
    }

    fn frame(&mut self) {
        let media_duration = MediaDuration(self.at);
        let progress = Progress { start: WallTime(0), media_duration, ..Progress::default() };
        let is_key = self.at % (GROUP * FRAME) == 0;
        self.publisher.append(&Append {
            data: self.data.clone(),
            is_key,
            composition_90k: 0,
            lists_before: false,
            index: IndexBytes::default(),
            progress,
        });
        self.at += FRAME;
    }
}

fn read(subscription: &mut Subscription) -> usize {
    match subscription.look() {
        Some(News::Frames { frames, .. }) => frames.len(),
        _ => 0,
    }
}

fn live(c: &mut Criterion) {
    let stream = StreamId::new(1).expect("1 is an id");
    let frames = Frames::default();
    let mut camera = Camera::new(&frames, stream);
    c.bench_function("publish, nobody watches", |b| b.iter(|| camera.frame()));

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    for _ in 0..50 {
        let mut subscription = frames.subscribe(stream);
        runtime.spawn(async move {
            loop {
                subscription.next().await;
            }
        });
    }
    // As frames come: everybody waits when the next one does.
    let pause = || std::thread::sleep(std::time::Duration::from_millis(1));
    c.bench_function("publish, 50 watch", |b| {
        b.iter_batched(pause, |()| camera.frame(), BatchSize::PerIteration);
    });
    drop(runtime);

    while camera.at % (GROUP * FRAME) != 0 {
        camera.frame();
    }
    camera.frame();
    c.bench_function("begin to watch: 60 frames", |b| {
        let mut other = Camera::new(&frames, StreamId::new(2).expect("2 is an id"));
        (0..GROUP).for_each(|_| other.frame());
        b.iter(|| {
            let mut subscription = frames.subscribe(StreamId::new(2).expect("2 is an id"));
            (0..4).map(|_| read(&mut subscription)).sum::<usize>()
        });
    });
}

criterion_group!(benches, live);
criterion_main!(benches);
