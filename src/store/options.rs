//! `Options`: where a store is and how it works.

use crate::base::WallTime;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

/// Where a store is and how it works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of the database.
    pub db_dir: PathBuf,
    /// The directory of film.
    pub sample_dir: PathBuf,
    /// Where cameras and users are kept as well, for a disk of film that is new or was lost; `None`: nowhere.
    pub export: Option<PathBuf>,
    /// How often film is made durable: what a power cut costs at most, besides two seconds.
    pub sync_interval: Duration,
    /// How often rows are written at most.
    pub flush_interval: Duration,
    /// Bytes of the film's file system that are to stay free; `None`: the larger of 256 MiB and 2 % of it.
    pub reserve: Option<u64>,
    /// Within which time all film is read again, and compared with what was recorded; `None`: never.
    pub verify_interval: Option<Duration>,
    /// Only look: nothing on the disk is made, changed or locked.
    pub read_only: bool,
    /// Where the days of the statistics begin and end.
    pub zone: TimeZone,
    /// The time of day. Only the note in the database that it was opened comes from here.
    pub clock: fn() -> WallTime,
}

impl Options {
    /// A store to record into, with the intervals that normal running has.
    pub fn new(db_dir: impl Into<PathBuf>, sample_dir: impl Into<PathBuf>, clock: fn() -> WallTime) -> Self {
        Self {
            db_dir: db_dir.into(),
            sample_dir: sample_dir.into(),
            export: None,
            sync_interval: Duration::from_secs(10),
            flush_interval: Duration::from_secs(60),
            reserve: None,
            verify_interval: Some(Duration::from_secs(60 * 86_400)),
            read_only: false,
            zone: TimeZone::system(),
            clock,
        }
    }
}
