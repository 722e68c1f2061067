//! Files and SQLite: what was recorded.

pub mod camera;
pub mod closed;
pub mod db;
mod dir;
pub mod gap;
pub mod growing;
mod journal;
mod journal_file;
mod mmap;
mod queue;
mod sample_file;
pub mod sample_entries;
pub mod stats;
#[cfg(test)]
pub(crate) mod testing;
mod trailer;
mod unflushed;
mod wire;
mod writer;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
pub use gap::Gap;
pub use growing::Growing;
pub use mmap::Window;
