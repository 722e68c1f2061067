//! HLS (RFC 8216, and draft-pantos-hls-rfc8216bis where it says more): film as a list of media segments.

use crate::base::{MediaDuration, RecordingId};

pub mod cuts;
pub mod media_segment;
pub mod playlist;
#[cfg(test)]
mod testing;
pub mod window;

pub use cuts::Cuts;
pub use media_segment::MediaSegment;
pub use playlist::{Kind, Playlist};
pub use window::{LIVE_TARGET_SECS, Window};

/// What decode times of a run begin with in the media segments of a playlist. Players that read a list as one file
/// drop what lies before the time that they have reached (ffmpeg does), so each run begins above the one before: a
/// recording lasts five minutes at most, less than a step.
pub fn decode_time_base(run: RecordingId) -> MediaDuration {
    MediaDuration(i64::from(run.number()) << 25)
}
