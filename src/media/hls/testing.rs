//! Recordings for the tests of this room.

use crate::base::{MediaDuration, RecordingId, StreamId, WallDuration, WallTime};
use crate::media::recording::Flags;
use crate::media::sample_index::{self, Sample};
use crate::media::{Recording, Segment};
use std::ops::Range;

/// A recording with its index.
pub(crate) struct Film {
    pub(crate) recording: Recording,
    pub(crate) index: Vec<u8>,
}

/// The recording of this number and its own run, starting at 1970-01-01, with frames of these durations; true for a key
/// frame.
pub(crate) fn recording(number: u32, frames: &[(i32, bool)]) -> Film {
    let samples =
        frames.iter().map(|&(duration_90k, is_key)| Sample { duration_90k, bytes: 100, is_key, composition_90k: 0 });
    let index = sample_index::encode(&samples.collect::<Vec<_>>());
    let id = RecordingId::new(StreamId::new(1).unwrap(), number);
    let duration = frames.iter().map(|f| i64::from(f.0)).sum();
    let ends_in_zero = frames.last().is_some_and(|f| f.0 == 0);
    let recording = Recording {
        id,
        sequence: number.into(),
        open_id: 1,
        run_start: id,
        start: WallTime(0),
        wall_duration: WallDuration(duration),
        media_duration: MediaDuration(duration),
        media_offset: MediaDuration::ZERO,
        local_delta: WallDuration::ZERO,
        sample_file_bytes: 100 * frames.len() as u64,
        video_samples: frames.len() as u32,
        video_sync_samples: frames.iter().filter(|f| f.1).count() as u32,
        sample_entry_id: 1,
        index_format: sample_index::FORMAT,
        flags: if ends_in_zero { Flags::TRAILING_ZERO } else { Flags::default() },
        growing: false,
        end_reason: None,
    };
    Film { recording, index }
}

impl Film {
    /// What the media segment of this part has.
    pub(crate) fn try_segment(&self, part: Range<MediaDuration>) -> Option<Segment> {
        let index = || Ok(self.index.clone().into());
        let segment = Segment::of_media(&self.recording, part, index).unwrap()?;
        Some(segment.lasting(index).unwrap())
    }

    pub(crate) fn segment(&self, part: Range<MediaDuration>) -> Segment {
        self.try_segment(part).expect("it has frames")
    }
}
