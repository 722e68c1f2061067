//! Files and SQLite: what was recorded.

pub mod adopt;
mod attached;
pub mod camera;
mod capacity;
mod catalog;
pub mod changes;
pub mod check;
pub mod closed;
pub mod db;
mod dir;
mod facade;
pub mod film;
pub mod formats;
pub mod gap;
pub mod growing;
mod journal;
mod journal_file;
mod listing;
mod mmap;
mod mount;
mod newest;
mod old_file;
mod options;
mod orphan;
pub mod people;
mod pulse;
mod queue;
mod recover;
pub mod sample_entries;
mod sample_file;
mod shared;
pub mod stats;
mod suspects;
mod syncer;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod tests;
mod trailer;
mod unflushed;
mod upgrade;
mod wire;
mod writer;

pub use adopt::{Adopted, adopt};
pub use camera::{Camera, Stream, StreamKind};
pub use capacity::{Storage, StreamStorage};
pub use changes::{Mark, Part};
pub use check::{CheckOptions, Report, check, inspect};
pub use closed::ClosedRecording;
pub use facade::{Newest, Store};
pub use film::{FileRange, Film, Window};
pub use gap::{Gap, Hole, Moment};
pub use growing::Growing;
pub use options::Options;
pub use upgrade::upgrade;
