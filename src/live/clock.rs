//! `Clock`: whether the system's clock is known to be right, for those who record by it and those who look.

use crate::base::{WallDuration, WallTime};
use crate::media::Anchor;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Written by the recorder's watch, read by sessions and viewers. Locked for a few lines at a time.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Option<ClockStatus>>);

/// What is known of the system's clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockStatus {
    /// It is known to be right.
    pub proven: bool,
    /// Who says so, or why not.
    pub detail: String,
    /// Since when that is so.
    #[serde(skip)]
    pub since: WallTime,
    /// It is off by no more than this, as far as who keeps it knows.
    pub max_error_seconds: Option<f64>,
    /// What the clock may tell at least, as realtime − monotonic: less is plainly impossible.
    #[serde(skip)]
    pub least: WallDuration,
    /// What is taken in place of less.
    #[serde(skip)]
    pub instead: WallDuration,
}

impl Clock {
    /// What is known now.
    pub fn tell(&self, status: ClockStatus) {
        *self.lock() = Some(status);
    }

    /// `None` where nothing is recorded.
    pub fn status(&self) -> Option<ClockStatus> {
        self.lock().clone()
    }

    /// What a run is tied to that begins now, when realtime − monotonic is this.
    pub fn anchor(&self, clock_offset: WallDuration) -> Anchor {
        match &*self.lock() {
            Some(s) if clock_offset < s.least => Anchor { clock_offset: s.instead, unproven: !s.proven },
            Some(s) => Anchor { clock_offset, unproven: !s.proven },
            None => Anchor { clock_offset, unproven: true },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<ClockStatus>> {
        // A panic elsewhere leaves plain values behind: they are still good to show.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
