//! `MediaSegment`: a line of a playlist.

use crate::base::{MediaDuration, RecordingId, WallTime};
use crate::media::{MediaPart, Recording};
use std::ops::Range;

/// A stretch of one recording that begins with a key frame. Its address and its bytes never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaSegment {
    /// Whose.
    pub recording: RecordingId,
    /// Counted from the recording's start; not empty.
    pub media: Range<MediaDuration>,
    /// When its first frame was captured.
    pub wall: WallTime,
    /// From the start of the run to its first frame.
    pub decode_time: MediaDuration,
    /// The first recording of its run.
    pub run: RecordingId,
    /// How to decode it.
    pub sample_entry_id: i32,
}

impl MediaSegment {
    /// A stretch of a recording.
    pub fn new(recording: &Recording, media: Range<MediaDuration>) -> Self {
        Self {
            recording: recording.id,
            wall: recording.start + media.start.as_wall(),
            decode_time: recording.media_offset + media.start,
            run: recording.run_start,
            sample_entry_id: recording.sample_entry_id,
            media,
        }
    }

    /// How long its frames last.
    pub fn duration(&self) -> MediaDuration {
        self.media.end - self.media.start
    }

    /// Decode times and parameters are those that the one before leads to; else there is a discontinuity between them.
    pub fn goes_on(&self, before: &Self) -> bool {
        let same = (self.run, self.sample_entry_id) == (before.run, before.sample_entry_id);
        same && self.decode_time == before.decode_time + before.duration()
    }

    /// As its address names it.
    pub fn part(&self) -> MediaPart {
        MediaPart { number: self.recording.number(), media: self.media.clone() }
    }
}
