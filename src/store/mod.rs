//! Files and SQLite: what was recorded.

pub mod camera;
pub mod closed;
pub mod db;
pub mod gap;
pub mod sample_entries;
pub mod stats;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
pub use gap::Gap;
