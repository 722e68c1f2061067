//! `Front`: what answers whether the film is there or not.

use crate::appliance::Appliance;
use crate::base::{Result, WallTime};
use crate::camera::clock;
use crate::live::Live;
use crate::store::Settings;
use crate::web::auth::{Doors, Entry};
use crate::web::notices::Since;
use crate::web::waiting::Waiting;
use jiff::tz::TimeZone;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Who may enter, and what is happening now.
#[derive(Debug)]
pub struct Front {
    pub(super) live: Arc<Live>,
    /// Who may enter.
    pub(super) doors: Arc<Doors>,
    /// Times are told in it, and asked in it where they have no offset.
    pub(super) zone: TimeZone,
    /// Something is to be recorded.
    pub(super) records: bool,
    /// When it was ready to answer.
    pub(super) begun: WallTime,
    /// Since when there is trouble.
    pub(super) since: Since,
    /// The machine, where it is one of ours.
    appliance: OnceLock<Arc<Appliance>>,
    /// What the recorder was told to do; see [`Self::describe`].
    pub(super) configuration: OnceLock<String>,
    /// Locked for a few lines.
    waiting: Mutex<Option<Waiting>>,
}

impl Front {
    /// For whom this entry lets in; without `records` nothing is recorded, and that it cannot be is no trouble. Nobody is
    /// known yet.
    pub fn new(live: Arc<Live>, zone: TimeZone, entry: &Entry, records: bool) -> Arc<Self> {
        let doors = Arc::new(Doors::new(entry, records));
        let (begun, since, waiting) = (clock::wall_now(), Since::default(), Mutex::default());
        let (appliance, configuration) = Default::default();
        Arc::new(Self { live, doors, zone, records, begun, since, appliance, configuration, waiting })
    }

    /// Says which machine this is; before that, it is any.
    pub fn on(&self, machine: Arc<Appliance>) {
        // Who says it twice means the first.
        let _ = self.appliance.set(machine);
    }

    /// The machine.
    pub(super) fn appliance(&self) -> Arc<Appliance> {
        self.appliance.get().cloned().unwrap_or_default()
    }

    /// Has diagnostics tell the configuration. There must be no secret in it.
    pub fn describe(&self, configuration: String) {
        // Who says it twice means the first.
        let _ = self.configuration.set(configuration);
    }

    /// Until there is a store, those may enter who are in these settings.
    pub fn remember(&self, settings: &Settings) -> Result<()> {
        self.doors.remember(settings)
    }

    /// Why there is no film yet, while there is none. From memory.
    pub fn waits(&self) -> Option<Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// There is no film, because of this; or there is.
    pub(super) fn set_waiting(&self, waiting: Option<Waiting>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }
}
