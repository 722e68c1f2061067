//! `Timeline`: the recordings of one stream, one after the other, with a hole after each run.

use crate::START;
use crate::minute::{Minute, Random};
use lunette::base::{MediaDuration, RecordingId, StreamId, WallDuration, WallTime};
use lunette::media::recording::{Cause, EndReason, Flags};
use lunette::media::{Recording, SampleEntry, sample_index};
use lunette::store::{Camera, ClosedRecording, Gap, Stream, StreamKind};
use std::sync::Arc;
use uuid::Uuid;

/// The minutes that streams of a kind take in turn. They are different enough for any measurement.
#[derive(Debug)]
pub(super) struct Profile {
    inner: Vec<Minute>,
    /// The end of a run.
    last: Minute,
}

impl Profile {
    pub(super) fn new(fps: u32, bytes_a_second: u32, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut minute = |ends_run| Minute::new(fps, bytes_a_second, &mut random, ends_run);
        Self { inner: (0..DIFFERENT).map(|_| minute(false)).collect(), last: minute(true) }
    }
}

/// What a stream has recorded so far.
#[derive(Debug)]
pub(super) struct Timeline {
    stream: StreamId,
    camera: Uuid,
    kind: StreamKind,
    boot_id: Uuid,
    profile: Arc<Profile>,
    entry: Arc<SampleEntry>,
    /// Which one of how many streams.
    place: (u32, u32),
    number: u32,
    run_start: u32,
    start: WallTime,
    media_offset: MediaDuration,
}

impl Timeline {
    pub(super) fn new(
        camera: &Camera,
        stream: &Stream,
        place: (u32, u32),
        boot_id: Uuid,
        profile: Arc<Profile>,
        entry: Arc<SampleEntry>,
    ) -> Self {
        // Rotation is spread over the streams.
        let start = START + WallDuration(i64::from(place.0) * 60 * 90_000 / i64::from(place.1));
        let (camera, kind, stream) = (camera.uuid, stream.kind, stream.id);
        let media_offset = MediaDuration::ZERO;
        Self { stream, camera, kind, boot_id, profile, entry, place, number: 0, run_start: 1, start, media_offset }
    }

    pub(super) fn is_first(&self) -> bool {
        self.place.0 == 0
    }

    /// The next recording, and the hole behind it.
    pub(super) fn next(&mut self) -> (ClosedRecording, Option<Gap>) {
        self.number += 1;
        let ends_run = self.number.is_multiple_of(RECORDINGS_A_RUN);
        let some = self.number as usize * 7 + self.place.0 as usize;
        let minute = if ends_run { &self.profile.last } else { &self.profile.inner[some % DIFFERENT] };
        // The cameras' clocks are not quite right.
        let drift = WallDuration(i64::from(self.place.0) * 27);
        let media_duration = MediaDuration(minute.media_90k);
        let recording = Recording {
            id: RecordingId::new(self.stream, self.number),
            sequence: u64::from(self.number - 1) * u64::from(self.place.1) + u64::from(self.place.0) + 1,
            // That of the store which is being made.
            open_id: 1,
            run_start: RecordingId::new(self.stream, self.run_start),
            start: self.start,
            wall_duration: media_duration.as_wall() + drift,
            media_duration,
            media_offset: self.media_offset,
            local_delta: drift,
            sample_file_bytes: minute.bytes,
            video_samples: minute.samples,
            video_sync_samples: minute.keys,
            sample_entry_id: 1,
            index_format: sample_index::FORMAT,
            flags: if ends_run { Flags::TRAILING_ZERO } else { Flags::default() },
            growing: false,
            end_reason: ends_run.then(|| EndReason::new(Cause::Silent, "").to_string()),
        };
        let end = recording.end();
        let closed = ClosedRecording {
            camera: self.camera,
            kind: self.kind,
            boot_id: self.boot_id,
            clock_offset: WallDuration(0),
            sample_entry: self.entry.clone(),
            video_index: minute.index.clone(),
            blake3: [0; 32],
            recording,
        };
        self.start = end;
        self.media_offset += media_duration;
        let gap = ends_run.then(|| self.end_run());
        (closed, gap)
    }

    fn end_run(&mut self) -> Gap {
        let end = self.start + HOLE;
        let cause = Cause::Silent.words().into();
        let gap = Gap { start: self.start, end: Some(end), cause, detail: String::new() };
        (self.start, self.run_start, self.media_offset) = (end, self.number + 1, MediaDuration::ZERO);
        gap
    }
}

/// How many minutes of each kind are made.
const DIFFERENT: usize = 256;
/// A little more than a day: 25 hours are one piece.
const RECORDINGS_A_RUN: u32 = 1530;
/// From a run to the next.
const HOLE: WallDuration = WallDuration(7 * 90_000);
