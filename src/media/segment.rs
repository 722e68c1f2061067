//! `Segment`: which samples of a recording cover a span.

use crate::base::{Error, Kind, MediaDuration, Result, WallDuration};
use crate::media::Recording;
use crate::media::sample_index::{self, Sample};
use std::ops::Range;
use std::sync::Arc;

/// The samples of one recording that a playback needs: what it shows, and what must be decoded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
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
}

impl Segment {
    /// The samples that cover `wanted`, counted from the recording's start; what lies outside of the recording is
    /// nothing. `None` if nothing of the recording is wanted. `index` is asked only when the recording is cut.
    ///
    /// The frame shown at the start is the last to begin at or before it, and the samples begin with the last key frame
    /// at or before that. The last sample is the last to begin before the end, cut there. A span that reaches the
    /// recording's end includes a last frame without duration, wherever it starts.
    pub fn of(
        recording: &Recording,
        wanted: Range<WallDuration>,
        index: impl FnOnce() -> Result<Arc<[u8]>>,
    ) -> Result<Option<Self>> {
        let empty = recording.video_samples == 0 || wanted.end.0 <= wanted.start.0.max(0);
        if empty {
            return Ok(None);
        }
        let (start, end) = (media_time(recording, wanted.start), media_time(recording, wanted.end));
        if start.0 == 0 && end == recording.media_duration {
            return Ok(Some(Self::whole(recording)));
        }
        if start >= end {
            return Ok(None);
        }
        Self::cut(recording, start.0..end.0, &index()?).map(Some)
    }

    /// All of a recording, from its row alone.
    fn whole(recording: &Recording) -> Self {
        Self {
            samples: 0..recording.video_samples,
            bytes: 0..recording.sample_file_bytes,
            sync_samples: recording.video_sync_samples,
            duration: recording.media_duration,
            hidden: MediaDuration::ZERO,
            last_duration_90k: None,
            ends_in_zero: recording.has_trailing_zero(),
        }
    }

    fn cut(recording: &Recording, wanted: Range<i64>, index: &[u8]) -> Result<Self> {
        let to_the_end = wanted.end == recording.media_duration.0;
        let mut at = Position::default();
        let mut key = at;
        let mut last_duration = 0;
        let mut samples = sample_index::samples(index);
        while at.samples < recording.video_samples && (to_the_end || at.time < wanted.end) {
            let sample = samples.next().unwrap_or_else(|| Err(shorter(at.samples, recording.video_samples)))?;
            if sample.is_key && at.time <= wanted.start {
                key = at;
            }
            at.pass(sample);
            last_duration = sample.duration_90k;
        }
        if at.time <= wanted.start {
            let row = recording.media_duration.0;
            let what = format!("video index: lasts {} units, {row} were expected", at.time);
            return Err(Error::new(Kind::Corrupt, what));
        }
        let beyond = if to_the_end { 0 } else { (at.time - wanted.end).max(0) };
        // Less than the last sample's own duration, for that sample begins before the wanted end.
        let cut = (beyond > 0).then(|| last_duration - beyond as i32);
        Ok(Self {
            samples: key.samples..at.samples,
            bytes: key.bytes..at.bytes,
            sync_samples: at.sync_samples - key.sync_samples,
            duration: MediaDuration(at.time - beyond - key.time),
            hidden: MediaDuration(wanted.start - key.time),
            last_duration_90k: cut,
            ends_in_zero: last_duration == 0,
        })
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
        while at.samples < self.samples.end {
            let mut sample = next(at.samples)?;
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
mod tests {
    use super::*;
    use crate::base::{RecordingId, StreamId, WallTime};
    use crate::media::recording::Flags;
    use crate::media::sample_index::Encoder;

    /// A key frame every four frames, each of 10 units and of 100 bytes, key frames 1000.
    fn film(frames: u32, trailing_zero: bool) -> (Recording, Vec<u8>) {
        let mut encoder = Encoder::default();
        let mut index = Vec::new();
        let mut sum = Position::default();
        for i in 0..frames {
            let is_key = i % 4 == 0;
            let duration_90k = if trailing_zero && i + 1 == frames { 0 } else { 10 };
            let sample = Sample { duration_90k, bytes: if is_key { 1000 } else { 100 }, is_key };
            index.extend_from_slice(&encoder.add(sample));
            sum.pass(sample);
        }
        let id = RecordingId::new(StreamId::new(1).unwrap(), 1);
        let recording = Recording {
            id,
            sequence: 1,
            open_id: 1,
            run_start: id,
            start: WallTime(0),
            wall_duration: WallDuration(sum.time),
            media_duration: MediaDuration(sum.time),
            media_offset: MediaDuration::ZERO,
            local_delta: WallDuration::ZERO,
            sample_file_bytes: sum.bytes,
            video_samples: sum.samples,
            video_sync_samples: sum.sync_samples,
            sample_entry_id: 1,
            index_format: sample_index::FORMAT,
            flags: if trailing_zero { Flags::TRAILING_ZERO } else { Flags::default() },
            growing: false,
            end_reason: None,
        };
        (recording, index)
    }

    fn segment(of: &(Recording, Vec<u8>), wanted: Range<i64>) -> Option<Segment> {
        let wanted = WallDuration(wanted.start)..WallDuration(wanted.end);
        Segment::of(&of.0, wanted, || Ok(of.1.clone().into())).unwrap()
    }

    fn durations(segment: &Segment, index: &[u8]) -> Vec<i32> {
        let mut all = Vec::new();
        segment.read(index, |s| all.push(s.duration_90k)).unwrap();
        all
    }

    #[test]
    fn a_whole_recording_needs_no_index() {
        let (recording, _) = film(10, false);
        let no_index = || Err(Error::new(Kind::Internal, "asked for the index"));
        let all = Segment::of(&recording, WallDuration(-5)..WallDuration(i64::MAX), no_index).unwrap().unwrap();
        assert_eq!((all.samples, all.bytes, all.duration), (0..10, 0..3700, MediaDuration(100)));
    }

    #[test]
    fn begins_with_a_key_frame_and_ends_within_a_frame() {
        let film = film(10, false);
        let part = segment(&film, 55..72).unwrap();
        let expected = Segment {
            samples: 4..8,
            bytes: 1300..2600,
            sync_samples: 1,
            duration: MediaDuration(32),
            hidden: MediaDuration(15),
            last_duration_90k: Some(2),
            ends_in_zero: false,
        };
        assert_eq!(part, expected);
        assert_eq!(durations(&part, &film.1), [10, 10, 10, 2]);
    }

    #[test]
    fn a_cut_between_two_frames_takes_nothing_of_the_second() {
        let film = film(10, false);
        let part = segment(&film, 40..80).unwrap();
        assert_eq!((part.samples, part.hidden, part.last_duration_90k), (4..8, MediaDuration::ZERO, None));
    }

    #[test]
    fn what_lies_outside_is_nothing() {
        let film = film(10, false);
        for wanted in [100..200, -10..0, 100..100, 50..50, i64::MIN..-1] {
            assert_eq!(segment(&film, wanted.clone()), None, "{wanted:?}");
        }
    }

    #[test]
    fn a_last_frame_without_duration_comes_with_the_end_wherever_the_start_is() {
        let film = film(10, true);
        for (start, expected) in [(0, 0..10), (1, 0..10), (45, 4..10), (89, 8..10)] {
            let part = segment(&film, start..90).unwrap();
            assert_eq!((part.samples, part.ends_in_zero), (expected, true), "from {start}");
        }
        assert_eq!(segment(&film, 0..89).unwrap().samples, 0..9);
        assert_eq!(segment(&film, 90..91), None);
    }

    #[test]
    fn going_on_lends_the_last_frame_the_duration_of_the_one_before() {
        let film = film(10, true);
        let mut part = segment(&film, 85..90).unwrap();
        part.go_on(&film.1).unwrap();
        assert_eq!((part.duration, durations(&part, &film.1)), (MediaDuration(20), vec![10, 10]));
        let lone = self::film(1, true);
        let mut part = segment(&lone, 0..1).unwrap();
        part.go_on(&lone.1).unwrap();
        assert_eq!(durations(&part, &lone.1), [3000]);
    }

    #[test]
    fn the_correction_of_the_clock_is_made_up_for_at_the_end() {
        let mut film = film(10, false);
        film.0.wall_duration = WallDuration(95);
        assert_eq!(segment(&film, 0..94).unwrap().duration, MediaDuration(94));
        assert_eq!(segment(&film, 0..95).unwrap().duration, MediaDuration(100));
        assert_eq!(segment(&film, 95..100), None);
        film.0.wall_duration = WallDuration(105);
        assert_eq!(segment(&film, 0..99).unwrap().duration, MediaDuration(99));
        assert_eq!(segment(&film, 0..104).unwrap().duration, MediaDuration(100));
    }

    #[test]
    fn a_part_is_the_same_while_the_recording_grows_and_after() {
        let (mut so_far, index) = film(8, false);
        so_far.growing = true;
        let so_far = (so_far, index);
        let mut closed = film(11, true);
        closed.0.wall_duration = WallDuration(99);
        for (start, end) in [(0, 80), (0, 40), (15, 80), (15, 33), (79, 80)] {
            assert_eq!(segment(&so_far, start..end), segment(&closed, start..end), "{start}..{end}");
        }
    }

    #[test]
    fn an_index_that_holds_something_else_is_an_error() {
        let film = film(10, false);
        let error = |index: &[u8], wanted: Range<i64>| {
            let wanted = WallDuration(wanted.start)..WallDuration(wanted.end);
            Segment::of(&film.0, wanted, || Ok(index.into())).unwrap_err().to_string()
        };
        let cut = &film.1[..film.1.len() - 2];
        assert_eq!(error(cut, 5..100), "video index: ends after 9 samples, 10 were expected");
        assert_eq!(error(&[], 5..10), "video index: ends after 0 samples, 10 were expected");
        let whole = segment(&film, 0..100).unwrap();
        let e = whole.read(cut, |_| ()).unwrap_err();
        assert_eq!(e.to_string(), "video index: ends after 9 samples, 10 were expected");
        let other = self::film(10, true).1;
        assert!(whole.read(&other, |_| ()).is_ok(), "durations are not what a segment promises");
        let mut wrong = whole.clone();
        wrong.sync_samples = 2;
        let e = wrong.read(&film.1, |_| ()).unwrap_err();
        assert_eq!(e.to_string(), "video index: bytes 0..3700 with 3; 0..3700 with 2 key frames were expected");
    }
}
