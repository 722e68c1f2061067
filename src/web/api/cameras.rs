//! `/api/cameras`: the cameras, and their management without a restart.

use crate::base::Transport;
use crate::base::{Error, Kind, Result};
use crate::camera::Source;
use crate::store::camera::{CameraEdit, NewCamera};
use crate::store::db::Film;
use crate::web::answer::{self, Body};
use crate::web::api::camera_json::{self, CameraJson};
use crate::web::state::blocking;
use crate::web::{Peer, State};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// All cameras, and removed ones that left film.
pub(in crate::web) fn list(state: &State, peer: Peer) -> Response<Body> {
    #[derive(Serialize)]
    struct Cameras {
        cameras: Vec<CameraJson>,
    }
    answer::json(StatusCode::OK, &Cameras { cameras: camera_json::all(state, peer, false) })
}

/// One of them.
pub(in crate::web) fn show(state: &State, peer: Peer, camera: Uuid) -> Result<Response<Body>> {
    told(state, peer, StatusCode::OK, camera)
}

/// A new one; recording begins by itself. Answers 201 with the camera and its address.
pub(in crate::web) async fn add(state: &Arc<State>, peer: Peer, new: NewCamera) -> Result<Response<Body>> {
    for (_, stream) in new.streams.iter() {
        check_source(peer, &stream.source, stream.transport)?;
    }
    let store = state.store.clone();
    let uuid = blocking(move || store.add_camera(&new)).await?.uuid;
    let mut answer = told(state, peer, StatusCode::CREATED, uuid)?;
    let address = HeaderValue::from_str(&format!("/api/cameras/{uuid}")).expect("a uuid is plain ASCII");
    answer.headers_mut().insert(header::LOCATION, address);
    Ok(answer)
}

/// Changes what the body names; the recorder begins anew with it.
pub(in crate::web) async fn edit(
    state: &Arc<State>,
    peer: Peer,
    camera: Uuid,
    edit: CameraEdit,
) -> Result<Response<Body>> {
    for source in edit.streams.iter().filter_map(|(_, stream)| stream.source.as_deref()) {
        check_source(peer, source, Transport::Tcp)?;
    }
    let store = state.store.clone();
    blocking(move || store.edit_camera(camera, &edit)).await?;
    told(state, peer, StatusCode::OK, camera)
}

/// Stops recording it. Its film stays and is listed, unless it is to be deleted too.
pub(in crate::web) async fn remove(state: &Arc<State>, camera: Uuid, delete_film: bool) -> Result<Response<Body>> {
    let store = state.store.clone();
    let film = if delete_film { Film::Condemn } else { Film::Keep };
    blocking(move || store.remove_camera(camera, film)).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// A source that can be opened, and that this peer may set: a command would run on this machine.
pub(super) fn check_source(peer: Peer, source: &str, transport: Transport) -> Result<Source> {
    let parsed = Source::parse(source, transport)?;
    match parsed {
        Source::Rtsp(_) if source.contains('…') => {
            let why = "camera source: it is the short form without its path; give the whole";
            Err(Error::new(Kind::BadInput, why))
        }
        Source::Rtsp(_) => Ok(parsed),
        Source::Pipe(..) | Source::Command(..) if peer == Peer::Owner => Ok(parsed),
        Source::Pipe(..) | Source::Command(..) => {
            let why = "pipe: and exec: sources are set with `lunette camera` on the recorder itself";
            Err(Error::new(Kind::BadInput, why))
        }
    }
}

fn told(state: &State, peer: Peer, status: StatusCode, uuid: Uuid) -> Result<Response<Body>> {
    let camera = state.camera(uuid)?;
    Ok(answer::json(status, &CameraJson::of(&camera, state, peer, &state.health.snapshot(), false)))
}
