//! `Probe`: what a few seconds of frames tell about a camera.

use crate::base::WallDuration;
use crate::base::time::UNITS_PER_SEC;
use crate::media::Frame;
use serde::Serialize;

/// Takes frames, gives sums.
#[derive(Debug, Default)]
pub(super) struct Probe {
    frames: u64,
    bytes: u64,
    first_pts: Option<i64>,
    last_pts: i64,
    keys: u32,
    first_key: i64,
    last_key: i64,
    went_back: bool,
}

/// What was found out.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Findings {
    /// Frames looked at.
    pub(super) frames: u64,
    /// By the camera's timestamps; `null` when there was one frame only.
    pub(super) frames_per_second: Option<f64>,
    /// By the camera's timestamps.
    pub(super) bits_per_second: Option<f64>,
    /// Seconds from a key frame to the next; `null` when fewer than two came.
    pub(super) key_frame_interval: Option<f64>,
    /// What is worth a second look, in words.
    pub(super) odd: Vec<String>,
}

impl Probe {
    /// One more frame.
    pub(super) fn add(&mut self, frame: &Frame) {
        let pts = frame.pts_90k;
        match self.first_pts {
            None => self.first_pts = Some(pts),
            // B-frames do.
            Some(_) => self.went_back |= pts <= self.last_pts && !frame.is_bidirectional,
        }
        self.last_pts = pts;
        self.frames += 1;
        self.bytes += frame.data.len() as u64;
        if frame.is_key {
            if self.keys == 0 {
                self.first_key = pts;
            }
            self.last_key = pts;
            self.keys += 1;
        }
    }

    /// Two key frames and some time: the rest would tell nothing new.
    pub(super) fn is_enough(&self) -> bool {
        self.keys >= 2 && self.span() >= ENOUGH
    }

    /// The sums so far, with what else is known of the session.
    pub(super) fn findings(&self, lost_packets: u64, clock_offset: Option<WallDuration>) -> Findings {
        let seconds = self.span() as f64 / UNITS_PER_SEC as f64;
        let per_second = |count: f64| (seconds > 0.0).then(|| count / seconds);
        let key_seconds = (self.last_key - self.first_key) as f64 / UNITS_PER_SEC as f64;
        let key_frame_interval = (self.keys >= 2).then(|| key_seconds / f64::from(self.keys - 1));
        Findings {
            frames: self.frames,
            frames_per_second: per_second(self.frames.saturating_sub(1) as f64),
            bits_per_second: per_second(self.bytes as f64 * 8.0),
            key_frame_interval,
            odd: self.oddities(key_frame_interval, lost_packets, clock_offset),
        }
    }

    fn oddities(
        &self,
        key_interval: Option<f64>,
        lost_packets: u64,
        clock_offset: Option<WallDuration>,
    ) -> Vec<String> {
        let mut odd = Vec::new();
        if self.keys == 0 {
            odd.push("no key frame came: nothing can be recorded before one".to_owned());
        }
        if let Some(seconds) = key_interval.filter(|&s| s > LONG_KEY_INTERVAL) {
            odd.push(format!("{seconds:.0} s between key frames: seeking is slow; a few seconds are usual"));
        }
        if self.went_back {
            odd.push("timestamps repeat or go back".to_owned());
        }
        if lost_packets > 0 {
            odd.push(format!("{lost_packets} packets lost; TCP as transport loses none"));
        }
        if let Some(off) = clock_offset.map(WallDuration::as_secs_f64).filter(|s| s.abs() > CLOCK_TOLERANCE) {
            odd.push(format!("the camera's clock is {off:+.1} s off; recordings go by the recorder's"));
        }
        odd
    }

    fn span(&self) -> i64 {
        (self.last_pts - self.first_pts.unwrap_or(self.last_pts)).max(0)
    }
}

/// A rate over less than this jumps about.
const ENOUGH: i64 = 3 * UNITS_PER_SEC;

/// In seconds.
const LONG_KEY_INTERVAL: f64 = 10.0;

/// In seconds.
const CLOCK_TOLERANCE: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MonoTime;
    use crate::media::SampleEntry;
    use bytes::Bytes;
    use std::sync::Arc;

    fn frame(pts_90k: i64, is_key: bool) -> Frame {
        let sample_entry = SampleEntry {
            data: Bytes::new(),
            width: 64,
            height: 48,
            pixel_aspect: (1, 1),
            rfc6381_codec: String::new(),
        };
        Frame {
            pts_90k,
            arrived: MonoTime(0),
            is_key,
            is_skipped_leading: false,
            is_bidirectional: false,
            data: Bytes::from_static(&[0; 1000]),
            sample_entry: Arc::new(sample_entry),
            lost_packets: 0,
        }
    }

    #[test]
    fn rates_go_by_the_cameras_timestamps() {
        let mut probe = Probe::default();
        (0..41).for_each(|i| probe.add(&frame(1_000_000 + i * 9_000, i % 20 == 0)));
        assert!(probe.is_enough());
        let found = probe.findings(0, None);
        assert_eq!((found.frames, found.frames_per_second, found.key_frame_interval), (41, Some(10.0), Some(2.0)));
        assert_eq!((found.bits_per_second, found.odd), (Some(82_000.0), vec![]));
    }

    #[test]
    fn what_is_odd_is_said() {
        let mut probe = Probe::default();
        [frame(9_000, false), frame(9_000, false)].iter().for_each(|f| probe.add(f));
        let odd = probe.findings(3, Some(WallDuration::from_secs(-60))).odd;
        let begins = ["no key frame", "timestamps repeat", "3 packets lost", "the camera's clock is -60.0 s"];
        assert!(
            odd.len() == begins.len() && odd.iter().zip(begins).all(|(said, begin)| said.starts_with(begin)),
            "{odd:?}"
        );
    }

    #[test]
    fn one_frame_has_no_rate() {
        let mut probe = Probe::default();
        probe.add(&frame(5, true));
        let found = probe.findings(0, None);
        assert_eq!((found.frames_per_second, found.key_frame_interval), (None, None));
        assert!(!probe.is_enough());
    }
}
