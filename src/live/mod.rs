//! What is happening now: the clock, the state, rate and last trouble of each stream, and its newest frames.

pub mod clock;
pub mod discovery;
pub mod frames;
pub mod health;
mod meter;

pub use clock::{Clock, ClockStatus};
pub use discovery::{Answered, Discovery, Found, FoundNews, FoundState, FoundStream, Order};
pub use frames::{Frames, LiveFrame, News, Publisher, Stretch, Subscription};
pub use health::{Health, State, Status};

/// All that recorder and web share of the present: the one writes to it, the other reads.
#[derive(Debug, Default)]
pub struct Live {
    /// Whether the time is known.
    pub clock: Clock,
    /// Cameras that were found on the network.
    pub discovery: Discovery,
    /// What each stream does.
    pub health: Health,
    /// The newest frames of each stream.
    pub frames: Frames,
}
