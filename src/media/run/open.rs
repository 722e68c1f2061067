//! `Open`: the recording of a run that is open.

use super::Terms;
use crate::base::{MediaDuration, StreamId, WallDuration, WallTime};
use crate::media::growing::{IndexBytes, Progress};
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::sample_index::{Encoder, Sample};
use crate::media::{Frame, SampleEntry};
use std::sync::Arc;

/// The recording that is open.
#[derive(Debug)]
pub(super) struct Open {
    /// Settled: for good. `None` while the first recording of a run is younger than [`SETTLING`], and in doubt.
    pub(super) start: Option<WallTime>,
    /// When its first frame arrived.
    first_arrived: WallTime,
    /// The least, over its frames, of arrival − media duration of the frames before.
    local_start: WallTime,
    /// The same over each [`STRETCH_90K`] of its media time.
    stretches: Vec<WallTime>,
    rotate_at: WallTime,
    pub(super) sample_entry: Arc<SampleEntry>,
    encoder: Encoder,
    pub(super) media_duration: MediaDuration,
    /// How much of that may have been listed.
    pub(super) listed: MediaDuration,
    bytes: u64,
    samples: u32,
    sync_samples: u32,
    /// Frames may change places.
    is_reordered: bool,
    /// The newest frame: how long it lasts is not known yet.
    pub(super) last: LastFrame,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LastFrame {
    pub(super) decode_90k: i64,
    pub(super) composition_90k: i32,
    pub(super) bytes: u32,
    pub(super) is_key: bool,
}

impl Open {
    /// The first recording of a run where `start` is not given: it starts where its frames tell.
    pub(super) fn begin(
        terms: &Terms,
        start: Option<WallTime>,
        frame: &Frame,
        new: LastFrame,
        is_reordered: bool,
    ) -> Self {
        let local_start = frame.arrived_at(terms.clock_offset);
        Self {
            start,
            first_arrived: local_start,
            local_start,
            stretches: vec![local_start],
            rotate_at: rotate_at(terms.stream, start.unwrap_or(local_start), start.is_none()),
            sample_entry: frame.sample_entry.clone(),
            encoder: Encoder::default(),
            media_duration: MediaDuration::ZERO,
            listed: MediaDuration::ZERO,
            bytes: 0,
            samples: 0,
            sync_samples: 0,
            is_reordered,
            last: new,
        }
    }

    /// How long the newest frame lasts, now that the next one is there.
    pub(super) fn duration_until(&self, next: &Frame, decode_90k: i64, reorder: usize) -> Result<i32, EndReason> {
        let duration = decode_90k.saturating_sub(self.last.decode_90k);
        let seconds = duration as f64 / MediaDuration::from_secs(1).0 as f64;
        let detail = match duration {
            i64::MIN..=0 if next.is_bidirectional => {
                let what = format!("the stream said that frames change places by {reorder} at most");
                return Err(EndReason::new(Cause::BFrames, what));
            }
            i64::MIN..0 => format!("went back by {:.3} s", -seconds),
            0 => "repeated".to_owned(),
            1..=MAX_DURATION_90K => return Ok(duration as i32),
            _ => format!("went ahead by {seconds:.3} s"),
        };
        Err(EndReason::new(Cause::BadTimestamps, detail))
    }

    /// A frame arrived: where the recording starts is told by the least delayed one, as long as it is not settled. What
    /// later ones tell is the clock's drift, and corrected as such.
    pub(super) fn hear(&mut self, arrived: WallTime) {
        let local_start = arrived - self.media_duration.as_wall();
        self.local_start = self.local_start.min(local_start);
        let stretch = usize::try_from(self.media_duration.0 / STRETCH_90K).unwrap_or(0);
        if stretch >= self.stretches.len() {
            self.stretches.resize(stretch + 1, local_start);
        }
        self.stretches[stretch] = self.stretches[stretch].min(local_start);
        if self.start.is_none() && arrived - self.first_arrived >= SETTLING {
            self.start = Some(self.local_start);
        }
    }

    /// Counts the newest frame with its duration; its index entry is the answer.
    pub(super) fn settle_last(&mut self, duration_90k: i32) -> IndexBytes {
        let LastFrame { bytes, is_key, composition_90k, .. } = self.last;
        self.media_duration += MediaDuration(i64::from(duration_90k));
        self.bytes += u64::from(bytes);
        self.samples += 1;
        self.sync_samples += u32::from(is_key);
        self.encoder.add(Sample { duration_90k, bytes, is_key, composition_90k })
    }

    pub(super) fn flags(&self, terms: &Terms) -> Flags {
        if self.is_reordered { terms.flags().with(Flags::REORDERED) } else { terms.flags() }
    }

    /// Its rotation second has come.
    pub(super) fn is_due(&self) -> bool {
        self.start.unwrap_or(self.local_start) + self.media_duration.as_wall() >= self.rotate_at
    }

    /// So far. The clock is corrected at the end alone: until then a moment of the recording stays the same frame.
    pub(super) fn progress(&self) -> Progress {
        let start = self.start.unwrap_or(self.local_start);
        Progress {
            start,
            wall_duration: self.media_duration.as_wall(),
            media_duration: self.media_duration,
            local_delta: self.local_start - start,
            sample_file_bytes: self.bytes,
            video_samples: self.samples,
            video_sync_samples: self.sync_samples,
        }
    }

    /// How far the next recording would be off if it started where this one ends; or the local delta, where that is more.
    ///
    /// The local delta tells where a camera was whose clock runs fast: its frames come ever earlier. Of one that runs slow it
    /// tells the beginning. Where that is depends on the least delayed of the first half and of the second: a network that
    /// holds up a few frames moves neither.
    pub(super) fn error_at_end(&self, closing: &Progress) -> WallDuration {
        let half = self.stretches.len() / 2;
        let least = |stretches: &[WallTime]| stretches.iter().min().copied();
        let (first, second) = self.stretches.split_at(half);
        let (Some(first), Some(second)) = (least(first), least(second)) else { return closing.local_delta };
        // Slow: each half is least delayed at its beginning, so the end is further on by as much again.
        let between = half as i64 * STRETCH_90K;
        let rest = self.media_duration.0 - between;
        let slower = i128::from((second - first).0.max(0)) * i128::from(rest) / i128::from(between);
        let corrected = closing.wall_duration - closing.media_duration.as_wall();
        let at_end = second - closing.start + WallDuration(slower as i64) - corrected;
        if at_end.0.abs() > closing.local_delta.0.abs() { at_end } else { closing.local_delta }
    }

    /// All of it, with the clock corrected. What was listed of it stays inside.
    pub(super) fn closing_progress(&self) -> Progress {
        let progress = self.progress();
        let limit = self.media_duration.0 / DRIFT_CORRECTION_LIMIT;
        let correction = WallDuration(progress.local_delta.0.clamp(-limit, limit));
        let wall_duration = (progress.wall_duration + correction).max(self.listed.as_wall());
        Progress { wall_duration, ..progress }
    }
}

/// When a recording that starts at `start` is due to end: at its stream's own second of the minute, so that several
/// streams do not close their files at once. The first of a run lasts one to two minutes, the others half of one to
/// one and a half.
fn rotate_at(stream: StreamId, start: WallTime, starts_run: bool) -> WallTime {
    let period = WallDuration::from_secs(60).0;
    // Steps of 37 s visit all 60 seconds before one comes again, and neighbours are far apart.
    let second = WallDuration::from_secs(i64::from(stream.get()) * 37 % 60).0;
    let earliest = start.0 + if starts_run { period } else { period / 2 };
    WallTime(earliest + (second - earliest).rem_euclid(period))
}

/// After so long a burst of frames that a camera had buffered is over, and among those that came live since, a few were
/// hardly delayed. Until then nothing of a run is listed; see `docs/decisions/0012-start-settles.md`.
pub(super) const SETTLING: WallDuration = WallDuration::from_secs(3);
/// A frame may last this long.
const MAX_DURATION_90K: i64 = MediaDuration::from_secs(60).0;
/// Short enough to tell the halves of a recording apart, long enough to have frames that were hardly delayed.
const STRETCH_90K: i64 = MediaDuration::from_secs(15).0;
/// At most one part in so many of a recording's length is corrected: 500 ppm.
pub(super) const DRIFT_CORRECTION_LIMIT: i64 = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_seconds_are_spread() {
        let second = WallDuration::from_secs(1).0;
        let due = |stream| rotate_at(StreamId::new(stream).unwrap(), WallTime(0), false).0 / second % 60;
        let mut seconds: Vec<i64> = (1..=60).map(due).collect();
        seconds.sort_unstable();
        assert_eq!(seconds, (0..60).collect::<Vec<_>>());
    }
}
