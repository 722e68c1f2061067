//! `/api/system/backup`: what the owner told the recorder, to be given back to it or to another. Film is not in it.

use crate::base::json::given;
use crate::base::{Result, Secret, Transport};
use crate::camera::usual_paths::MAKERS;
use crate::camera::{Source, clock};
use crate::store::camera::OnvifLink;
use crate::store::people::{Role, User};
use crate::store::{Camera, Stream, StreamKind};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::Sealed;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// A file. One of the two is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::web) struct Backup {
    /// The version of this form: [`FORMAT`].
    pub(super) lunette_backup: u32,
    /// Of the recorder that made it.
    version: String,
    made: String,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Content>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<Sealed>,
}

pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) cameras: Vec<CameraBackup>,
    pub(super) users: Vec<UserBackup>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CameraBackup {
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) username: String,
    #[serde(default, deserialize_with = "given", serialize_with = "revealed", skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<Secret>,
    /// It has one, here or not.
    pub(super) has_password: bool,
    pub(super) streams: BTreeMap<StreamKind, StreamBackup>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(super) onvif: Option<OnvifBackup>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamBackup {
    /// Left out where there may be a secret in it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// What may be told of it.
    pub(super) shown: String,
    pub(super) transport: Transport,
    pub(super) record: bool,
    pub(super) retain_bytes: Option<u64>,
}

/// See [`OnvifLink`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnvifBackup {
    pub(super) endpoint: String,
    pub(super) serial: String,
    pub(super) service: String,
    pub(super) snapshot: Option<String>,
    pub(super) events: Option<String>,
    pub(super) by_itself: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBackup {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) cameras: Option<Vec<Uuid>>,
    #[serde(default, deserialize_with = "given", serialize_with = "revealed", skip_serializing_if = "Option::is_none")]
    pub(super) password_hash: Option<Secret>,
}

/// How a whole backup is wanted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct Wish {
    passphrase: Secret,
    /// With users, so that they can log in as before.
    #[serde(default)]
    users: bool,
}

/// Whether secrets are among what is said.
#[derive(Clone, Copy, PartialEq)]
enum Secrets {
    Left,
    Told,
}

/// Without a password, a hash or an address that may have one in it.
pub(in crate::web) async fn plain(state: &Arc<State>) -> Result<Response<Body>> {
    let content = content(state, Secrets::Left, state.doors.users().await?);
    Ok(told(state, Some(content), None))
}

/// All of it, behind a passphrase.
pub(in crate::web) async fn sealed(state: &Arc<State>, wish: Wish) -> Result<Response<Body>> {
    let users = if wish.users { state.doors.users().await? } else { Vec::new() };
    let text = answer::to_json(&content(state, Secrets::Told, users));
    let sealed = state.doors.seal(wish.passphrase, text).await?;
    Ok(told(state, None, Some(sealed)))
}

fn told(state: &State, content: Option<Content>, sealed: Option<Sealed>) -> Response<Body> {
    let made = clock::wall_now().text(&state.zone);
    let name = format!("attachment; filename=\"lunette-backup-{}.json\"", made.get(..10).unwrap_or_default());
    let backup =
        Backup { lunette_backup: FORMAT, version: env!("CARGO_PKG_VERSION").to_owned(), made, content, sealed };
    let mut answer = answer::json(StatusCode::OK, &backup);
    let name = HeaderValue::from_str(&name).expect("a date is plain ASCII");
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    answer
}

/// Of the cameras that are recorded: removed ones have film alone.
fn content(state: &State, secrets: Secrets, users: Vec<User>) -> Content {
    let cameras = state.store.cameras();
    let cameras = cameras.iter().filter(|camera| !camera.removed).map(|camera| of_camera(camera, secrets)).collect();
    let users = users.into_iter().map(|user| UserBackup {
        name: user.name,
        role: user.rights.role(),
        cameras: user.rights.cameras().map(<[Uuid]>::to_vec),
        password_hash: (secrets == Secrets::Told).then_some(user.password_hash),
    });
    Content { cameras, users: users.collect() }
}

fn of_camera(camera: &Camera, secrets: Secrets) -> CameraBackup {
    let is_told = secrets == Secrets::Told;
    CameraBackup {
        uuid: camera.uuid,
        name: camera.name.clone(),
        username: camera.username.clone(),
        password: is_told.then(|| camera.password.clone()),
        has_password: !camera.password.is_empty(),
        streams: camera.streams.iter().map(|stream| (stream.kind, of_stream(stream, is_told))).collect(),
        // Its addresses may have a login in them.
        onvif: camera.onvif.as_ref().filter(|_| is_told).map(OnvifBackup::of),
    }
}

fn of_stream(stream: &Stream, is_told: bool) -> StreamBackup {
    let source = Source::parse(&stream.source, stream.transport);
    let is_harmless = matches!(&source, Ok(Source::Rtsp(rtsp)) if is_makers(&rtsp.url[url::Position::BeforePath..]));
    StreamBackup {
        source: (is_told || is_harmless).then(|| stream.source.clone()),
        shown: source.map_or(String::new(), |source| source.to_string()),
        transport: stream.transport,
        record: stream.record,
        retain_bytes: stream.retain_bytes,
    }
}

/// The path is one that all cameras of a maker have: nobody's secret.
fn is_makers(path: &str) -> bool {
    MAKERS.iter().any(|maker| maker.main == path || maker.sub == Some(path))
}

impl OnvifBackup {
    fn of(link: &OnvifLink) -> Self {
        let OnvifLink { endpoint, serial, service, snapshot, events, by_itself } = link.clone();
        Self { endpoint, serial, service, snapshot, events, by_itself }
    }

    pub(super) fn link(self) -> OnvifLink {
        let Self { endpoint, serial, service, snapshot, events, by_itself } = self;
        OnvifLink { endpoint, serial, service, snapshot, events, by_itself }
    }
}

/// Only what is sealed as a whole has one.
fn revealed<S: Serializer>(secret: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::reveal).serialize(to)
}
