//! `Verdict`: whether the time is known, out of what was read and what was said.

use crate::base::{MonoTime, WallDuration, WallTime};

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) mono: MonoTime,
    /// Realtime − monotonic.
    pub(super) clock_offset: WallDuration,
}

impl Reading {
    pub(super) fn wall(self) -> WallTime {
        WallTime(self.mono.0 + self.clock_offset.0)
    }
}

/// Who says that the clock is right.
#[derive(Clone, Debug)]
pub(super) enum Witness {
    /// Somebody who keeps it, in these words; and by how many seconds it may be off.
    Says(String, Option<f64>),
    /// The owner, who cannot know of an empty battery.
    Owner,
    /// Nobody, and why.
    Silent(String),
}

/// What the time cannot be below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    /// The end of the film that was recorded last, when this began.
    newest_film: Option<WallTime>,
    /// When that was.
    began: MonoTime,
}

/// What is to be thought of the clock.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) proven: bool,
    /// The same words as long as nothing changes: the log is told when it does.
    pub(super) detail: String,
    pub(super) max_error_seconds: Option<f64>,
    /// Less, as realtime − monotonic, is plainly impossible.
    pub(super) least: WallDuration,
    /// What is taken in place of less.
    pub(super) instead: WallDuration,
}

impl Verdict {
    pub(super) fn unproven(detail: String, like: &Self) -> Self {
        Self { proven: false, detail, max_error_seconds: None, ..like.clone() }
    }
}

impl Floor {
    pub(super) fn new(newest_film: Option<WallTime>, began: MonoTime) -> Self {
        Self { newest_film, began }
    }

    /// `proof` is realtime − monotonic of this boot where it was known before. What was known once stays known: a server
    /// that cannot be reached any more takes nothing away, and to set the clock to nonsense does not make it so.
    pub(super) fn judge(self, reading: Reading, witness: &Witness, proof: Option<WallDuration>) -> Verdict {
        let built = self.offset(BUILT);
        // Not below film that is there: so the newest comes first in a list, whatever the clock says.
        let floor = self.newest_film.map_or(built, |end| self.offset(end).max(built));
        let wall = reading.wall();
        let max_error = if let Witness::Says(_, max_error) = witness { *max_error } else { None };
        let proven = |detail: String| Verdict {
            proven: true,
            detail,
            max_error_seconds: max_error,
            least: built,
            instead: proof.unwrap_or(built),
        };
        let unproven =
            |detail| Verdict { proven: false, detail, max_error_seconds: None, least: floor, instead: floor };
        let said = match witness {
            Witness::Says(words, _) => words.clone(),
            _ if proof.is_some() => "it was known in this boot before".to_owned(),
            Witness::Owner => "the owner trusts the system's clock".to_owned(),
            Witness::Silent(_) => String::new(),
        };
        match (proof, witness) {
            (Some(_), _) if wall < BUILT => {
                proven(format!("{said}; it was set to a time before 2026 since, which cannot be"))
            }
            (Some(_), _) => proven(said),
            (None, _) if wall < BUILT => unproven("the system's clock is before 2026, which cannot be".to_owned()),
            (None, Witness::Says(..)) => proven(said),
            (None, Witness::Owner) if reading.clock_offset < floor => {
                let end = self.newest_film.unwrap_or(BUILT);
                unproven(format!("the system's clock is before {end}, where the newest film ends"))
            }
            (None, Witness::Owner) => proven(said),
            (None, Witness::Silent(why)) => unproven(why.clone()),
        }
    }

    /// As if it had been this time when it began.
    fn offset(self, time: WallTime) -> WallDuration {
        WallDuration(time.0 - self.began.0)
    }
}

/// `set ahead by 3600.0 s`
pub(in crate::recorder) fn set_by(step: WallDuration) -> String {
    let way = if step.0 > 0 { "ahead" } else { "back" };
    format!("set {way} by {:.1} s", step.as_secs_f64().abs())
}

/// 2026-01-01: no lunette is older.
const BUILT: WallTime = WallTime(1_767_225_600 * 90_000);
