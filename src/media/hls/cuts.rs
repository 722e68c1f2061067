//! `Cuts`: where a recording is cut into media segments.

use crate::base::{Error, Kind, MediaDuration, Result};
use crate::media::Recording;
use crate::media::sample_index;
use std::ops::Range;

/// The first key frame of each [`TARGET`] of the recording's own time begins a media segment: so the cuts before a key
/// frame stay what they are while the recording grows and ever after, whoever asks for which span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// Ascending from 0, in 1/90 000 s from the start of the recording; at least one.
    starts: Box<[u32]>,
    /// Where the last frame ends; one without duration lasts as `Segment::go_on` says.
    end: u32,
}

/// Media segments are about this long, or as long as a group of pictures where that is more. A little below four
/// seconds: cameras send a key frame each one, two or four, or a few units before.
pub const TARGET: MediaDuration = MediaDuration(351_000);

/// What a frame lasts that has neither a next nor a previous one.
const LONE_FRAME_90K: u32 = 3_000;

impl Cuts {
    /// Of a recording, from its index. `Corrupt` when the index does not hold what the row says.
    pub fn of(recording: &Recording, index: &[u8]) -> Result<Self> {
        let corrupt = |what: String| Error::new(Kind::Corrupt, format!("recording {}: {what}", recording.id));
        let mut starts: Vec<u32> = Vec::new();
        let (mut at, mut last, mut before) = (0u32, 0u32, 0u32);
        let mut count = 0;
        for sample in sample_index::samples(index).take(recording.video_samples as usize) {
            let sample = sample.map_err(|e| e.on(format!("recording {}", recording.id)))?;
            if sample.is_key && starts.last().is_none_or(|&cut| cell(cut) < cell(at)) {
                starts.push(at);
            }
            (before, last) = (last, sample.duration_90k.unsigned_abs());
            at = at.checked_add(last).ok_or_else(|| corrupt("video index: lasts above 13 hours".to_owned()))?;
            count += 1;
        }
        if count != recording.video_samples || starts.first() != Some(&0) || i64::from(at) != recording.media_duration.0
        {
            let row = (recording.video_samples, recording.media_duration.0);
            return Err(corrupt(format!("video index: {count} samples, {at} units; {row:?} were expected")));
        }
        let alone = starts.last() == Some(&at);
        let lent = match last {
            0 if alone || before == 0 => LONE_FRAME_90K,
            0 => before,
            _ => 0,
        };
        Ok(Self { starts: starts.into(), end: at.saturating_add(lent) })
    }

    /// Where the last frame ends.
    pub fn end(&self) -> MediaDuration {
        MediaDuration(self.end.into())
    }

    /// The media segments of a part of the recording that begins with a key frame.
    pub fn split(&self, part: Range<MediaDuration>) -> impl Iterator<Item = Range<MediaDuration>> {
        let inner = self.starts.iter().map(|&cut| MediaDuration(cut.into()));
        let inner = inner.filter(move |&cut| part.start < cut && cut < part.end);
        let mut start = part.start;
        inner.chain([part.end]).map(move |end| std::mem::replace(&mut start, end)..end)
    }

    /// The media segments of a recording that stay what they are: of one that grows, which is known up to a key frame,
    /// the last is left out unless that key frame is a cut.
    pub fn settled(&self, growing: bool) -> impl Iterator<Item = Range<MediaDuration>> {
        let last = self.starts.last().copied().unwrap_or(0);
        let is_whole = !growing || cell(last) < cell(self.end);
        let end = if is_whole { self.end } else { last };
        self.split(MediaDuration::ZERO..MediaDuration(end.into())).filter(|part| !part.is_empty())
    }

    /// How much memory it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.starts)
    }
}

fn cell(at: u32) -> u32 {
    at / TARGET.0 as u32
}

#[cfg(test)]
mod tests;
