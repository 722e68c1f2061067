//! `Camera`: what the owner told us about a camera and its streams.

use crate::base::{Error, Kind, Result, Secret, StreamId};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use uuid::Uuid;

/// A camera with its streams, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Its name for programs; it stays the same through every edit.
    pub uuid: Uuid,
    /// Its row.
    pub id: i32,
    /// Its name for people: trimmed, 1 to 64 characters, of no other camera that is not removed.
    pub name: String,
    /// The login; empty when none is needed.
    pub username: String,
    /// The password of the login.
    pub password: Secret,
    /// The owner took it away but kept its film: it is listed and never recorded.
    pub removed: bool,
    /// Main before sub; at least one.
    pub streams: Vec<Stream>,
}

impl Camera {
    /// Its main or its sub stream.
    pub fn stream(&self, kind: StreamKind) -> Option<&Stream> {
        self.streams.iter().find(|s| s.kind == kind)
    }
}

/// One of a camera's streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its row, never reused.
    pub id: StreamId,
    /// Which one of the camera it is.
    pub kind: StreamKind,
    /// Where it comes from: the text of a URL, without a login. Not empty; `camera` knows its forms.
    pub source: String,
    /// How RTP travels.
    pub transport: Transport,
    /// It is to be recorded.
    pub record: bool,
    /// How much film may be kept; `None`: it shares the pool.
    pub retain_bytes: Option<u64>,
}

/// Which stream of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StreamKind {
    /// The best picture it has.
    Main,
    /// A smaller one.
    Sub,
}

impl StreamKind {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Main, Self::Sub];

    /// Its word in URLs, in the database and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How RTP travels from the camera to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// Interleaved in the RTSP connection: nothing is lost.
    #[default]
    Tcp,
    /// In datagrams, for cameras that cannot do better.
    Udp,
}

impl Transport {
    /// Its word in the database and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// The transport of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp].into_iter().find(|t| t.word() == word)
    }
}

/// A camera to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCamera {
    /// See [`Camera::name`]; blanks around it are taken off.
    pub name: String,
    /// See [`Camera::username`].
    #[serde(default)]
    pub username: String,
    /// See [`Camera::password`].
    #[serde(default)]
    pub password: Secret,
    /// Its streams; at least one.
    pub streams: PerKind<NewStream>,
}

/// A stream to be added.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStream {
    /// See [`Stream::source`].
    pub source: String,
    /// See [`Stream::transport`].
    #[serde(default)]
    pub transport: Transport,
    /// See [`Stream::record`].
    #[serde(default = "yes")]
    pub record: bool,
    /// See [`Stream::retain_bytes`].
    #[serde(default)]
    pub retain_bytes: Option<u64>,
}

impl NewStream {
    /// A stream that is recorded over TCP into the pool.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), transport: Transport::Tcp, record: true, retain_bytes: None }
    }
}

fn yes() -> bool {
    true
}

/// What is to be changed of a camera; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CameraEdit {
    /// See [`Camera::name`].
    pub name: Option<String>,
    /// See [`Camera::username`].
    pub username: Option<String>,
    /// See [`Camera::password`].
    pub password: Option<Secret>,
    /// Changes of its streams. One that the camera did not have is added, and needs a source.
    pub streams: PerKind<StreamEdit>,
}

/// What is to be changed of a stream; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StreamEdit {
    /// See [`Stream::source`].
    pub source: Option<String>,
    /// See [`Stream::transport`].
    pub transport: Option<Transport>,
    /// See [`Stream::record`].
    pub record: Option<bool>,
    /// See [`Stream::retain_bytes`]; `Some(None)`, in JSON `null`, gives the stream back to the pool.
    #[serde(deserialize_with = "even_null")]
    pub retain_bytes: Option<Option<u64>>,
}

/// A field that is there, be it `null`.
fn even_null<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<u64>>, D::Error> {
    Deserialize::deserialize(d).map(Some)
}

/// Something for the main stream, something for the sub stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PerKind<T> {
    /// Of the main stream.
    #[serde(default = "none")]
    pub main: Option<T>,
    /// Of the sub stream.
    #[serde(default = "none")]
    pub sub: Option<T>,
}

impl<T> PerKind<T> {
    /// What there is, main first.
    pub fn iter(&self) -> impl Iterator<Item = (StreamKind, &T)> {
        let main = self.main.iter().map(|t| (StreamKind::Main, t));
        main.chain(self.sub.iter().map(|t| (StreamKind::Sub, t)))
    }
}

impl<T> Default for PerKind<T> {
    fn default() -> Self {
        Self { main: None, sub: None }
    }
}

fn none<T>() -> Option<T> {
    None
}

/// A camera's name without the blanks around it, or why it is none.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let bad = |why: &str| Err(Error::new(Kind::BadInput, format!("camera name {name:?}: {why}")));
    if name.is_empty() {
        return bad("must not be empty");
    }
    if name.chars().count() > NAME_MAX_CHARS {
        return bad("must have at most 64 characters");
    }
    if name.chars().any(char::is_control) {
        return bad("must not have control characters");
    }
    Ok(name.to_owned())
}

/// A stream's source without the blanks around it, or why it is none.
pub fn checked_source(source: &str) -> Result<String> {
    match source.trim() {
        "" => Err(Error::new(Kind::BadInput, "stream: its source (a URL) must not be empty")),
        source => Ok(source.to_owned()),
    }
}

const NAME_MAX_CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_within_bounds() {
        assert_eq!(checked_name("  porch\n").unwrap(), "porch");
        assert_eq!(checked_name(&"ü".repeat(64)).unwrap().chars().count(), 64);
        for bad in ["", "   ", "a\u{7}b", &"ü".repeat(65)] {
            assert_eq!(checked_name(bad).unwrap_err().kind(), Kind::BadInput, "{bad:?}");
        }
        assert!(checked_source(" \t").is_err());
    }

    #[test]
    fn a_new_camera_needs_little_json() {
        let json = r#"{"name": "porch", "streams": {"main": {"source": "rtsp://192.0.2.1/"}}}"#;
        let camera: NewCamera = serde_json::from_str(json).unwrap();
        let streams = PerKind { main: Some(NewStream::new("rtsp://192.0.2.1/")), sub: None };
        assert_eq!(camera, NewCamera { name: "porch".into(), streams, ..Default::default() });
        assert!(serde_json::from_str::<NewCamera>(r#"{"name": "a", "streams": {}, "uuid": 1}"#).is_err());
    }

    #[test]
    fn an_edit_tells_null_from_absent() {
        let edit = |json: &str| serde_json::from_str::<StreamEdit>(json).unwrap().retain_bytes;
        assert_eq!(edit("{}"), None);
        assert_eq!(edit(r#"{"retainBytes": null}"#), Some(None));
        assert_eq!(edit(r#"{"retainBytes": 7}"#), Some(Some(7)));
    }

    #[test]
    fn a_password_is_not_printed() {
        let camera = NewCamera { password: Secret::new("hunter2"), ..Default::default() };
        assert!(!format!("{camera:?}").contains("hunter2"));
    }
}
