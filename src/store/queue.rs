//! `Queue`: frames on their way from the sessions to the writer's thread.
//!
//! Bounded in bytes: when the disk is so far behind, a recording that wants to add a frame ends instead, and its
//! session goes on. Nothing here waits for a disk.

use crate::base::RecordingId;
use crate::media::EndReason;
use crate::media::growing::{Append, Close};
use crate::store::closed::ClosedRecording;
use crate::store::growing::Slot;
use std::collections::BTreeSet;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The only way into the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    work: Condvar,
    limit_bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: Vec<Job>,
    /// Of frames that are queued or being written.
    bytes: usize,
    /// The writer shall not sleep on.
    urgent: bool,
    /// The writer is gone.
    over: bool,
}

/// What the writer is asked to do, in the order of asking.
#[derive(Debug)]
pub(crate) enum Job {
    /// Create the sample file of a recording. Index, hash and sums are empty yet.
    Begin(Box<ClosedRecording>, Arc<Slot>),
    /// Add a frame to it.
    Append(RecordingId, Append),
    /// End it in good order.
    Close(RecordingId, Close),
    /// End it with the frames that are whole: its session died or could not go on.
    Abandon(RecordingId, EndReason),
    /// These, and no others, are closed, durable and without a row.
    Durable(BTreeSet<RecordingId>),
    /// A sync failed: end all that grow, with what is whole, and begin a new journal that tells what this one told.
    Suspect(EndReason),
    /// What the spoiled journal told is not needed any more.
    Trust,
    /// Write all that came before, then say so.
    Barrier(SyncSender<()>),
    /// Write all that came before, end what still grows, and return.
    Stop(EndReason),
}

/// Why a frame has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// So many bytes wait already.
    Full(usize),
    /// The writer is gone.
    Stopped,
}

impl Queue {
    /// A queue for this many bytes of frames.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { waiting: Mutex::default(), work: Condvar::new(), limit_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame if there is room. The writer is woken only if `wake`: it looks by itself
    /// before anything gets too old.
    pub(crate) fn append(&self, id: RecordingId, append: Append, wake: bool) -> Result<(), Refused> {
        let mut waiting = self.lock();
        let bytes = waiting.bytes + append.data.len();
        if waiting.over {
            return Err(Refused::Stopped);
        }
        if bytes > self.limit_bytes {
            return Err(Refused::Full(waiting.bytes));
        }
        waiting.bytes = bytes;
        waiting.jobs.push(Job::Append(id, append));
        if wake {
            waiting.urgent = true;
            drop(waiting);
            self.work.notify_one();
        }
        Ok(())
    }

    /// Adds anything else and wakes the writer; false when it is gone.
    pub(crate) fn push(&self, job: Job) -> bool {
        let mut waiting = self.lock();
        if waiting.over {
            return false;
        }
        waiting.jobs.push(job);
        waiting.urgent = true;
        drop(waiting);
        self.work.notify_one();
        true
    }

    /// So far behind that nothing new should begin, with the bytes that wait.
    pub(crate) fn crowded(&self) -> Option<usize> {
        let bytes = self.lock().bytes;
        (bytes > self.limit_bytes / 2).then_some(bytes)
    }

    /// The writer takes all jobs: when there is something urgent, or after `patience`, none being for ever.
    pub(crate) fn take(&self, patience: Option<Duration>) -> Vec<Job> {
        let waiting = self.lock();
        let idle = |w: &mut Waiting| !w.urgent;
        let mut waiting = match patience {
            None => self.work.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner),
            Some(patience) => {
                self.work.wait_timeout_while(waiting, patience, idle).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        waiting.urgent = false;
        std::mem::take(&mut waiting.jobs)
    }

    /// The writer is done with this many bytes.
    pub(crate) fn done(&self, bytes: usize) {
        self.lock().bytes -= bytes;
    }

    /// The writer takes nothing any more; what waits is given back.
    pub(crate) fn finish(&self) -> Vec<Job> {
        let mut waiting = self.lock();
        waiting.over = true;
        waiting.bytes = 0;
        std::mem::take(&mut waiting.jobs)
    }
}
