//! `Obstacle`: what keeps us from a camera's pictures, and `Trouble`: that with its details.

use serde::Serialize;
use std::fmt;

/// What keeps us from a camera's pictures, as far as somebody can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// It wants a name and a password.
    NeedsLogin,
    /// It does not take those that it got.
    WrongLogin,
    /// Its clock and ours are too far apart for its kind of login.
    ClockOff,
    /// It lets nobody in for a while, after too many wrong logins.
    LockedOut,
    /// It has no pictures that can be recorded.
    NoVideo,
    /// It does not answer, or not so that anything can be made of it.
    Unreachable,
}

impl Obstacle {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NeedsLogin, Self::WrongLogin, Self::ClockOff, Self::LockedOut, Self::NoVideo, Self::Unreachable];

    /// Its word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NeedsLogin => "needsLogin",
            Self::WrongLogin => "wrongLogin",
            Self::ClockOff => "clockOff",
            Self::LockedOut => "lockedOut",
            Self::NoVideo => "noVideo",
            Self::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedsLogin => "it wants a login",
            Self::WrongLogin => "wrong name or password",
            Self::ClockOff => "its clock is too far off for its login: set it",
            Self::LockedOut => "it is locked after too many wrong logins: wait some minutes",
            Self::NoVideo => "no video that can be recorded",
            Self::Unreachable => "it does not answer as a camera does",
        })
    }
}

/// An obstacle, and what was seen of it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What to do about it depends on this.
    pub obstacle: Obstacle,
    /// What was seen, in words; may be empty.
    pub detail: String,
}

impl Trouble {
    /// An obstacle, seen so.
    pub fn new(obstacle: Obstacle, detail: impl Into<String>) -> Self {
        Self { obstacle, detail: detail.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => self.obstacle.fmt(f),
            detail => write!(f, "{}: {detail}", self.obstacle),
        }
    }
}
