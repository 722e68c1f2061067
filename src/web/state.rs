//! `State`: what all requests share.

use crate::base::{Error, Kind, Result};
use crate::live::Live;
use crate::store::{Camera, Store, Stream};
use crate::web::Front;
use crate::web::api::CameraTexts;
use crate::web::api::snapshot::Pictures;
use crate::web::auth::{self, Entry, Rule};
use crate::web::desks::Desks;
use crate::web::hls::Lists;
use crate::web::live::Places;
use crate::web::reactors::spawn_blocking;
use crate::web::route::StreamName;
use crate::web::view::{Buffers, Indexes, Plans};
use jiff::tz::TimeZone;
use std::ops::Deref;
use std::sync::Arc;

/// What there is to answer from: a front whose store is there.
#[derive(Debug)]
pub struct State {
    pub(super) front: Arc<Front>,
    pub(super) store: Arc<Store>,
    pub(super) buffers: Buffers,
    pub(super) indexes: Indexes,
    pub(super) plans: Plans,
    /// What takes much memory is made at one of these.
    pub(super) desks: Desks,
    /// What HLS playlists go on from.
    pub(super) lists: Lists,
    pub(super) camera_texts: CameraTexts,
    /// Who watches live takes one of these.
    pub(super) viewers: Places,
    /// Who fetches a camera's picture takes one of these.
    pub(super) pictures: Pictures,
}

impl State {
    /// Answers from this store, and of what is happening now, to this machine alone: whoever asks is the owner.
    pub fn new(store: Arc<Store>, live: Arc<Live>, zone: TimeZone) -> Arc<Self> {
        Self::for_this_machine(store, live, zone, true)
    }

    /// The same from a store that is only looked at: that nothing can be recorded into it is no trouble.
    pub fn for_reading(store: Arc<Store>, live: Arc<Live>, zone: TimeZone) -> Arc<Self> {
        Self::for_this_machine(store, live, zone, false)
    }

    fn for_this_machine(store: Arc<Store>, live: Arc<Live>, zone: TimeZone, records: bool) -> Arc<Self> {
        let entry = Entry { rule: Rule::None, only_here: true, names: Vec::new() };
        let front = Front::new(live, zone, &entry, records);
        front.doors.open(store.clone()).expect("without a login nothing is read");
        Self::behind(front, store)
    }

    /// Behind this front, whose doors are open.
    pub(super) fn behind(front: Arc<Front>, store: Arc<Store>) -> Arc<Self> {
        let (buffers, indexes, plans, desks, viewers, pictures) = Default::default();
        let (lists, camera_texts) = (Lists::default(), CameraTexts::new(&front.zone));
        Arc::new(Self { front, store, buffers, indexes, plans, desks, lists, camera_texts, viewers, pictures })
    }

    /// A stream of a camera, as it is now.
    pub(super) fn stream(&self, name: StreamName) -> Result<Stream> {
        let camera = self.camera(name.camera)?;
        let missing = || Error::new(Kind::NotFound, format!("camera {}: it has no {} stream", camera.name, name.kind));
        camera.stream(name.kind).cloned().ok_or_else(missing)
    }

    /// A camera, as it is now.
    pub(super) fn camera(&self, uuid: uuid::Uuid) -> Result<Camera> {
        let cameras = self.store.cameras();
        let found = cameras.iter().find(|camera| camera.uuid == uuid).cloned();
        found.ok_or_else(|| auth::no_camera(uuid))
    }
}

impl Deref for State {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

/// Runs what waits for a disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let failed = |e| Err(Error::caused(Kind::Internal, "a worker thread", e));
    spawn_blocking(work).await.unwrap_or_else(failed)
}
