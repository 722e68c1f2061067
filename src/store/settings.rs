//! `Settings`: what owners set, apart from any film: cameras with their logins, users, tokens.

use crate::base::{Error, Kind, Result, ResultExt, Secret, StreamId, Transport, WallTime};
use crate::store::camera::{Camera, OnvifLink, Stream, StreamKind};
use crate::store::db::Database;
use crate::store::people::{Rights, Role, Token, User};
use serde::{Deserialize, Serialize, Serializer};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use uuid::Uuid;

/// All of them, as a file beside the state of the machine has them (docs/reference/storage.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    format: u32,
    /// Whose settings they are.
    pub(crate) database: Uuid,
    /// The highest id that a stream ever had.
    pub(crate) last_stream: i64,
    cameras: Vec<CameraSettings>,
    users: Vec<UserSettings>,
    tokens: Vec<TokenSettings>,
    /// Devices that were taken away: they are not recorded unasked again.
    pub(crate) declined: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CameraSettings {
    uuid: Uuid,
    name: String,
    removed: bool,
    username: String,
    #[serde(serialize_with = "reveal")]
    password: Secret,
    onvif: Option<OnvifSettings>,
    streams: Vec<StreamSettings>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnvifSettings {
    endpoint: String,
    serial: String,
    service: String,
    snapshot: Option<String>,
    events: Option<String>,
    by_itself: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamSettings {
    id: i32,
    kind: StreamKind,
    source: String,
    transport: Transport,
    record: bool,
    retain_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserSettings {
    id: i64,
    name: String,
    #[serde(serialize_with = "reveal")]
    password_hash: Secret,
    role: Role,
    cameras: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenSettings {
    id: i64,
    name: String,
    /// BLAKE3 of the token, in hex digits.
    secret_hash: String,
    created_90k: i64,
    role: Role,
    cameras: Option<Vec<Uuid>>,
}

impl Settings {
    /// As a database has them.
    pub(crate) fn of(db: &Database) -> Result<Self> {
        Ok(Self {
            format: FORMAT,
            database: db.meta()?.database,
            last_stream: db.stream_ids()?.highest(),
            cameras: db.cameras()?.iter().map(CameraSettings::new).collect(),
            users: db.users()?.iter().map(UserSettings::new).collect(),
            tokens: db.tokens()?.iter().map(TokenSettings::new).collect(),
            declined: db.declined()?,
        })
    }

    /// As a file has them; `None` where there is none. Blocks on the disk.
    pub fn read(file: &Path) -> Result<Option<Self>> {
        let what = || format!("read settings {}", file.display());
        match fs::read(file) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            read => Self::decode(&read.or_fail(Kind::Disk, what)?).map(Some).map_err(|e| e.on(what())),
        }
    }

    /// The file's content.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("texts, numbers and lists always are JSON");
        text.push(b'\n');
        text
    }

    /// What a newer version added is passed over: it is better to have most of them than none.
    pub(crate) fn decode(text: &[u8]) -> Result<Self> {
        let settings: Self = serde_json::from_slice(text).or_fail(Kind::Corrupt, || "settings")?;
        settings.users()?;
        settings.tokens()?;
        Ok(settings)
    }

    /// The cameras; rows of these do not count.
    pub(crate) fn cameras(&self) -> Vec<Camera> {
        self.cameras.iter().map(CameraSettings::camera).collect()
    }

    /// Who logs in with a password.
    pub fn users(&self) -> Result<Vec<User>> {
        self.users.iter().map(UserSettings::user).collect()
    }

    /// What programs are let in with.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        self.tokens.iter().map(TokenSettings::token).collect()
    }
}

impl CameraSettings {
    fn new(camera: &Camera) -> Self {
        let onvif = |link: &OnvifLink| OnvifSettings {
            endpoint: link.endpoint.clone(),
            serial: link.serial.clone(),
            service: link.service.clone(),
            snapshot: link.snapshot.clone(),
            events: link.events.clone(),
            by_itself: link.by_itself,
        };
        let stream = |stream: &Stream| StreamSettings {
            id: stream.id.get(),
            kind: stream.kind,
            source: stream.source.clone(),
            transport: stream.transport,
            record: stream.record,
            retain_bytes: stream.retain_bytes,
        };
        Self {
            uuid: camera.uuid,
            name: camera.name.clone(),
            removed: camera.removed,
            username: camera.username.clone(),
            password: camera.password.clone(),
            onvif: camera.onvif.as_ref().map(onvif),
            streams: camera.streams.iter().map(stream).collect(),
        }
    }

    fn camera(&self) -> Camera {
        let onvif = |link: &OnvifSettings| OnvifLink {
            endpoint: link.endpoint.clone(),
            serial: link.serial.clone(),
            service: link.service.clone(),
            snapshot: link.snapshot.clone(),
            events: link.events.clone(),
            by_itself: link.by_itself,
        };
        let stream = |stream: &StreamSettings| {
            Some(Stream {
                id: StreamId::new(stream.id.into())?,
                kind: stream.kind,
                source: stream.source.clone(),
                transport: stream.transport,
                record: stream.record,
                retain_bytes: stream.retain_bytes,
            })
        };
        Camera {
            uuid: self.uuid,
            id: 0,
            name: self.name.clone(),
            removed: self.removed,
            username: self.username.clone(),
            password: self.password.clone(),
            onvif: self.onvif.as_ref().map(onvif),
            streams: self.streams.iter().filter_map(stream).collect(),
        }
    }
}

impl UserSettings {
    fn new(user: &User) -> Self {
        let (role, cameras) = (user.rights.role(), user.rights.cameras().map(<[Uuid]>::to_vec));
        Self { id: user.id, name: user.name.clone(), password_hash: user.password_hash.clone(), role, cameras }
    }

    fn user(&self) -> Result<User> {
        let rights = Rights::new(self.role, self.cameras.clone())?;
        Ok(User { id: self.id, name: self.name.clone(), password_hash: self.password_hash.clone(), rights })
    }
}

impl TokenSettings {
    fn new(token: &Token) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            secret_hash: blake3::Hash::from_bytes(token.secret_hash).to_hex().to_string(),
            created_90k: token.created.0,
            role: token.rights.role(),
            cameras: token.rights.cameras().map(<[Uuid]>::to_vec),
        }
    }

    fn token(&self) -> Result<Token> {
        let hash = blake3::Hash::from_hex(&self.secret_hash);
        let secret_hash = *hash.map_err(|_| Error::new(Kind::Corrupt, "the hash of a token is none"))?.as_bytes();
        let rights = Rights::new(self.role, self.cameras.clone())?;
        Ok(Token { id: self.id, name: self.name.clone(), secret_hash, created: WallTime(self.created_90k), rights })
    }
}

/// For the one file that is as secret as the database.
fn reveal<S: Serializer>(secret: &Secret, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(secret.reveal())
}

const FORMAT: u32 = 1;
