//! `Playlist`: a media playlist as text.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{MediaDuration, WallTime};
use crate::media::hls::MediaSegment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// What a player is told.
#[derive(Clone, Debug)]
pub struct Playlist<'a> {
    /// Whether there is more to come.
    pub kind: Kind,
    /// See [`target_secs`]; constant as long as there is more to come.
    pub target_secs: u32,
    /// In the order in which they are played.
    pub segments: &'a [MediaSegment],
}

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All is there; playback is to begin so far behind the first frame, which is a key frame.
    Vod(MediaDuration),
    /// Segments come at the end and go at the beginning.
    Live {
        /// The number of the first segment.
        sequence: u64,
        /// How many discontinuities there were up to the first segment.
        discontinuities: u64,
    },
}

/// The least target duration for these segments: none is longer, even before it is rounded.
pub fn target_secs(segments: &[MediaSegment]) -> u32 {
    let longest = segments.iter().map(|s| s.duration().0).max().unwrap_or(0);
    let seconds = (longest + UNITS_PER_SEC - 1) / UNITS_PER_SEC;
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

impl Playlist<'_> {
    /// The text. Addresses are relative to `/api/cameras/{uuid}/{stream}/`; times are told in `zone`.
    pub fn write(&self, zone: &TimeZone) -> String {
        let mut text = String::with_capacity(SEGMENT_BYTES * (self.segments.len() + 8));
        self.write_to(&mut text, zone).expect("a String takes all that is written");
        text
    }

    fn write_to(&self, text: &mut String, zone: &TimeZone) -> std::fmt::Result {
        writeln!(text, "#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-TARGETDURATION:{}", self.target_secs)?;
        match self.kind {
            Kind::Vod(_) => writeln!(text, "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:0")?,
            Kind::Live { sequence, discontinuities } => {
                writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{sequence}")?;
                writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")?;
            }
        }
        writeln!(text, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        if let Kind::Vod(hidden) = self.kind
            && hidden > MediaDuration::ZERO
        {
            writeln!(text, "#EXT-X-START:TIME-OFFSET={:.5},PRECISE=YES", hidden.as_secs_f64())?;
        }
        let mut before: Option<&MediaSegment> = None;
        for segment in self.segments {
            if before.is_some_and(|before| !segment.goes_on(before)) {
                writeln!(text, "#EXT-X-DISCONTINUITY")?;
            }
            if before.is_none_or(|before| before.sample_entry_id != segment.sample_entry_id) {
                writeln!(text, "#EXT-X-MAP:URI=\"../../../init/{}.mp4\"", segment.sample_entry_id)?;
            }
            // Also where a recording goes on in the next: there wall and media time are brought together again.
            if before.is_none_or(|before| before.recording != segment.recording || !segment.goes_on(before)) {
                date(text, segment.wall, zone)?;
            }
            writeln!(text, "#EXTINF:{:.5},\nview.m4s?m={}", segment.duration().as_secs_f64(), segment.part())?;
            before = Some(segment);
        }
        match self.kind {
            Kind::Vod(_) => writeln!(text, "#EXT-X-ENDLIST"),
            Kind::Live { .. } => Ok(()),
        }
    }
}

/// RFC 8216 7: `EXT-X-MAP` before whole segments came with 6; fMP4 players expect 7.
const VERSION: u32 = 7;

/// About what a segment takes, with its share of dates.
const SEGMENT_BYTES: usize = 56;

/// To the millisecond, as players read it.
fn date(text: &mut String, wall: WallTime, zone: &TimeZone) -> std::fmt::Result {
    let nanoseconds = wall.0.rem_euclid(UNITS_PER_SEC) * 100_000 / 9;
    let Ok(time) = Timestamp::new(wall.unix_seconds(), nanoseconds as i32) else { return Ok(()) };
    let time = time.to_zoned(zone.clone());
    writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", time.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"))
}

#[cfg(test)]
mod tests;
