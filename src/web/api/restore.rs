//! `/api/system/restore`: takes a backup back, and tells what of it could not be. Film is never touched.

use super::backup::{Backup, CameraBackup, Content, FORMAT, OnvifBackup, StreamBackup, UserBackup};
use super::cameras::{check_password_stays, check_source};
use crate::base::{Error, Kind, Result, Secret};
use crate::store::camera::{CameraEdit, NewCamera, NewStream, PerKind, StreamEdit};
use crate::store::people::{NewUser, Rights};
use crate::store::{Camera, StreamKind};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use crate::web::state::blocking;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct Wish {
    backup: Backup,
    /// Of one that is sealed.
    #[serde(default)]
    passphrase: Option<Secret>,
}

/// What became of it.
#[derive(Debug, Default, Serialize)]
struct Restored {
    cameras: Vec<Line>,
    users: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    name: String,
    done: Done,
    /// What is missing or why it was not done; may be empty.
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Done {
    Added,
    Changed,
    /// It is as it was before.
    Kept,
}

pub(in crate::web) async fn run(state: &Arc<State>, caller: &Caller, wish: Wish) -> Result<Response<Body>> {
    let content = wish.content(state).await?;
    let mut restored = Restored::default();
    // What cameras of the backup are called here.
    let mut uuids: HashMap<Uuid, Uuid> =
        state.store.cameras().iter().map(|camera| (camera.uuid, camera.uuid)).collect();
    for camera in content.cameras {
        let (uuid, name) = (camera.uuid, camera.name.clone());
        let line = match restore_camera(state, caller, camera).await {
            Ok((here, done, missing)) => {
                uuids.insert(uuid, here);
                Line { name, done, detail: missing.join("; ") }
            }
            Err(e) => Line { name, done: Done::Kept, detail: e.to_string() },
        };
        restored.cameras.push(line);
    }
    for user in content.users {
        let name = user.name.clone();
        let line = match restore_user(state, user, &uuids).await {
            Ok((done, detail)) => Line { name, done, detail: detail.to_owned() },
            Err(e) => Line { name, done: Done::Kept, detail: e.to_string() },
        };
        restored.users.push(line);
    }
    Ok(answer::json(StatusCode::OK, &restored))
}

impl Wish {
    async fn content(self, state: &State) -> Result<Content> {
        let bad = |what: &str| Err(Error::new(Kind::BadInput, format!("the backup: {what}")));
        if self.backup.lunette_backup != FORMAT {
            return bad("it was made by a newer version: upgrade first");
        }
        match (self.backup.content, self.backup.sealed, self.passphrase) {
            (Some(content), None, _) => Ok(content),
            (Some(_), Some(_), _) => bad("it is open and sealed at the same time"),
            (None, Some(sealed), Some(passphrase)) => {
                let text = state.doors.unseal(passphrase, sealed).await?;
                serde_json::from_slice(&text).or_else(|e| bad(&format!("what was sealed: {e}")))
            }
            (None, Some(_), None) => bad("it is sealed: its passphrase is needed"),
            (None, None, _) => bad("there is nothing in it"),
        }
    }
}

/// The camera as it is called here, and what is missing for it to be as it was.
async fn restore_camera(state: &Arc<State>, caller: &Caller, of: CameraBackup) -> Result<(Uuid, Done, Vec<String>)> {
    let cameras = state.store.cameras();
    let mut missing = Vec::new();
    if of.has_password && of.password.is_none() {
        missing.push("its password".to_owned());
    }
    let store = state.store.clone();
    if let Some(here) = known(&cameras, &of) {
        let edit = edit(caller, here, of, &mut missing)?;
        check_password_stays(here, &edit)?;
        let uuid = here.uuid;
        blocking(move || store.edit_camera(uuid, &edit)).await?;
        return Ok((uuid, Done::Changed, told(missing)));
    }
    let is_free = cameras.iter().all(|camera| camera.uuid != of.uuid);
    let new = new(caller, of, is_free, &mut missing)?;
    let added = blocking(move || store.add_camera(&new)).await?;
    Ok((added.uuid, Done::Added, told(missing)))
}

fn told(missing: Vec<String>) -> Vec<String> {
    missing.into_iter().map(|what| format!("{what} is not in this backup")).collect()
}

/// The camera here that is this one: by its uuid, as the same device, or by its name.
fn known<'a>(cameras: &'a [Camera], of: &CameraBackup) -> Option<&'a Camera> {
    let find = |is_it: &dyn Fn(&Camera) -> bool| cameras.iter().find(|camera| !camera.removed && is_it(camera));
    let is_device = |camera: &Camera| match (&camera.onvif, &of.onvif) {
        // Cheap ones share the endpoint with their like, but then hardly the number too.
        (Some(here), Some(there)) => here.endpoint == there.endpoint && here.serial == there.serial,
        _ => false,
    };
    find(&|camera| camera.uuid == of.uuid).or_else(|| find(&is_device)).or_else(|| find(&|c| c.name == of.name.trim()))
}

fn edit(caller: &Caller, here: &Camera, of: CameraBackup, missing: &mut Vec<String>) -> Result<CameraEdit> {
    let mut streams = PerKind::default();
    for (kind, stream) in of.streams {
        let before = here.stream(kind);
        let source = stream.source.filter(|source| before.is_none_or(|before| before.source != *source));
        if source.is_none() && before.is_none() {
            missing.push(address(kind, &stream.shown));
            continue;
        }
        if let Some(source) = &source {
            check_source(caller, source, stream.transport)?;
        }
        let (transport, record, retain_bytes) =
            (Some(stream.transport), Some(stream.record), Some(stream.retain_bytes));
        *slot(&mut streams, kind) = Some(StreamEdit { source, transport, record, retain_bytes });
    }
    Ok(CameraEdit { name: Some(of.name), username: Some(of.username), password: of.password, streams })
}

fn new(caller: &Caller, of: CameraBackup, is_free: bool, missing: &mut Vec<String>) -> Result<NewCamera> {
    let mut streams = PerKind::default();
    for (kind, StreamBackup { source, shown, transport, record, retain_bytes }) in of.streams {
        match source {
            Some(source) => {
                check_source(caller, &source, transport)?;
                *slot(&mut streams, kind) = Some(NewStream { source, transport, record, retain_bytes });
            }
            None => missing.push(address(kind, &shown)),
        }
    }
    if streams.iter().next().is_none() {
        let what = "its address is not in this backup, since there may be a secret in it: add it anew";
        return Err(Error::new(Kind::BadInput, format!("camera {}: {what}", of.name)));
    }
    Ok(NewCamera {
        name: of.name,
        username: of.username,
        password: of.password.unwrap_or_default(),
        streams,
        uuid: is_free.then_some(of.uuid),
        onvif: of.onvif.map(OnvifBackup::link),
    })
}

fn address(kind: StreamKind, shown: &str) -> String {
    format!("the address of {kind} ({shown})")
}

fn slot<T>(streams: &mut PerKind<T>, kind: StreamKind) -> &mut Option<T> {
    match kind {
        StreamKind::Main => &mut streams.main,
        StreamKind::Sub => &mut streams.sub,
    }
}

/// Who is here already stays as they are: nobody is shut out by an old file.
async fn restore_user(state: &Arc<State>, of: UserBackup, uuids: &HashMap<Uuid, Uuid>) -> Result<(Done, &'static str)> {
    let users = state.doors.users().await?;
    if users.iter().any(|user| user.name.eq_ignore_ascii_case(of.name.trim())) {
        return Ok((Done::Kept, "is a user here already, and stays as they are"));
    }
    let Some(password_hash) = of.password_hash else {
        return Ok((Done::Kept, "the password is not in this backup: add them anew"));
    };
    let cameras = of.cameras.map(|some| some.iter().filter_map(|uuid| uuids.get(uuid).copied()).collect());
    let rights = Rights::new(of.role, cameras)?;
    state.doors.restore_user(NewUser { name: of.name, password_hash, rights }).await?;
    Ok((Done::Added, ""))
}
