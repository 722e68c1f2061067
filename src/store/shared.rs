//! `Shared`: what the store's threads and its callers have in common.

use crate::base::WallTime;
use crate::store::capacity::Capacity;
use crate::store::damages::Damages;
use crate::store::db::Database;
use crate::store::film::Shelf;
use crate::store::mount::Mount;
use crate::store::pending::Pending;
use crate::store::unflushed::Unflushed;
use crate::store::verify::Verified;
use jiff::tz::TimeZone;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Each part has a lock of its own, held for a few lines.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) db: Database,
    pub(crate) mount: Mount,
    pub(crate) unflushed: Arc<Unflushed>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) damages: Damages,
    pub(crate) verified: Verified,
    /// The time of day, when an opening of the database is noted.
    pub(crate) clock: fn() -> WallTime,
    pending: Mutex<Pending>,
    /// Held while a camera is removed with its film, and while a flush writes rows: what closes of its streams is either
    /// a row before and condemned with the others, or known to be of a removed stream after.
    pub(crate) removal: Mutex<()>,
    /// Read by who lists, written while rows and memory move to the proven time: a listing tells one time or the other.
    pub(crate) moving: RwLock<()>,
    /// What the last sync or flush failed of.
    failure: Mutex<Option<String>>,
    cameras_changed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(db: Database, mount: Mount, capacity: Capacity, zone: TimeZone, clock: fn() -> WallTime) -> Self {
        Self {
            db,
            mount,
            unflushed: Arc::new(Unflushed::new(zone)),
            shelf: Arc::default(),
            capacity: Arc::new(capacity),
            damages: Damages::default(),
            verified: Verified::default(),
            clock,
            // The start may have found files that it could not unlink.
            pending: Mutex::new(Pending { sweep: true, ..Pending::default() }),
            removal: Mutex::default(),
            moving: RwLock::default(),
            failure: Mutex::default(),
            cameras_changed: AtomicBool::new(true),
        }
    }

    /// What waits for the next flush.
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last sync or flush failed of, until one succeeds.
    pub(crate) fn failure(&self) -> MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalog is to be written.
    pub(crate) fn set_cameras_changed(&self) {
        self.cameras_changed.store(true, Ordering::Release);
    }

    /// Whether the catalog is to be written, asked once.
    pub(crate) fn take_cameras_changed(&self) -> bool {
        self.cameras_changed.swap(false, Ordering::AcqRel)
    }
}
