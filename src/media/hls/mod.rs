//! HLS (RFC 8216, and draft-pantos-hls-rfc8216bis where it says more): film as a list of media segments.

pub mod cuts;
pub mod media_segment;
pub mod playlist;
#[cfg(test)]
mod testing;
pub mod window;

pub use cuts::Cuts;
pub use media_segment::MediaSegment;
pub use playlist::{Kind, Playlist};
pub use window::Window;
