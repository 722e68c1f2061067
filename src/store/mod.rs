//! Files and SQLite: what was recorded.

pub mod camera;
mod catalog;
pub mod closed;
pub mod db;
mod dir;
pub mod film;
pub mod gap;
pub mod growing;
mod journal;
mod journal_file;
mod mmap;
mod queue;
mod recover;
pub mod sample_entries;
mod sample_file;
pub mod stats;
#[cfg(test)]
pub(crate) mod testing;
mod trailer;
mod unflushed;
mod wire;
mod writer;

pub use camera::{Camera, Stream, StreamKind};
pub use closed::ClosedRecording;
pub use film::{Film, Window};
pub use gap::Gap;
pub use growing::Growing;
