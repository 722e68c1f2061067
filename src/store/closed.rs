//! `ClosedRecording`: a recording that got its last frame, before and after it is in the database.

use crate::base::WallDuration;
use crate::media::anchor::shift;
use crate::media::recording::Flags;
use crate::media::{Recording, SampleEntry};
use crate::store::camera::StreamKind;
use std::sync::Arc;
use uuid::Uuid;

/// All that a trailer tells of a recording, and all that its rows are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedRecording {
    /// The row. It is not growing; `sample_entry_id` is the number of `sample_entry` in this database, which a
    /// trailer read from disk does not know.
    pub recording: Recording,
    /// The camera of the stream.
    pub camera: Uuid,
    /// Which stream of the camera.
    pub kind: StreamKind,
    /// The boot of the machine that recorded it.
    pub boot_id: Uuid,
    /// Realtime − monotonic, taken once for the run.
    pub clock_offset: WallDuration,
    /// How to decode it.
    pub sample_entry: Arc<SampleEntry>,
    /// Its samples, coded as `recording.index_format` says.
    pub video_index: Arc<[u8]>,
    /// BLAKE3 of the film.
    pub blake3: [u8; 32],
}

impl ClosedRecording {
    /// Of a time that was not known to be right, and that is not corrected yet.
    pub(crate) fn is_unproven(&self) -> bool {
        self.recording.flags.contains(Flags::UNPROVEN_TIME)
    }

    /// The same when realtime − monotonic of its boot is known to be this.
    pub(crate) fn in_proven_time(mut self, clock_offset: WallDuration) -> Self {
        if self.is_unproven() {
            let shift = shift(self.clock_offset, clock_offset);
            self.recording.start = self.recording.start + shift;
            self.recording.flags = self.recording.flags.without(Flags::UNPROVEN_TIME);
            self.clock_offset += shift;
        }
        self
    }
}
