//! `Selection`: what part of each recording of a list a viewer wants.

use crate::base::{WallDuration, WallTime};
use crate::media::Recording;
use std::ops::Range;

/// Asked for one recording after the other, in the order in which they are played.
#[derive(Clone, Debug)]
pub enum Selection {
    /// What happened between two moments.
    Span(Range<WallTime>),
    /// A stretch of the list, counted from the start of what comes next, holes left out (`s=1-3.START-END`).
    Relative(Range<WallDuration>),
}

impl Selection {
    /// All of it.
    pub fn all() -> Self {
        Self::Relative(WallDuration::ZERO..WallDuration(i64::MAX))
    }

    /// The part of the next recording that is wanted, counted from its start; it may reach beyond both ends.
    pub fn next(&mut self, recording: &Recording) -> Range<WallDuration> {
        match self {
            Self::Span(span) => {
                let relative = |t: WallTime| WallDuration(t.0.saturating_sub(recording.start.0));
                relative(span.start)..relative(span.end)
            }
            Self::Relative(rest) => {
                let part = rest.clone();
                let minus = |d: WallDuration| WallDuration(d.0.saturating_sub(recording.wall_duration.0));
                *rest = minus(rest.start)..minus(rest.end);
                part
            }
        }
    }
}
