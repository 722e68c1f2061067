//! `Health`: what each stream is doing, since when, and what went wrong last.

use super::meter::{Meter, Rate};
use crate::base::MonoTime;
use crate::base::StreamId;
use crate::base::WallDuration;
use crate::base::WallTime;
use crate::media::drift::Estimate;
use crate::media::recording::EndReason;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The board that sessions write to and viewers read from. Locked for a few lines at a time.
#[derive(Debug, Default)]
pub struct Health {
    streams: Mutex<BTreeMap<StreamId, Entry>>,
}

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Talking to the camera; no picture yet.
    Connecting,
    /// Frames arrive and go to the disk.
    Recording,
    /// Frames arrive, but the disk does not take them.
    NotRecording,
    /// Waiting before the next try.
    Waiting,
}

/// One stream, as it is told to people and programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// What it does.
    pub state: State,
    /// Since when.
    #[serde(skip)]
    pub since: WallTime,
    /// What went wrong last, and is not over while the state is not recording.
    pub last_error: Option<String>,
    /// When that was.
    #[serde(skip)]
    pub last_error_at: Option<WallTime>,
    /// What the camera sends, such as `H.264 640x360`, once known.
    pub video: Option<String>,
    /// Frames a second over the last seconds.
    pub frames_per_second: f64,
    /// Bits a second over the last seconds.
    pub bits_per_second: f64,
    /// Packets lost in this session.
    pub lost_packets: u64,
    /// Camera's clock − ours in seconds, by its RTCP sender reports.
    pub camera_clock_offset_seconds: Option<f64>,
    /// By how many millionths the camera's clock runs fast against ours, once it was watched for a minute.
    pub camera_clock_ppm: Option<f64>,
    /// It is within so many of that, 19 times in 20.
    pub camera_clock_uncertainty_ppm: Option<f64>,
    /// How often a connection was begun.
    pub sessions: u64,
    /// When the newest recorded frame arrived; `None` since the last trouble.
    #[serde(skip)]
    pub last_frame: Option<MonoTime>,
    /// Since when nothing is recorded; `None` while something is.
    #[serde(skip)]
    pub away_since: Option<MonoTime>,
    /// Frames recorded since the stream was switched on.
    #[serde(skip)]
    pub frames: u64,
    /// Bytes of these.
    #[serde(skip)]
    pub bytes: u64,
}

/// A stream that should record and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Which one.
    pub stream: StreamId,
    /// Since its newest frame, or since it was switched on.
    pub since: MonoTime,
    /// What went wrong last.
    pub why: Option<String>,
}

#[derive(Debug)]
struct Entry {
    status: Status,
    meter: Meter,
}

impl Health {
    /// A session begins.
    pub fn connecting(&self, stream: StreamId, now: WallTime, at: MonoTime) {
        let mut streams = self.lock();
        let entry = streams.entry(stream).or_insert_with(|| Entry::new(now, at));
        entry.change(State::Connecting, now);
        entry.meter = Meter::default();
        entry.status.sessions += 1;
        entry.status.lost_packets = 0;
        entry.status.camera_clock_offset_seconds = None;
    }

    /// A frame arrived and is being recorded.
    pub fn frame(&self, stream: StreamId, arrived: MonoTime, now: WallTime, bytes: usize) {
        self.update(stream, |entry| {
            entry.change(State::Recording, now);
            entry.meter.count(arrived, bytes);
            entry.status.last_frame = Some(arrived);
            entry.status.away_since = None;
            entry.status.frames += 1;
            entry.status.bytes += bytes as u64;
        });
    }

    /// What the camera tells of itself; told again when it changes.
    pub fn report(&self, stream: StreamId, video: &str, lost_packets: u64, clock_offset: Option<WallDuration>) {
        self.update(stream, |entry| {
            if entry.status.video.as_deref() != Some(video) {
                entry.status.video = Some(video.to_owned());
            }
            entry.status.lost_packets = lost_packets;
            entry.status.camera_clock_offset_seconds = clock_offset.map(WallDuration::as_secs_f64);
        });
    }

    /// How fast the camera's clock runs is better known, or known anew. It stays known when the connection ends.
    pub fn drift(&self, stream: StreamId, found: Estimate) {
        self.update(stream, |entry| {
            entry.status.camera_clock_ppm = Some(found.ppm);
            entry.status.camera_clock_uncertainty_ppm = Some(found.uncertainty_ppm);
        });
    }

    /// Something went wrong. The answer tells whether it is news: other words than the last time, or the first
    /// trouble since frames were recorded. A retry loop warns only then.
    pub fn trouble(&self, stream: StreamId, reason: &EndReason, next: State, now: WallTime) -> bool {
        let mut streams = self.lock();
        // What is said of a stream that is not to record any more is nobody's trouble.
        let Some(entry) = streams.get_mut(&stream) else { return true };
        let words = reason.to_string();
        let was_well = entry.status.last_error.is_none() || entry.status.last_frame.is_some();
        let news = was_well || entry.status.last_error.as_deref() != Some(&words);
        entry.status.last_error = Some(words);
        entry.status.last_error_at = Some(now);
        entry.status.away_since = entry.status.away_since.or(entry.status.last_frame);
        entry.status.last_frame = None;
        entry.change(next, now);
        news
    }

    /// The stream is not recorded any more.
    pub fn forget(&self, stream: StreamId) {
        self.lock().remove(&stream);
    }

    /// Shows what a stream does; `None` if it should not record. Who looks is quick: nobody else comes to the board.
    pub fn look<T>(&self, stream: StreamId, look: impl FnOnce(&Status) -> T) -> Option<T> {
        self.lock().get_mut(&stream).map(|entry| look(entry.told()))
    }

    /// The streams that should record and do not: their newest recorded frame is older than `limit`.
    pub fn not_recording(&self, now: MonoTime, limit: WallDuration) -> Vec<StreamId> {
        let fresh = |s: &Status| s.state == State::Recording && s.last_frame.is_some_and(|at| now - at <= limit);
        self.lock().iter().filter(|(_, entry)| !fresh(&entry.status)).map(|(&stream, _)| stream).collect()
    }

    /// The streams that should record and have not for so long.
    pub fn away(&self, now: MonoTime, least: WallDuration) -> Vec<Away> {
        let streams = self.lock();
        let away = streams.iter().filter_map(|(&stream, Entry { status, .. })| {
            let since = status.away_since.or(status.last_frame).filter(|&since| now - since >= least)?;
            Some(Away { stream, since, why: status.away_since.and(status.last_error.clone()) })
        });
        away.collect()
    }

    fn update(&self, stream: StreamId, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().get_mut(&stream) {
            change(entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<StreamId, Entry>> {
        // A panic elsewhere leaves plain values behind: they are still good to show.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(now: WallTime, at: MonoTime) -> Self {
        let status = Status {
            state: State::Connecting,
            since: now,
            last_error: None,
            last_error_at: None,
            video: None,
            frames_per_second: 0.0,
            bits_per_second: 0.0,
            lost_packets: 0,
            camera_clock_offset_seconds: None,
            camera_clock_ppm: None,
            camera_clock_uncertainty_ppm: None,
            sessions: 0,
            last_frame: None,
            away_since: Some(at),
            frames: 0,
            bytes: 0,
        };
        Self { status, meter: Meter::default() }
    }

    fn change(&mut self, state: State, now: WallTime) {
        if self.status.state != state {
            self.status.state = state;
            self.status.since = now;
        }
    }

    fn told(&mut self) -> &Status {
        let recording = self.status.state == State::Recording;
        let rate = if recording { self.meter.rate() } else { Rate::default() };
        self.status.frames_per_second = rate.frames_per_second;
        self.status.bits_per_second = rate.bits_per_second;
        &self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::recording::Cause;

    fn stream() -> StreamId {
        StreamId::new(1).unwrap()
    }

    #[test]
    fn trouble_is_news_once() {
        let health = Health::default();
        let refused = EndReason::new(Cause::Unauthorized, "");
        let silent = EndReason::new(Cause::Silent, "");
        let mut said = Vec::new();
        for reason in [&refused, &refused, &silent, &silent] {
            health.connecting(stream(), WallTime(1), MonoTime(1));
            said.push(health.trouble(stream(), reason, State::Waiting, WallTime(2)));
        }
        health.frame(stream(), MonoTime(5), WallTime(3), 10);
        said.push(health.trouble(stream(), &silent, State::Waiting, WallTime(4)));
        assert_eq!(said, [true, false, true, false, true]);
        let status = health.look(stream(), Status::clone).unwrap();
        assert_eq!(status.last_error.as_deref(), Some("camera silent"));
        assert_eq!((status.state, status.since, status.sessions), (State::Waiting, WallTime(4), 4));
    }

    #[test]
    fn a_stream_is_away_from_its_last_frame_to_its_next_however_often_it_is_tried() {
        let health = Health::default();
        let minute = WallDuration::from_secs(60);
        let away = |at: i64| {
            let away = health.away(MonoTime(at * 90_000), minute);
            away.first().map(|a| (a.since.0 / 90_000, a.why.clone().unwrap_or_default()))
        };
        health.connecting(stream(), WallTime(0), MonoTime(10 * 90_000));
        assert_eq!((away(69), away(70)), (None, Some((10, String::new()))));
        health.frame(stream(), MonoTime(80 * 90_000), WallTime(0), 10);
        assert_eq!(away(139), None);
        let silent = EndReason::new(Cause::Silent, "");
        for at in [90, 100, 110] {
            health.trouble(stream(), &silent, State::Waiting, WallTime(0));
            health.connecting(stream(), WallTime(0), MonoTime(at * 90_000));
        }
        assert_eq!((away(139), away(140)), (None, Some((80, "camera silent".into()))));
        health.frame(stream(), MonoTime(150 * 90_000), WallTime(0), 10);
        assert_eq!((away(151), away(210)), (None, Some((150, String::new()))));
        health.forget(stream());
        assert!(health.trouble(stream(), &silent, State::Waiting, WallTime(0)));
        assert_eq!(away(999), None);
    }

    #[test]
    fn a_stream_that_fell_silent_does_not_record() {
        let health = Health::default();
        let limit = WallDuration::from_secs(10);
        health.connecting(stream(), WallTime(0), MonoTime(0));
        assert_eq!(health.not_recording(MonoTime(0), limit), [stream()]);
        health.frame(stream(), MonoTime(0), WallTime(0), 10);
        assert_eq!(health.not_recording(MonoTime(0) + limit, limit), []);
        assert_eq!(health.not_recording(MonoTime(1) + limit, limit), [stream()]);
        health.forget(stream());
        assert_eq!(health.not_recording(MonoTime(1) + limit, limit), []);
    }
}
