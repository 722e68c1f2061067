//! `Gap`: a hole in a stream, and why.

use crate::base::WallTime;
use crate::media::EndReason;

/// A time in which a stream should have been recorded and was not. A stream has at most one that starts at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the film ends.
    pub start: WallTime,
    /// Where it goes on; `None` while the hole lasts.
    pub end: Option<WallTime>,
    /// The fixed words of [`crate::media::recording::Cause`].
    pub cause: String,
    /// The particulars, without secrets; may be empty.
    pub detail: String,
}

impl Gap {
    /// A hole that has just begun.
    pub fn new(start: WallTime, reason: &EndReason) -> Self {
        Self { start, end: None, cause: reason.cause.words().to_owned(), detail: reason.detail.clone() }
    }
}
