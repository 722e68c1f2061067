//! Files and SQLite: what was recorded.

pub mod camera;
pub mod closed;
mod dir;
mod journal;
mod mmap;
mod trailer;
mod wire;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
pub use mmap::Window;
