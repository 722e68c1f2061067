//! `/api/cameras`: the cameras, and their management without a restart.

use crate::base::Transport;
use crate::base::{Error, Kind, Result};
use crate::camera::Source;
use crate::store::Camera;
use crate::store::camera::{CameraEdit, NewCamera};
use crate::store::db::Film;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use crate::web::auth::Caller;
use crate::web::state::blocking;
use crate::web::{Peer, State};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use std::sync::Arc;
use uuid::Uuid;

/// All cameras, and removed ones that left film.
pub(in crate::web) fn list(state: &State, caller: &Caller) -> Response<Body> {
    let mut json = Json::default();
    state.camera_texts.current(state, caller.audience()).write_all(json.raw("{\"cameras\":"), state, caller, false);
    json.raw("}");
    answer::typed(StatusCode::OK, "application/json", json.into_bytes())
}

/// One of them.
pub(in crate::web) fn show(state: &State, caller: &Caller, camera: Uuid) -> Result<Response<Body>> {
    told(state, caller, StatusCode::OK, camera)
}

/// A new one; recording begins by itself. Answers 201 with the camera and its address.
pub(in crate::web) async fn add(state: &Arc<State>, caller: &Caller, new: NewCamera) -> Result<Response<Body>> {
    for (_, stream) in new.streams.iter() {
        check_source(caller, &stream.source, stream.transport)?;
    }
    let store = state.store.clone();
    let uuid = blocking(move || store.add_camera(&new)).await?.uuid;
    let mut answer = told(state, caller, StatusCode::CREATED, uuid)?;
    let address = HeaderValue::from_str(&format!("/api/cameras/{uuid}")).expect("a uuid is plain ASCII");
    answer.headers_mut().insert(header::LOCATION, address);
    Ok(answer)
}

/// Changes what the body names; the recorder begins anew with it.
pub(in crate::web) async fn edit(
    state: &Arc<State>,
    caller: &Caller,
    camera: Uuid,
    edit: CameraEdit,
) -> Result<Response<Body>> {
    for source in edit.streams.iter().filter_map(|(_, stream)| stream.source.as_deref()) {
        check_source(caller, source, Transport::Tcp)?;
    }
    check_password_stays(&state.camera(camera)?, &edit)?;
    let store = state.store.clone();
    blocking(move || store.edit_camera(camera, &edit)).await?;
    told(state, caller, StatusCode::OK, camera)
}

/// Stops recording it. Its film stays and is listed, unless it is to be deleted too.
pub(in crate::web) async fn remove(state: &Arc<State>, camera: Uuid, delete_film: bool) -> Result<Response<Body>> {
    let store = state.store.clone();
    let film = if delete_film { Film::Condemn } else { Film::Keep };
    blocking(move || store.remove_camera(camera, film)).await?;
    state.doors.cameras_changed().await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// A source that can be opened, and that this peer may set: a command would run on this machine.
pub(super) fn check_source(caller: &Caller, source: &str, transport: Transport) -> Result<Source> {
    let parsed = Source::parse(source, transport)?;
    match parsed {
        Source::Rtsp(_) if source.contains('…') => {
            let why = "camera source: it is the short form without its path; give the whole";
            Err(Error::new(Kind::BadInput, why))
        }
        Source::Rtsp(_) => Ok(parsed),
        Source::Pipe(..) | Source::Command(..) if caller.peer() == Peer::Owner => Ok(parsed),
        Source::Pipe(..) | Source::Command(..) => {
            let why = "pipe: and exec: sources are set with `lunette camera` on the recorder itself";
            Err(Error::new(Kind::BadInput, why))
        }
    }
}

/// The stored password goes to the servers it was given for. Else whoever may change a source could have the recorder
/// send it to a server of theirs.
pub(super) fn check_password_stays(camera: &Camera, edit: &CameraEdit) -> Result<()> {
    if camera.password.is_empty() || edit.password.is_some() {
        return Ok(());
    }
    let known: Vec<Server> = camera.streams.iter().filter_map(|stream| Server::of(&stream.source)).collect();
    let sources = edit.streams.iter().filter_map(|(_, stream)| stream.source.as_deref());
    if sources.filter_map(Server::of).all(|server| known.contains(&server)) {
        return Ok(());
    }
    let why = "its password would go to another server; give the password (\"\" for none) together with the source";
    Err(Error::new(Kind::BadInput, format!("camera {}: {why}", camera.name)))
}

/// Who gets the login: scheme, host and port.
#[derive(PartialEq)]
struct Server(String, String, u16);

impl Server {
    /// `None` where no login is sent.
    fn of(source: &str) -> Option<Self> {
        match Source::parse(source, Transport::Tcp) {
            Ok(Source::Rtsp(rtsp)) => {
                let host = rtsp.url.host_str().unwrap_or_default().to_ascii_lowercase();
                Some(Self(rtsp.url.scheme().to_owned(), host, rtsp.url.port().unwrap_or(554)))
            }
            Ok(Source::Pipe(..) | Source::Command(..)) | Err(_) => None,
        }
    }
}

fn told(state: &State, caller: &Caller, status: StatusCode, uuid: Uuid) -> Result<Response<Body>> {
    let mut json = Json::default();
    if !state.camera_texts.current(state, caller.audience()).write_one(&mut json, state, uuid) {
        state.camera(uuid)?;
    }
    Ok(answer::typed(status, "application/json", json.into_bytes()))
}
