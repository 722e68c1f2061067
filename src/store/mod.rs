//! Files and SQLite: what was recorded.

pub mod camera;
pub mod closed;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
