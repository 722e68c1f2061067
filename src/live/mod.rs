//! What is happening now: the clock, the state, rate and last trouble of each stream, and its newest frames.

pub mod clock;
pub mod frames;
pub mod health;
mod meter;

pub use clock::{Clock, ClockStatus};
pub use frames::{Frames, LiveFrame, News, Publisher, Stretch, Subscription};
pub use health::{Health, State, Status};

/// All that recorder and web share of the present: the one writes to it, the other reads.
#[derive(Debug, Default)]
pub struct Live {
    /// Whether the time is known.
    pub clock: Clock,
    /// What each stream does.
    pub health: Health,
    /// The newest frames of each stream.
    pub frames: Frames,
}
