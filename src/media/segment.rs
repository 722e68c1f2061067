//! `Segment`: which samples of a recording cover a span.

use crate::base::{Error, Kind, MediaDuration, Result, WallDuration};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::media::sample_index::{self, Sample};
use std::ops::Range;
use std::sync::Arc;

/// The samples of one recording that a playback needs: what it shows, and what must be decoded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// From the recording's start to the first sample, a key frame.
    pub start: MediaDuration,
    /// Which samples, counted from 0 in the recording. Never empty.
    pub samples: Range<u32>,
    /// Where they lie in the sample file.
    pub bytes: Range<u64>,
    /// How many of them are key frames.
    pub sync_samples: u32,
    /// How long they all last, the last one as cut.
    pub duration: MediaDuration,
    /// From the start of the first sample, a key frame, to the wanted start.
    pub hidden: MediaDuration,
    /// What the last sample lasts, where it is not what the index says.
    pub last_duration_90k: Option<i32>,
    /// The last sample has no duration at all.
    pub ends_in_zero: bool,
    /// Its recording has composition offsets, or may have.
    pub is_reordered: bool,
    /// How much of the duration comes after the wanted end: there are frames that are decoded before the last that is wanted
    /// and shown after it.
    pub beyond_90k: i32,
    /// For how long playback holds the last wanted frame before these.
    pub held_90k: i32,
}

impl Segment {
    /// The samples that cover `wanted`, counted from the recording's start; what lies outside of the recording is
    /// nothing. `None` if nothing of the recording is wanted. `index` is asked only when the recording is cut.
    ///
    /// The frame shown at the start is the last to begin at or before it, and the samples begin with the last key frame
    /// at or before that. The last sample is the last to begin before the end, cut there. A last frame without duration
    /// begins at the recording's end: it comes with a span that goes on beyond that, wherever it starts.
    pub fn of(
        recording: &Recording,
        wanted: Range<WallDuration>,
        index: impl FnOnce() -> Result<Arc<[u8]>>,
    ) -> Result<Option<Self>> {
        check(recording)?;
        let empty = recording.video_samples == 0 || wanted.end.0 <= wanted.start.0.max(0);
        // A lone frame without duration is no part of what begins after it.
        let is_before = recording.media_duration == MediaDuration::ZERO && wanted.start > WallDuration::ZERO;
        if empty || is_before {
            return Ok(None);
        }
        let (start, end) = (media_time(recording, wanted.start), media_time(recording, wanted.end));
        let with_last = !recording.has_trailing_zero() || wanted.end > recording.wall_duration;
        let to_the_end = end == recording.media_duration && with_last;
        if start.0 == 0 && to_the_end {
            return Ok(Some(Self::whole(recording)));
        }
        if start >= end {
            return Ok(None);
        }
        Self::cut(recording, start.0..end.0, to_the_end, &index()?)
    }

    /// The same by media time: what it means does not depend on the clock's correction, which is known only when the
    /// recording is closed. A last frame without duration begins at the end: it comes with what goes on beyond that.
    pub fn of_media(
        recording: &Recording,
        wanted: Range<MediaDuration>,
        index: impl FnOnce() -> Result<Arc<[u8]>>,
    ) -> Result<Option<Self>> {
        check(recording)?;
        let end = recording.media_duration;
        let to_the_end = wanted.end > end || wanted.end == end && !recording.has_trailing_zero();
        let outside = wanted.start > end || wanted.start == end && !recording.has_trailing_zero();
        if recording.video_samples == 0 || wanted.is_empty() || wanted.end <= MediaDuration::ZERO || outside {
            return Ok(None);
        }
        if wanted.start <= MediaDuration::ZERO && to_the_end {
            return Ok(Some(Self::whole(recording)));
        }
        Self::cut(recording, wanted.start.0.max(0)..wanted.end.0.min(end.0), to_the_end, &index()?)
    }

    /// All of a recording, from its row alone.
    fn whole(recording: &Recording) -> Self {
        Self {
            start: MediaDuration::ZERO,
            samples: 0..recording.video_samples,
            bytes: 0..recording.sample_file_bytes,
            sync_samples: recording.video_sync_samples,
            duration: recording.media_duration,
            hidden: MediaDuration::ZERO,
            last_duration_90k: None,
            ends_in_zero: recording.has_trailing_zero(),
            is_reordered: recording.flags.contains(Flags::REORDERED),
            beyond_90k: 0,
            held_90k: 0,
        }
    }

    fn cut(recording: &Recording, wanted: Range<i64>, to_the_end: bool, index: &[u8]) -> Result<Option<Self>> {
        let is_reordered = recording.flags.contains(Flags::REORDERED);
        let mut at = Position::default();
        let mut key = at;
        let mut last_duration = 0;
        let mut end = End::default();
        let mut samples = sample_index::samples(index);
        // Of those that change places, the last wanted one may be decoded after others that come too late.
        while at.samples < recording.video_samples && (to_the_end || is_reordered || at.time < wanted.end) {
            let sample = samples.next().unwrap_or_else(|| Err(shorter(at.samples, recording.video_samples)))?;
            if sample.is_key && at.time >= wanted.end && !to_the_end {
                break;
            }
            if sample.is_key && at.time <= wanted.start {
                key = at;
            }
            let shown = at.time + i64::from(sample.composition_90k);
            at.pass(sample);
            last_duration = sample.duration_90k;
            end.see(at, shown, last_duration, wanted.end);
        }
        if is_reordered && !to_the_end {
            return end.cut(key, wanted);
        }
        if at.time < wanted.start || at.time == wanted.start && last_duration != 0 {
            let row = recording.media_duration.0;
            let what = format!("video index: lasts {} units, {row} were expected", at.time);
            return Err(Error::new(Kind::Corrupt, what));
        }
        let beyond = if to_the_end { 0 } else { (at.time - wanted.end).max(0) };
        // Less than the last sample's own duration, for that sample begins before the wanted end.
        let cut = (beyond > 0).then(|| last_duration - beyond as i32);
        Ok(Some(Self {
            start: MediaDuration(key.time),
            samples: key.samples..at.samples,
            bytes: key.bytes..at.bytes,
            sync_samples: at.sync_samples - key.sync_samples,
            duration: MediaDuration(at.time - beyond - key.time),
            hidden: MediaDuration(wanted.start - key.time),
            last_duration_90k: cut,
            ends_in_zero: last_duration == 0,
            is_reordered,
            beyond_90k: 0,
            held_90k: 0,
        }))
    }

    /// With a duration for its last sample, as in [`Self::go_on`].
    pub fn lasting(mut self, index: impl FnOnce() -> Result<Arc<[u8]>>) -> Result<Self> {
        if self.ends_in_zero {
            self.go_on(&index()?)?;
        }
        Ok(self)
    }

    /// How much of the end is not shown.
    pub fn beyond(&self) -> MediaDuration {
        MediaDuration(self.beyond_90k.into())
    }

    /// How much of it is shown.
    pub fn shown(&self) -> MediaDuration {
        self.duration - self.hidden - self.beyond()
    }

    /// Playback goes on after it: a last sample without duration gets that of the sample before it, a lone one 1/30 s.
    pub fn go_on(&mut self, index: &[u8]) -> Result<()> {
        if !self.ends_in_zero {
            return Ok(());
        }
        let mut last_duration = LONE_FRAME_90K;
        self.read(index, |sample| {
            if sample.duration_90k > 0 {
                last_duration = sample.duration_90k;
            }
        })?;
        self.lend(last_duration);
        Ok(())
    }

    /// Lets a last sample without duration last one unit: one that begins where an edit ends would not be shown.
    pub fn show_last(&mut self) {
        if self.ends_in_zero {
            self.lend(1);
        }
    }

    /// Playback goes on only when `hole` more has passed: until then the last sample is shown.
    pub fn hold(&mut self, hole: MediaDuration, index: impl FnOnce() -> Result<Arc<[u8]>>) -> Result<()> {
        let last_duration = match (self.ends_in_zero, self.last_duration_90k) {
            (true, _) => 0,
            (false, Some(cut)) => cut,
            (false, None) => {
                let mut last_duration = 0;
                self.read(&index()?, |sample| last_duration = sample.duration_90k)?;
                last_duration
            }
        };
        // Players take the field for a signed one.
        let held = i32::try_from(i64::from(last_duration) + hole.0);
        self.last_duration_90k = Some(held.map_err(|_| too_long(hole.0))?);
        self.duration += hole;
        self.ends_in_zero = false;
        if self.beyond_90k > 0 {
            self.held_90k = hole.0 as i32; // less than the last sample lasts now
        }
        Ok(())
    }

    fn lend(&mut self, last_duration_90k: i32) {
        self.duration += MediaDuration(i64::from(last_duration_90k));
        self.last_duration_90k = Some(last_duration_90k);
        self.ends_in_zero = false;
    }

    /// Gives its samples to `each`, in order and as they are to be played. An index that does not hold what the segment
    /// was made from is an `Err` of kind `Corrupt`: after `Ok`, samples, key frames and bytes are as many as it says.
    pub fn read(&self, index: &[u8], mut each: impl FnMut(Sample)) -> Result<()> {
        let mut samples = sample_index::samples(index);
        let mut next = |at: u32| samples.next().unwrap_or_else(|| Err(shorter(at, self.samples.end)));
        let mut before = Position::default();
        while before.samples < self.samples.start {
            before.pass(next(before.samples)?);
        }
        let mut at = before;
        let end = self.start.0 + self.duration.0 - i64::from(self.beyond_90k) - i64::from(self.held_90k);
        while at.samples < self.samples.end {
            let mut sample = next(at.samples)?;
            if self.held_90k > 0 && at.time + i64::from(sample.composition_90k) >= end {
                let offset = sample.composition_90k.checked_add(self.held_90k);
                sample.composition_90k = offset.ok_or_else(|| too_long(self.held_90k.into()))?;
            }
            at.pass(sample);
            if at.samples == self.samples.end {
                sample.duration_90k = self.last_duration_90k.unwrap_or(sample.duration_90k);
            }
            each(sample);
        }
        let (bytes, sync_samples) = (before.bytes..at.bytes, at.sync_samples - before.sync_samples);
        if bytes == self.bytes && sync_samples == self.sync_samples {
            return Ok(());
        }
        let expected = format!("{:?} with {} key frames were expected", self.bytes, self.sync_samples);
        Err(Error::new(Kind::Corrupt, format!("video index: bytes {bytes:?} with {sync_samples}; {expected}")))
    }
}

/// Nine days: sums of as many recordings as a file can have are far from an overflow.
const MAX_DURATION_90K: i64 = 1 << 36;

/// Fifteen hundred years: a run's time and what else is added to it are far from an overflow.
const MAX_OFFSET_90K: i64 = 1 << 52;

/// A row that arithmetic can rely on.
fn check(recording: &Recording) -> Result<()> {
    let Recording { index_format, media_duration, media_offset, .. } = recording;
    if !sample_index::FORMATS.contains(index_format) {
        return Err(Error::new(Kind::Corrupt, format!("video index: format {index_format} is not known")));
    }
    if !(0..=MAX_DURATION_90K).contains(&media_duration.0) {
        return Err(Error::new(Kind::Corrupt, format!("cannot last {} units", media_duration.0)));
    }
    if !(0..=MAX_OFFSET_90K).contains(&media_offset.0) {
        return Err(Error::new(Kind::Corrupt, format!("cannot begin {} units after its run", media_offset.0)));
    }
    Ok(())
}

/// What a frame lasts that has neither a next nor a previous one.
const LONE_FRAME_90K: i32 = 3_000;

/// Wall and media time begin together and pass alike; what the recorder's clock corrected (at most 500 ppm) is made up
/// for at the end. So a moment of a recording means the same frame while it grows and after; see
/// `docs/decisions/0020-wall-to-media.md`.
fn media_time(recording: &Recording, wall: WallDuration) -> MediaDuration {
    let corrected = !recording.growing;
    if corrected && wall >= recording.wall_duration {
        return recording.media_duration;
    }
    MediaDuration(wall.0.clamp(0, recording.media_duration.0))
}

#[cold]
fn shorter(samples: u32, expected: u32) -> Error {
    Error::new(Kind::Corrupt, format!("video index: ends after {samples} samples, {expected} were expected"))
}

#[cold]
fn too_long(hole_90k: i64) -> Error {
    Error::new(Kind::Corrupt, format!("its last frame would last {hole_90k} units more"))
}

/// What is known of the end of a cut among frames that change places.
#[derive(Default)]
struct End {
    /// Behind the last sample that is wanted.
    wanted: Position,
    /// Where that sample is decoded.
    decode: i64,
    /// When the latest of the samples from the key frame up to that is shown.
    latest: i64,
    /// The same of all samples so far.
    latest_so_far: i64,
}

impl End {
    /// Passes a sample, which is shown then and lasts so long; `at` is behind it.
    fn see(&mut self, at: Position, shown: i64, duration_90k: i32, end: i64) {
        self.latest_so_far = self.latest_so_far.max(shown);
        if shown < end {
            let decode = at.time - i64::from(duration_90k);
            (self.wanted, self.decode, self.latest) = (at, decode, self.latest_so_far);
        }
    }

    /// The samples from a key frame to the last that is shown within `wanted`. Those that are shown later, because it is
    /// decoded after them, follow the wanted end.
    fn cut(self, key: Position, wanted: Range<i64>) -> Result<Option<Segment>> {
        let Self { wanted: last, decode, latest, .. } = self;
        if last.samples <= key.samples {
            return Ok(None);
        }
        let end = wanted.end.max(latest + 1);
        let last_duration = i32::try_from(end - decode).map_err(|_| too_long(end - decode))?;
        Ok(Some(Segment {
            start: MediaDuration(key.time),
            samples: key.samples..last.samples,
            bytes: key.bytes..last.bytes,
            sync_samples: last.sync_samples - key.sync_samples,
            duration: MediaDuration(end - key.time),
            hidden: MediaDuration(wanted.start - key.time),
            last_duration_90k: Some(last_duration),
            ends_in_zero: false,
            is_reordered: true,
            beyond_90k: i32::try_from(end - wanted.end).map_err(|_| too_long(end - wanted.end))?,
            held_90k: 0,
        }))
    }
}

/// The sums over the samples passed.
#[derive(Clone, Copy, Default)]
struct Position {
    samples: u32,
    sync_samples: u32,
    bytes: u64,
    time: i64,
}

impl Position {
    fn pass(&mut self, sample: Sample) {
        self.samples += 1;
        self.sync_samples += u32::from(sample.is_key);
        self.bytes += u64::from(sample.bytes);
        self.time += i64::from(sample.duration_90k);
    }
}

#[cfg(test)]
mod tests;
