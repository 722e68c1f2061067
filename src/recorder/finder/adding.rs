//! Making a camera of a device that was found.

use super::neighbour::Neighbour;
use crate::base::{Error, Kind, Obstacle, Result, Trouble};
use crate::camera::onvif::Video;
use crate::store::Store;
use crate::store::camera::{Camera, NewCamera, NewStream, OnvifLink, PerKind};
use std::sync::Arc;

/// Adds the device as a camera: its best profile as main, a smaller one as sub.
pub(super) async fn add(
    store: Arc<Store>,
    neighbour: &Neighbour,
    video: Video,
    by_itself: bool,
) -> Result<Camera, Trouble> {
    if neighbour.announced.from.is_ipv6() {
        let why = "it answers over IPv6 link-local alone, which cannot be kept: give it an IPv4 address";
        return Err(Trouble::new(Obstacle::Unreachable, why));
    }
    let link = OnvifLink {
        endpoint: neighbour.announced.endpoint.clone(),
        serial: neighbour.identity.serial.clone(),
        service: neighbour.device().url(),
        snapshot: video.snapshot,
        events: video.events,
        by_itself,
    };
    let streams = PerKind { main: Some(NewStream::new(video.main.url)), sub: video.sub.map(|s| NewStream::new(s.url)) };
    let (username, password) = (video.login.username, video.login.password);
    let new = NewCamera { name: neighbour.name(), username, password, streams, uuid: None, onvif: Some(link) };
    let failed = |e: Error| Trouble::new(Obstacle::Unreachable, e.to_string());
    blocking(move || add_under_a_free_name(&store, new)).await.map_err(failed)
}

/// The owner took a camera with this endpoint away.
pub(super) async fn is_declined(store: Arc<Store>, endpoint: String) -> Result<bool> {
    blocking(move || store.db().is_declined(&endpoint)).await
}

/// `IPC`, `IPC 2`, `IPC 3`: makers call all of theirs alike.
fn add_under_a_free_name(store: &Store, mut new: NewCamera) -> Result<Camera> {
    let name = if new.name.is_empty() { "camera".to_owned() } else { new.name };
    let name: String = name.chars().take(60).collect();
    for n in 1..MAX_ALIKE {
        new.name = if n == 1 { name.clone() } else { format!("{} {n}", name.trim()) };
        match store.add_camera(&new) {
            Err(e) if e.kind() == Kind::Conflict && n + 1 < MAX_ALIKE => {}
            added => return added,
        }
    }
    unreachable!("the last of them is returned")
}

const MAX_ALIKE: u32 = 100;

/// Runs what waits for a disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let failed = |e| Err(Error::caused(Kind::Internal, "a worker thread", e));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
}
