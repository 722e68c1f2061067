//! `Rescue`: what a writer does that meets a full disk.

use crate::base::Error;
use crate::base::error::is_full_disk;
use crate::store::capacity::Capacity;
use crate::store::syncer::Ask;
use log::error;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How to ask the syncer for room.
#[derive(Debug, Default)]
pub(super) struct Rescue {
    syncer: OnceLock<Weak<SyncSender<Ask>>>,
    /// It had nothing to give then.
    refused: Mutex<Option<Instant>>,
    /// How often in a row room was made and the disk was full all the same.
    in_vain: AtomicU32,
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
        loop {
            match work() {
                Err(e) if e.is_full_disk() => {
                    if !self.make_room(bytes) {
                        return Err(e);
                    }
                }
                done => {
                    if done.is_ok() && self.rescue.in_vain.load(Ordering::Relaxed) > 0 {
                        self.rescue.in_vain.store(0, Ordering::Relaxed);
                    }
                    return done;
                }
            }
        }
    }

    /// Deleting is no cure for every disk that says that it is full: a quota of its own, a snapshot that holds what was
    /// deleted, no more names. Where it did not help a few times, nothing goes until something was written again: the
    /// keeper, who looks at what is free, goes on as ever.
    fn make_room(&self, bytes: u64) -> bool {
        let in_vain = self.rescue.in_vain.load(Ordering::Relaxed);
        if in_vain >= TRIES {
            if in_vain == TRIES {
                self.rescue.in_vain.store(in_vain + 1, Ordering::Relaxed);
                error!("the film's disk says that it is full, and deleting does not help: no more goes for that");
            }
            return false;
        }
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
        if made {
            self.rescue.in_vain.store(in_vain + 1, Ordering::Relaxed);
        }
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
const TRIES: u32 = 4;
/// Less than what the queue holds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where nothing could be freed, nobody waits for it again at once.
const REST: Duration = Duration::from_secs(5);
