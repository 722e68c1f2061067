//! `Rescue`: what a writer does that meets a full disk.

use crate::base::Error;
use crate::base::error::is_full_disk;
use crate::store::capacity::Capacity;
use crate::store::syncer::Ask;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How to ask the syncer for room.
#[derive(Debug, Default)]
pub(super) struct Rescue {
    syncer: OnceLock<Weak<SyncSender<Ask>>>,
    /// It had nothing to give then.
    refused: Mutex<Option<Instant>>,
}

impl Capacity {
    /// Who makes room. Held weakly: it ends with the store.
    pub(crate) fn set_syncer(&self, syncer: Weak<SyncSender<Ask>>) {
        // There is one syncer for a store.
        let _ = self.rescue.syncer.set(syncer);
    }

    /// Does what needs so much room on the disk; on a full one the oldest film goes first, and it is tried again. The
    /// writer waits for that, and frames wait in its queue.
    pub(crate) fn with_room<T, E: Full>(&self, bytes: u64, mut work: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        for _ in 0..TRIES {
            match work() {
                Err(e) if e.is_full_disk() && self.make_room(bytes) => {}
                done => return done,
            }
        }
        work()
    }

    fn make_room(&self, bytes: u64) -> bool {
        let refused = || self.rescue.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(syncer) = self.rescue.syncer.get().and_then(Weak::upgrade) else { return false };
        if refused().is_some_and(|at| at.elapsed() < REST) {
            return false;
        }
        let (answer, answered) = sync_channel(1);
        let asked = syncer.try_send(Ask::Room(bytes, answer)).is_ok();
        drop(syncer);
        let made = asked && answered.recv_timeout(PATIENCE).unwrap_or(false);
        *refused() = (!made).then(Instant::now);
        made
    }
}

/// A failure that may be for want of room.
pub(crate) trait Full {
    fn is_full_disk(&self) -> bool;
}

impl Full for Error {
    fn is_full_disk(&self) -> bool {
        Error::is_full_disk(self)
    }
}

impl Full for io::Error {
    fn is_full_disk(&self) -> bool {
        is_full_disk(self)
    }
}

/// Others may take what was freed.
const TRIES: usize = 4;
/// Less than what the queue holds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where nothing could be freed, nobody waits for it again at once.
const REST: Duration = Duration::from_secs(5);
