//! `…/snapshot.jpg`: the camera's own picture, fetched for who asks. Its login stays here.

use crate::base::{Error, Kind, Obstacle, Result, Trouble};
use crate::camera::Login;
use crate::camera::onvif::{self, Picture};
use crate::store::StreamKind;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::desks::patiently;
use http::{Response, StatusCode};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Pictures that are fetched at once: each may be 8 MiB.
#[derive(Debug)]
pub(in crate::web) struct Pictures(Semaphore);

const AT_ONCE: usize = 4;

impl Default for Pictures {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

/// The picture of a camera. `NotFound` when it gives none by itself.
pub(in crate::web) async fn show(state: &State, uuid: Uuid) -> Result<Response<Body>> {
    let camera = state.camera(uuid)?;
    let none = || Error::new(Kind::NotFound, format!("camera {}: it gives no pictures by itself", camera.name));
    let url = camera.onvif.as_ref().filter(|_| !camera.removed).and_then(|link| link.snapshot.clone());
    let url = url.ok_or_else(none)?;
    let main = camera.stream(StreamKind::Main).or(camera.streams.first()).ok_or_else(none)?;
    let unknown = || Trouble::new(Obstacle::Unreachable, "its host is not known");
    let login = Login { username: camera.username.clone(), password: camera.password.clone() };
    let picture = async {
        let host = onvif::host_of(&main.source).await.ok_or_else(unknown)?;
        onvif::picture(&url, host, &login).await
    };
    told(state, &format!("camera {}", camera.name), picture).await
}

/// A picture, when it is this one's turn to be fetched.
pub(super) async fn told(
    state: &State,
    of: &str,
    picture: impl Future<Output = Result<Picture, Trouble>>,
) -> Result<Response<Body>> {
    let _turn = patiently(state.pictures.0.acquire()).await?;
    let failed = |trouble: Trouble| Error::new(Kind::Camera, format!("{of}: its picture: {trouble}"));
    let picture = picture.await.map_err(failed)?;
    Ok(answer::typed(StatusCode::OK, "image/jpeg", Vec::from(picture.bytes)))
}
