//! `Event`: something that a camera noticed by itself.

use crate::base::WallTime;

/// Something that a camera noticed by itself, such as motion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it began.
    pub start: WallTime,
    /// When it ended; `None` while it lasts.
    pub end: Option<WallTime>,
    /// What it is: `motion`. Not empty.
    pub kind: String,
    /// Which of the camera's sensors or rules noticed it, in its words; may be empty.
    pub source: String,
}
