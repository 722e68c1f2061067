//! Files and SQLite: what was recorded.

pub mod camera;
pub mod closed;
mod dir;
pub mod growing;
mod journal;
mod journal_file;
mod mmap;
mod queue;
mod sample_file;
#[cfg(test)]
pub(crate) mod testing;
mod trailer;
mod unflushed;
mod wire;
mod writer;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
pub use growing::Growing;
pub use mmap::Window;
