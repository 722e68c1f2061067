//! `Growing`: a recording that gets frames.

use crate::base::{MediaDuration, RecordingId};
use crate::media::EndReason;
use crate::media::growing::{Append, Close};
use crate::media::recording::Cause;
use crate::store::queue::{Job, Queue, Refused};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

/// The right to add frames to one recording. Nothing here waits for a disk.
///
/// Dropped without [`Self::close`], the recording ends with the frames that are whole: no file is ever left over (Fa15).
#[derive(Debug)]
pub struct Growing {
    id: RecordingId,
    sample_entry_id: i32,
    media_offset: MediaDuration,
    /// Where in its run the frame begins that was added last.
    newest: Option<MediaDuration>,
    queue: Arc<Queue>,
    slot: Arc<Slot>,
    /// Bytes that the writer was not yet woken for.
    unannounced_bytes: usize,
    /// Nothing more is to be told to the writer.
    ended: bool,
}

/// What the writer tells the session of a recording.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Media time since the start of the run up to which film is on file; shared by the recordings of a run.
    pub(crate) written: Arc<AtomicI64>,
    /// The recording was ended from the other side.
    pub(crate) failed: OnceLock<Failed>,
}

/// How a recording was ended by its writer.
#[derive(Debug)]
pub(crate) struct Failed {
    reason: EndReason,
    /// Nothing of it is on file: it never was.
    is_empty: bool,
}

impl Slot {
    /// Tells the session that its recording has ended. The first reason stays.
    pub(crate) fn fail(&self, reason: EndReason, is_empty: bool) {
        // A second reason is only what the first one led to.
        let _ = self.failed.set(Failed { reason, is_empty });
    }
}

impl Growing {
    pub(crate) fn new(
        id: RecordingId,
        sample_entry_id: i32,
        media_offset: MediaDuration,
        queue: Arc<Queue>,
        slot: Arc<Slot>,
    ) -> Self {
        Self { id, sample_entry_id, media_offset, newest: None, queue, slot, unannounced_bytes: 0, ended: false }
    }

    /// Which recording it is.
    pub fn id(&self) -> RecordingId {
        self.id
    }

    /// The number of its sample entry.
    pub fn sample_entry_id(&self) -> i32 {
        self.sample_entry_id
    }

    /// Adds a frame: hands it to the writer's queue and returns at once.
    ///
    /// An error means that the recording was ended, with the reason why: the disk refused, or is so far behind (20 s of
    /// film of a stream, 64 MiB of all) that this frame has no place. The session may begin another recording.
    pub fn append(&mut self, append: Append) -> Result<(), EndReason> {
        if let Some(failed) = self.slot.failed.get() {
            return Err(failed.reason.clone());
        }
        let written = MediaDuration(self.slot.written.load(Ordering::Relaxed));
        // Up to the frame before: a frame that lasts long is not the disk's fault.
        let lag = self.newest.map_or(MediaDuration::ZERO, |newest| newest - written);
        if lag > LAG_LIMIT {
            return Err(self.give_up(format!("{:.0} s of film are not on the disk yet", lag.as_secs_f64())));
        }
        self.newest = Some(self.media_offset + append.progress.media_duration);
        self.unannounced_bytes += append.data.len();
        let wake = append.is_key || self.unannounced_bytes >= WRITE_BYTES;
        if wake {
            self.unannounced_bytes = 0;
        }
        let pushed = self.queue.append(self.id, append, wake);
        pushed.map_err(|refused| match refused {
            Refused::Full(bytes) => self.give_up(format!("{} MiB are not on the disk yet", bytes >> 20)),
            Refused::Stopped => EndReason::new(Cause::Stopped, ""),
        })
    }

    /// It was ended from the other side, before anything of it was on file.
    pub fn left_nothing(&self) -> bool {
        self.slot.failed.get().is_some_and(|failed| failed.is_empty)
    }

    /// Ends the recording in good order.
    pub fn close(mut self, close: Close) {
        self.ended = true;
        self.queue.push(Job::Close(self.id, close));
    }

    fn give_up(&mut self, detail: String) -> EndReason {
        let reason = EndReason::new(Cause::DiskBehind, detail);
        self.ended = true;
        self.queue.push(Job::Abandon(self.id, reason.clone()));
        reason
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.ended {
            let reason = EndReason::new(Cause::Stopped, "the session ended without closing its recording");
            self.queue.push(Job::Abandon(self.id, reason));
        }
    }
}

/// Film of one run that may wait for the disk.
const LAG_LIMIT: MediaDuration = MediaDuration::from_secs(20);
/// The writer is woken for this many bytes even without a key frame.
pub(crate) const WRITE_BYTES: usize = 1 << 20;
