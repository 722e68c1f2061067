//! Bytes and arithmetic: formats, and the rules of recording and playback. No I/O, no clock, no async.

pub mod access_unit;
pub mod anchor;
pub mod annexb;
mod avc;
pub mod codec;
pub mod converter;
pub mod days;
pub mod drift;
pub mod frame;
pub mod growing;
mod hevc;
pub mod hls;
pub mod media_part;
pub mod mp4;
pub mod nal;
#[cfg(test)]
mod nal_writer;
pub mod output_order;
mod parameter_sets;
pub mod picture;
pub mod picture_order;
pub mod playing_order;
pub mod recording;
pub mod reorder;
pub mod retention;
pub mod rows;
pub mod run;
pub mod sample_entry;
pub mod sample_index;
pub mod segment;
pub mod selection;
pub mod spans;
pub mod verification;

pub use anchor::Anchor;
pub use days::Days;
pub use drift::Drift;
pub use frame::Frame;
pub use media_part::MediaPart;
pub use recording::{EndReason, Recording};
pub use sample_entry::SampleEntry;
pub use segment::Segment;
pub use selection::Selection;
