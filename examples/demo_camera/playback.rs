//! `Playback`: a clip without an end, stamped so that nothing tells where it begins anew, with the faults asked for.

use crate::clip::Clip;
use crate::faults::Faults;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// One client's film.
#[derive(Debug)]
pub(crate) struct Playback {
    clip: Arc<Clip>,
    /// Takes over when the parameters are to change.
    other: Arc<Clip>,
    faults: Faults,
    /// The number of the next frame, and its place in the clip.
    frame: u64,
    place: usize,
    /// The film's time at the next frame, by the wall.
    position: Duration,
    /// The film's time that is sent at once at the start.
    burst: Duration,
    /// What faults have added to the timestamps.
    shift: u32,
    last_timestamp: u32,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Scene {
    /// Send these NAL units.
    Picture(Vec<Bytes>),
    /// Send so many packets that make no sense.
    Garbage(u32),
    /// Nothing more is sent.
    Stall,
    /// The connection is cut.
    HangUp,
}

/// A scene, its RTP timestamp, and when it is due after the start.
#[derive(Debug)]
pub(crate) struct Cue {
    pub(crate) scene: Scene,
    pub(crate) timestamp: u32,
    pub(crate) due: Duration,
}

impl Playback {
    pub(crate) fn new(clip: Arc<Clip>, other: Arc<Clip>, faults: Faults) -> Self {
        let burst = period(&clip) * faults.burst_start as u32;
        Self { clip, other, faults, frame: 0, place: 0, position: Duration::ZERO, burst, shift: 0, last_timestamp: 0 }
    }

    /// The next scene.
    pub(crate) fn next(&mut self) -> Cue {
        let is_now = |fault: Option<u64>| fault == Some(self.frame);
        if is_now(self.faults.timestamps_back_at) {
            self.shift = self.shift.wrapping_sub(UNITS_PER_SEC);
        }
        if let Some(jump) = self.faults.timestamp_jump_at.filter(|jump| jump.at == self.frame) {
            self.shift = self.shift.wrapping_add(jump.units);
        }
        if is_now(self.faults.new_parameters_at) {
            std::mem::swap(&mut self.clip, &mut self.other);
            self.place = 0;
        }
        let scene = self.scene();
        let cue = Cue { scene, timestamp: self.timestamp(), due: self.position.saturating_sub(self.burst) };
        self.last_timestamp = cue.timestamp;
        self.frame += 1;
        self.place = (self.place + 1) % self.clip.pictures.len();
        self.position += period(&self.clip);
        cue
    }

    fn scene(&self) -> Scene {
        if self.faults.drop_after == Some(self.frame) {
            return Scene::HangUp;
        }
        if self.faults.stall_after == Some(self.frame) {
            return Scene::Stall;
        }
        match self.faults.garbage_at {
            Some(garbage) if garbage.at == self.frame => Scene::Garbage(garbage.packets),
            _ => Scene::Picture(self.clip.pictures[self.place].nals.clone()),
        }
    }

    fn timestamp(&self) -> u32 {
        if self.faults.repeat_timestamp_at == Some(self.frame) {
            return self.last_timestamp;
        }
        let later = self.clip.pictures[self.place].shown_later * (UNITS_PER_SEC / self.clip.fps) as i32;
        self.timestamp_of(self.position).wrapping_add_signed(later)
    }

    /// What the camera's clock says when this much of the film is over.
    pub(crate) fn timestamp_of(&self, position: Duration) -> u32 {
        let units = self.camera_time(position).as_secs_f64() * f64::from(UNITS_PER_SEC);
        FIRST_TIMESTAMP.wrapping_add(units.round() as u64 as u32).wrapping_add(self.shift)
    }

    /// How long the camera thinks a duration is.
    pub(crate) fn camera_time(&self, true_time: Duration) -> Duration {
        true_time.mul_f64(1.0 + self.faults.clock_ppm / 1e6)
    }

    /// The camera's clock at a time since 1970, in 2^-32 s since 1900 (RFC 3550 4).
    pub(crate) fn ntp(&self, wall: Duration) -> u64 {
        let seconds = wall.as_secs_f64() + SECONDS_1900_TO_1970 + self.faults.clock_offset;
        (seconds * (1u64 << 32) as f64) as u64
    }

    /// How much of the film is over when so much time is.
    pub(crate) fn position_at(&self, since_start: Duration) -> Duration {
        since_start + self.burst
    }
}

fn period(clip: &Clip) -> Duration {
    Duration::from_secs(1) / clip.fps
}

const SECONDS_1900_TO_1970: f64 = 2_208_988_800.0;
const UNITS_PER_SEC: u32 = 90_000;
/// The 32 bits run over after 20 s, so that every longer demonstration has seen it.
const FIRST_TIMESTAMP: u32 = (20 * UNITS_PER_SEC).wrapping_neg();
