//! `Recorder`: a camera's run without a camera, into the store of a `Server`.

use bytes::Bytes;
use lunette::base::{MonoTime, StreamId, WallDuration, WallTime};
use lunette::media::growing::Step;
use lunette::media::recording::{Cause, EndReason};
use lunette::media::run::{Run, Terms};
use lunette::media::{Frame, SampleEntry};
use lunette::store::{Growing, Store};
use std::sync::Arc;

/// Records a frame a second, a key frame every second one.
pub(crate) struct Recorder {
    store: Arc<Store>,
    run: Run,
    growing: Option<Growing>,
    sample_entry: Arc<SampleEntry>,
    frames: i64,
    frame_bytes: usize,
    /// How long after it was captured a frame arrives, by its number.
    delay: fn(i64) -> i64,
}

/// 2025-05-01T00:00:00Z
pub(crate) const START: WallTime = WallTime(1_746_057_600 * 90_000);

impl Recorder {
    /// From [`START`] on.
    pub(crate) fn new(store: &Arc<Store>, stream: StreamId, frame_bytes: usize) -> Self {
        let sample_entry = SampleEntry {
            data: Bytes::from_static(b"\0\0\0\x08avc1"),
            width: 64,
            height: 48,
            pixel_aspect: (1, 1),
            rfc6381_codec: "avc1.640028".to_owned(),
        };
        let terms = Terms { stream, clock_offset: WallDuration(START.0), unproven: false };
        let (store, run, sample_entry) = (store.clone(), Run::new(terms), Arc::new(sample_entry));
        Self { store, run, growing: None, sample_entry, frames: 0, frame_bytes, delay: |_| 0 }
    }

    /// The first four seconds come in a burst, and each later frame a little less delayed than the one before.
    pub(crate) fn jittered(store: &Arc<Store>, stream: StreamId, frame_bytes: usize) -> Self {
        let delay = |n: i64| (4 * 90_000 - n * 90_000).max(45_000 - n * 200);
        Self { delay, ..Self::new(store, stream, frame_bytes) }
    }

    /// So many frames more. What they make whole is listed then.
    pub(crate) fn frames(&mut self, count: i64) {
        for _ in 0..count {
            let at = self.frames * 90_000;
            let seed = self.frames as u32;
            let data: Vec<u8> =
                (0..self.frame_bytes as u32).map(|i| ((i ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let frame = Frame {
                pts_90k: at,
                arrived: MonoTime(at + (self.delay)(self.frames)),
                is_key: self.frames % 2 == 0,
                is_skipped_leading: false,
                is_bidirectional: false,
                data: data.into(),
                sample_entry: self.sample_entry.clone(),
                lost_packets: 0,
            };
            let mut steps = Vec::new();
            self.run.push(&frame, &mut steps).unwrap();
            self.take(steps);
            self.frames += 1;
            if self.frames % 8 == 0 {
                // Else the disk is told to be behind.
                self.store.flush().unwrap();
            }
        }
        self.store.flush().unwrap();
    }

    /// The end of the run; not yet a row.
    pub(crate) fn end(&mut self) {
        let mut steps = Vec::new();
        self.run.finish(EndReason::new(Cause::Stopped, ""), &mut steps);
        self.take(steps);
    }

    fn take(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Open(head) => self.growing = Some(self.store.begin(head).unwrap()),
                Step::Append(append) => self.growing.as_mut().unwrap().append(append).unwrap(),
                Step::Close(close) => self.growing.take().unwrap().close(close),
            }
        }
    }
}
