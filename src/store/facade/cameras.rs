//! Cameras: what a store is told to record.

use crate::base::{Result, StreamId};
use crate::store::Store;
use crate::store::attached::Owner;
use crate::store::camera::{Camera, CameraEdit, NewCamera};
use crate::store::db;
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// The cameras as they are in memory.
#[derive(Debug, Default)]
pub(super) struct Cameras {
    pub(super) all: Arc<Vec<Camera>>,
    pub(super) owners: HashMap<StreamId, Owner>,
}

impl Store {
    /// All cameras, those removed whose film was kept included. From memory.
    pub fn cameras(&self) -> Arc<Vec<Camera>> {
        self.cameras.read().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// Counts the changes of cameras.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Adds a camera. Blocks on the disk.
    pub fn add_camera(&self, new: &NewCamera) -> Result<Camera> {
        let _changing = self.changing();
        let camera = self.shared.db.add_camera(new)?;
        self.load_cameras()?;
        Ok(camera)
    }

    /// Changes a camera, and gives it as it is then. Blocks on the disk.
    pub fn edit_camera(&self, uuid: Uuid, edit: &CameraEdit) -> Result<Camera> {
        let _changing = self.changing();
        let camera = self.shared.db.edit_camera(uuid, edit)?;
        self.load_cameras()?;
        Ok(camera)
    }

    /// Takes a camera away, with its film or without. Its files go with the next flush. Blocks on the disk.
    pub fn remove_camera(&self, uuid: Uuid, film: db::Film) -> Result<()> {
        let _changing = self.changing();
        let streams = self.cameras().iter().find(|c| c.uuid == uuid).map_or(Vec::new(), |c| c.streams.clone());
        let removal = self.shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.db.remove_camera(uuid, film)?;
        if film == db::Film::Condemn {
            let mut pending = self.shared.pending();
            pending.removed.extend(streams.iter().map(|s| s.id));
            pending.sweep = true;
            drop(pending);
            streams.iter().for_each(|s| self.shared.unflushed.stream_changed(s.id));
            self.shared.damages.forget(|id| streams.iter().any(|s| s.id == id.stream()));
        }
        drop(removal);
        self.load_cameras()
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called while [`Self::changing`] is held, once there is anybody else who could change cameras.
    pub(super) fn load_cameras(&self) -> Result<()> {
        let all = self.shared.db.cameras()?;
        self.shared.capacity.set_cameras(&all);
        let owners = all.iter().flat_map(|c| c.streams.iter().map(|s| (s.id, Owner { camera: c.uuid, kind: s.kind })));
        let cameras = Cameras { owners: owners.collect(), all: Arc::new(all) };
        *self.cameras.write().unwrap_or_else(PoisonError::into_inner) = cameras;
        self.shared.set_cameras_changed();
        self.changes.send_modify(|n| *n += 1);
        self.settings_changed();
        Ok(())
    }
}
