//! `Step`: what a run asks the store to do, and what is known of a recording while it grows.

use crate::base::{MediaDuration, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::SampleEntry;
use crate::media::recording::{EndReason, Flags};
use bytes::Bytes;
use std::sync::Arc;

/// One thing to be done, in the order in which a run gives them: `Open (Append)+ Close`, again and again.
#[derive(Clone, Debug)]
pub enum Step {
    /// Begin a recording. The frames that follow are its own.
    Open(Head),
    /// Add a frame to the recording that is open.
    Append(Append),
    /// End the recording that is open; nothing is added to it any more.
    Close(Close),
}

/// What is known of a recording before its first frame.
#[derive(Clone, Debug)]
pub struct Head {
    /// The stream that it is of.
    pub stream: StreamId,
    /// It begins a run; else it goes on in the run of the recording that was closed before.
    pub starts_run: bool,
    /// The sum of the run's media durations so far.
    pub media_offset: MediaDuration,
    /// Realtime − monotonic, taken once for the run.
    pub clock_offset: WallDuration,
    /// Where it starts as far as is known; progress may still move the first recording of a run, until
    /// [`Append::lists_before`].
    pub start: WallTime,
    /// How to decode it.
    pub sample_entry: Arc<SampleEntry>,
    /// [`Flags::UNPROVEN_TIME`] and [`Flags::REORDERED`], or none.
    pub flags: Flags,
}

/// One frame, and what is now known of those before it.
#[derive(Clone, Debug)]
pub struct Append {
    /// The frame's bytes.
    pub data: Bytes,
    /// Decoding can start with it, so all before it is whole groups of pictures.
    pub is_key: bool,
    /// From its decode time to its presentation time; see [`crate::media::sample_index::Sample`].
    pub composition_90k: i32,
    /// What is before it may be listed: there are frames, in whole groups of pictures, and the start of the recording is
    /// settled; from here on progress does not move it.
    pub lists_before: bool,
    /// The index entry of the frame before this one in the recording: empty for the first.
    pub index: IndexBytes,
    /// The recording up to, and without, this frame.
    pub progress: Progress,
}

/// The end of a recording.
#[derive(Clone, Debug)]
pub struct Close {
    /// The index entry of its last frame.
    pub index: IndexBytes,
    /// The whole recording.
    pub progress: Progress,
    /// All its flags.
    pub flags: Flags,
    /// Why the run ends with it; `None` when the run goes on in the next recording.
    pub end_reason: Option<EndReason>,
}

/// Sums over the frames of a recording whose durations are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the first frame was captured.
    pub start: WallTime,
    /// See [`crate::media::Recording::wall_duration`].
    pub wall_duration: WallDuration,
    /// The sum of their durations.
    pub media_duration: MediaDuration,
    /// See [`crate::media::Recording::local_delta`].
    pub local_delta: WallDuration,
    /// Bytes of film.
    pub sample_file_bytes: u64,
    /// How many.
    pub video_samples: u32,
    /// How many of them are key frames.
    pub video_sync_samples: u32,
}

impl Progress {
    /// Makes a recording's sums these.
    pub fn put_into(&self, recording: &mut Recording) {
        recording.start = self.start;
        recording.wall_duration = self.wall_duration;
        recording.media_duration = self.media_duration;
        recording.local_delta = self.local_delta;
        recording.sample_file_bytes = self.sample_file_bytes;
        recording.video_samples = self.video_samples;
        recording.video_sync_samples = self.video_sync_samples;
    }
}

/// One entry of the index of a recording that grows, at most [`IndexBytes::MAX`] bytes, held in place.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexBytes {
    len: u8,
    bytes: [u8; Self::MAX],
}

impl IndexBytes {
    /// The byte that begins an index, and three varints of at most five bytes.
    pub const MAX: usize = 16;

    /// Adds a byte. Panics when there are [`Self::MAX`] already: no entry has more.
    pub fn push(&mut self, byte: u8) {
        self.bytes[usize::from(self.len)] = byte;
        self.len += 1;
    }
}

impl std::ops::Deref for IndexBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl std::fmt::Debug for IndexBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
