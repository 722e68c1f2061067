//! Opening the store as the configuration says.

use super::config::Config;
use super::units::ByteSize;
use crate::base::{Error, Kind, Result, ResultExt};
use crate::camera::clock;
use crate::store::{Options, Settings, Store, adopt, step_back};
use log::{error, warn};
use std::fs;
use std::path::PathBuf;
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
    options.verify_interval = store.verify_interval.map(|interval| interval.0);
    options.export = store.export.clone();
    options.read_only = access == Access::Read;
    Store::open(options)
}

/// The store of this configuration, to be recorded into. A database that cannot be read is moved aside and built anew
/// from the film's directory, and one of a newer lunette makes room for an older one, so that recording goes on; the log
/// tells what that could not know.
pub(super) fn open_or_adopt(config: &Config) -> Result<Arc<Store>> {
    let store = open_somehow(config)?;
    if let Some(wish) = wish_to_forget(config).filter(|wish| wish.exists()) {
        store.forget_people()?;
        fs::remove_file(&wish).or_fail(Kind::Disk, || format!("remove {}", wish.display()))?;
        warn!(
            "users and tokens are forgotten, as {} asked: the next who comes sets the owner's password",
            wish.display()
        );
    }
    Ok(store)
}

/// The file beside the settings by which somebody who has the card in hand takes the recorder over.
pub(super) fn wish_to_forget(config: &Config) -> Option<PathBuf> {
    Some(config.store.export.as_ref()?.with_file_name("forget-people"))
}

fn open_somehow(config: &Config) -> Result<Arc<Store>> {
    let (db_dir, sample_dir) = (&config.store.db_dir, &config.store.sample_dir);
    let export = config.store.export.as_deref();
    let settings = export.map(Settings::read).and_then(|read| read.unwrap_or_else(|e| tell_and_go_without(&e)));
    for line in step_back(db_dir, sample_dir, settings.as_ref())? {
        error!("{line}");
    }
    let why = match open(config, Access::Write) {
        Err(e) if e.kind() == Kind::Corrupt => e,
        // Where nobody is at hand to call `lunette adopt`, film whose database is lost is taken over at once.
        Err(e) if e.kind() == Kind::Conflict && export.is_some() => e,
        opened => return opened,
    };
    error!("{why}");
    let adopted = match adopt(db_dir, sample_dir, settings.as_ref()) {
        Err(_) if why.kind() == Kind::Conflict => return Err(why),
        adopted => adopted.map_err(|e| e.on(why.to_string()))?,
    };
    adopted.notes.iter().for_each(|note| warn!("{note}"));
    error!(
        "the database is built anew from {}: {} recordings of {} cameras; users that are not known are to be set again",
        sample_dir.display(),
        adopted.recordings,
        adopted.cameras
    );
    open(config, Access::Write)
}

fn tell_and_go_without(e: &Error) -> Option<Settings> {
    warn!("{e}");
    None
}

/// Ends a store within what a daemon that was asked to stop may still take.
pub(super) fn close(store: &Store, patience: Duration) -> Result<()> {
    store.shutdown(clock::wall_now(), patience).map_err(|e| e.on("close the store"))
}

/// How long a store may take to write what it holds.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
