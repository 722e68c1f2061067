//! Opening the store as the configuration says.

use super::config::Config;
use super::units::ByteSize;
use crate::base::Result;
use crate::camera::clock;
use crate::store::{Options, Store};
use std::sync::Arc;
use std::time::Duration;

/// Whether a verb changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Only looks: nothing is made, changed or locked.
    Read,
    /// Makes what is missing and takes the lock.
    Write,
}

/// The store of this configuration.
pub(super) fn open(config: &Config, access: Access) -> Result<Arc<Store>> {
    let store = &config.store;
    let mut options = Options::new(&store.db_dir, &store.sample_dir, clock::wall_now);
    options.sync_interval = store.sync_interval.0;
    options.flush_interval = store.flush_interval.0;
    options.reserve = store.reserve.map(|ByteSize(bytes)| bytes);
    options.read_only = access == Access::Read;
    Store::open(options)
}

/// Ends a store within what a daemon that was asked to stop may still take.
pub(super) fn close(store: &Store, patience: Duration) -> Result<()> {
    store.shutdown(clock::wall_now(), patience).map_err(|e| e.on("close the store"))
}

/// How long a store may take to write what it holds.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
