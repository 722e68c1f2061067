//! `Capacity`: what film weighs, what else is on its disk, and what has to go so that recording goes on.
//!
//! Everything here is by stat and from memory: the database is never asked how full the disk is, so film makes room for
//! film while no row can be written too. What is to go is decided by [`crate::media::retention`]; the syncer does it.

mod file_system;
mod keeper;
mod ledger;
mod protected;
mod rates;
mod report;
mod rescue;
mod size;

pub(crate) use file_system::FileSystem;
pub(crate) use protected::Kept;
pub use report::{Storage, StreamStorage};
pub(crate) use size::Size;

use crate::base::{RecordingId, StreamId};
use crate::media::Recording;
use crate::store::camera::Camera;
use crate::store::dir::Entry;
use ledger::Ledger;
use protected::Protected;
use rates::Rates;
use rescue::Rescue;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One for each store. Its lock is held for a few lines, while a deletion is chosen, and once an hour while a listing is
/// compared.
#[derive(Debug)]
pub(crate) struct Capacity {
    /// What is to stay free, as the owner wishes.
    reserve: Option<u64>,
    /// Where our own database is: what it takes of the disk is not the doing of others.
    state_dir: PathBuf,
    /// What the keeper frees ahead of: until it acts again, twice.
    horizon: Duration,
    inner: Mutex<Inner>,
    report: Mutex<Option<Arc<Storage>>>,
    rescue: Rescue,
}

#[derive(Debug, Default)]
struct Inner {
    ledger: Ledger,
    rates: Rates,
    protected: Protected,
    streams: Vec<Setting>,
    /// What others had on the disk when it was looked at last.
    others: Option<u64>,
    /// What they took of the reserve.
    taken: u64,
    /// The reserve that was kept last, be it before a restart.
    last_reserve: Option<u64>,
    /// Sample files that went since the start, and what they weighed.
    deleted: (u64, u64),
}

/// What the owner wants of a stream.
#[derive(Clone, Copy, Debug)]
struct Setting {
    stream: StreamId,
    retain_bytes: Option<u64>,
    record: bool,
}

impl Capacity {
    /// Nothing is known yet.
    pub(crate) fn new(reserve: Option<u64>, flush_interval: Duration, state_dir: PathBuf) -> Self {
        Self {
            reserve,
            state_dir,
            horizon: 2 * flush_interval.min(LONGEST_INTERVAL),
            inner: Mutex::default(),
            report: Mutex::default(),
            rescue: Rescue::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sample directory holds this; `sequences` are those of the recordings that are known, ascending by id.
    pub(crate) fn scanned(&self, entries: &[Entry], sequences: &[(RecordingId, u64)]) {
        self.lock().ledger = Ledger::scanned(entries, sequences);
    }

    /// What was kept free before a restart.
    pub(crate) fn remember_reserve(&self, bytes: Option<u64>) {
        self.lock().last_reserve = bytes;
    }

    /// What is kept free, to be remembered across a restart.
    pub(crate) fn last_reserve(&self) -> Option<u64> {
        self.lock().last_reserve
    }

    /// The cameras are these now.
    pub(crate) fn set_cameras(&self, cameras: &[Camera]) {
        let setting = |c: &Camera, s: &crate::store::Stream| Setting {
            stream: s.id,
            retain_bytes: s.retain_bytes,
            record: s.record && !c.removed,
        };
        let streams = cameras.iter().flat_map(|c| c.streams.iter().map(move |s| setting(c, s)));
        self.lock().streams = streams.collect();
    }

    /// A sample file was created.
    pub(crate) fn begin(&self, id: RecordingId, sequence: u64) {
        self.lock().ledger.begin(id, sequence);
    }

    /// A sample file weighs this much now.
    pub(crate) fn weigh(&self, id: RecordingId, bytes: u64) {
        self.lock().ledger.weigh(id, bytes);
    }

    /// A sample file is closed, and may go when its time has come.
    pub(crate) fn close(&self, recording: &Recording) {
        let mut inner = self.lock();
        inner.ledger.close(recording.id);
        inner.protected.note(recording);
    }

    /// These are to be unlinked.
    pub(crate) fn doom(&self, ids: &[RecordingId]) {
        let mut inner = self.lock();
        ids.iter().for_each(|&id| inner.ledger.doom(id));
    }

    /// A sample file is gone.
    pub(crate) fn remove(&self, id: RecordingId) {
        let mut inner = self.lock();
        let bytes = inner.ledger.remove(id);
        inner.deleted = (inner.deleted.0 + 1, inner.deleted.1 + bytes);
        inner.protected.forget(id);
    }

    /// The closed recording that was begun next after this sequence, and not after `last`, with its sequence and weight.
    pub(crate) fn next_closed(&self, after: u64, last: u64) -> Option<(RecordingId, u64, u64)> {
        self.lock().ledger.next(after, last).map(|file| (file.id, file.sequence, file.bytes))
    }

    /// The sequence of the newest closed recording.
    pub(crate) fn last_closed(&self) -> Option<u64> {
        self.lock().ledger.last_sequence()
    }

    /// What the recordings weigh that were begun after this sequence, and not after `last`.
    pub(crate) fn weight_between(&self, after: u64, last: u64) -> u64 {
        self.lock().ledger.weight_between(after, last)
    }

    /// There is such a sample file, it does not grow, and it is not on its way out.
    pub(crate) fn is_closed(&self, id: RecordingId) -> bool {
        self.lock().ledger.is_closed(id)
    }

    /// The sample directory is gone.
    pub(crate) fn leave(&self) {
        let mut inner = self.lock();
        (inner.ledger, inner.others, inner.taken, inner.last_reserve) = Default::default();
        drop(inner);
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is on the disk, as it was when it was looked at last; `None` before, and where nothing can be recorded.
    pub(crate) fn report(&self) -> Option<Arc<Storage>> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Rows may be written more seldom than that; room is not made further ahead.
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
