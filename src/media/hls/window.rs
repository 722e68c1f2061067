//! `Window`: the newest segments of a stream, under numbers that stay.

use crate::base::{MediaDuration, RecordingId};
use crate::media::hls::{Kind, MediaSegment, Playlist};

/// What was listed last, so that the next list goes on from it (RFC 8216 6.2.2): numbers grow by one with each segment,
/// segments leave at the beginning only, and the target duration is the same in every list there ever is.
#[derive(Debug, Default)]
pub struct Window {
    listed: Vec<Numbered>,
}

#[derive(Clone, Copy, Debug)]
struct Numbered {
    recording: RecordingId,
    start: MediaDuration,
    sequence: u64,
    discontinuities: u64,
}

impl Window {
    /// Whether this one may be listed. Behind one that may not, nothing of its recording can be: a discontinuity within
    /// a recording would be one more than are counted.
    pub fn takes(segment: &MediaSegment) -> bool {
        segment.duration() <= MediaDuration::from_secs(LIVE_TARGET_SECS.into())
    }

    /// The playlist, now that these are the segments of the newest recordings, in the order in which they were
    /// recorded, of each up to the first that a list does not take ([`Self::takes`]). `None` when there are none.
    pub fn slide<'a>(&mut self, all: &'a [MediaSegment]) -> Option<Playlist<'a>> {
        // Nobody has waited for what was there before the first list: it may start where it likes.
        let known = self.listed.iter().find_map(|old| {
            let is_it = |s: &MediaSegment| (s.recording, s.media.start) == (old.recording, old.start);
            all.iter().position(is_it).map(|at| (at, *old))
        });
        let (from, first) = match known {
            Some(known) => known,
            None => self.begin(all)?,
        };
        let mut listed = vec![first];
        let mut last = first;
        for pair in all[from..].windows(2) {
            last = Numbered {
                recording: pair[1].recording,
                start: pair[1].media.start,
                sequence: last.sequence + 1,
                discontinuities: last.discontinuities + u64::from(!pair[1].goes_on(&pair[0])),
            };
            listed.push(last);
        }
        let gone = listed.len().saturating_sub(LISTED);
        listed.drain(..gone);
        self.listed = listed;
        let segments = &all[from + gone..];
        let Numbered { sequence, discontinuities, .. } = *self.listed.first()?;
        Some(Playlist { kind: Kind::Live { sequence, discontinuities }, target_secs: LIVE_TARGET_SECS, segments })
    }

    /// Nothing of what was listed is there any more: numbers go on above it, and above those that another daemon would
    /// have given before this one was started. A recording of five minutes has fewer segments than a step of numbers.
    fn begin(&self, all: &[MediaSegment]) -> Option<(usize, Numbered)> {
        let from = all.len().saturating_sub(LISTED);
        let MediaSegment { recording, media, .. } = all.get(from)?;
        let before = all[..from].iter().filter(|s| s.recording == *recording).count() as u64;
        let number = u64::from(recording.number());
        let (sequence, discontinuities) = self.listed.last().map_or((0, 0), |l| (l.sequence, l.discontinuities));
        let first = Numbered {
            recording: *recording,
            start: media.start,
            sequence: (number * STEP + before).max(sequence + 1),
            discontinuities: number.max(discontinuities + 1),
        };
        Some((from, first))
    }
}

/// A minute of segments of four seconds.
const LISTED: usize = 15;
/// Numbers between those of two recordings: more than either has segments.
const STEP: u64 = 128;
/// `EXT-X-TARGETDURATION` may not change (RFC 8216 6.2.1), whatever a camera does later and whichever daemon lists: it is
/// a constant. Groups of pictures of up to eight seconds, and many longer ones, make segments that are no longer.
pub const LIVE_TARGET_SECS: u32 = 12;

#[cfg(test)]
mod tests;
