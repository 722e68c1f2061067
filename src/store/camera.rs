//! `Camera`: what the owner told us about a camera and its streams.

mod edit;

pub use edit::{CameraEdit, NewCamera, NewStream, PerKind, StreamEdit};

use crate::base::{Error, Kind, Result, Secret, StreamId, Transport};
use serde::{Deserialize, Serialize};
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
    /// What ONVIF told of it, if it was found so.
    pub onvif: Option<OnvifLink>,
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

/// How a camera is reached and known again by ONVIF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnvifLink {
    /// What the device calls itself for good; not empty. Cheap ones share it with their like.
    pub endpoint: String,
    /// Its maker's number for it; may be empty.
    pub serial: String,
    /// The URL of its device service. The host in it and in those below is not asked, but that of the main stream.
    pub service: String,
    /// A URL that gives a JPEG.
    pub snapshot: Option<String>,
    /// The URL of its event service.
    pub events: Option<String>,
    /// Nobody asked for it: it was found open and recorded at once.
    pub by_itself: bool,
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

/// A camera's name without the blanks around it, or why it is none.
pub fn checked_name(name: &str) -> Result<String> {
    checked_label("camera", name)
}

/// The same for a name of something else.
pub(super) fn checked_label(of: &str, name: &str) -> Result<String> {
    let name = name.trim();
    let bad = |why: &str| Err(Error::new(Kind::BadInput, format!("{of} name {name:?}: {why}")));
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
}
