//! `TimeLine`: how the film's time passes beside the wall's.

use crate::base::{Error, Kind, MediaDuration, Result, WallDuration, WallTime};
use std::ops::Range;

/// Passed row after row.
#[derive(Debug)]
pub struct TimeLine {
    /// How long the film is, the last row apart.
    shown: MediaDuration,
    /// What the last row shows.
    wall: Range<WallTime>,
    /// Where the film was when something was first shown, or last stepped back to, and what time it was then.
    origin: (MediaDuration, WallTime),
}

/// Longer ones are refused: nobody waits for their end, and 6.6 h is as long as players let a frame last.
const LONGEST_HOLE: WallDuration = WallDuration::from_secs(6 * 3600);

impl Default for TimeLine {
    fn default() -> Self {
        let never = WallTime(i64::MAX);
        Self { shown: MediaDuration::ZERO, wall: never..never, origin: (MediaDuration::ZERO, never) }
    }
}

impl TimeLine {
    /// When what the last row shows happened.
    pub fn wall(&self) -> Range<WallTime> {
        self.wall.clone()
    }

    /// How much longer the last row, shown for `shown`, has to last for the next one to begin where its wall time is.
    /// That is the hole before it, and what the camera's clock went astray from the recorder's since the origin. Where
    /// it begins before the last one ended, or just then, it is nothing.
    pub fn hold(&self, shown: MediaDuration, next: WallTime) -> Result<MediaDuration> {
        let end = self.wall.end;
        let hole = WallDuration(next.0.saturating_sub(end.0));
        if hole > LONGEST_HOLE {
            let what = format!("no film from {end} to {next}, more than 6 hours to hold a picture");
            return Err(Error::new(Kind::BadInput, format!("{what}: ask for the two sides apart, or for gaps=skip")));
        }
        if hole <= WallDuration::ZERO {
            return Ok(MediaDuration::ZERO);
        }
        let (media, wall) = self.origin;
        let (place, now) = (next - wall, self.shown + shown - media);
        Ok(MediaDuration((place.0 - now.0).max(0)))
    }

    /// The last row will be shown for `shown`, and another follows, of what happened then.
    pub fn pass(&mut self, shown: MediaDuration, next: Range<WallTime>) {
        self.shown += shown;
        if next.start < self.wall.end {
            self.origin = (self.shown, next.start);
        }
        self.wall = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is held before each row, by its start and end on the wall and how long its film is.
    fn held<const N: usize>(rows: [(i64, i64, i64); N]) -> Vec<i64> {
        let mut line = TimeLine::default();
        let mut last = MediaDuration::ZERO;
        let mut all = Vec::new();
        for (start, end, film) in rows {
            let next = WallTime(start);
            let hold = if all.is_empty() { MediaDuration::ZERO } else { line.hold(last, next).unwrap() };
            line.pass(last + hold, next..WallTime(end));
            last = MediaDuration(film);
            all.push(hold.0);
        }
        all
    }

    #[test]
    fn a_hole_is_held_and_an_overlap_is_not() {
        assert_eq!(held([(100, 200, 100), (200, 300, 100), (350, 400, 50), (390, 500, 110)]), [0, 0, 50, 0]);
        // What was shown twice is not taken off the next hole.
        assert_eq!(held([(100, 200, 100), (150, 250, 100), (270, 300, 30)]), [0, 0, 20]);
    }

    #[test]
    fn a_hole_makes_up_for_the_drift_before_it() {
        assert_eq!(held([(0, 100, 99), (100, 200, 99), (300, 400, 100), (410, 500, 90)]), [0, 0, 102, 10]);
        assert_eq!(held([(0, 100, 103), (102, 200, 98), (210, 300, 90)]), [0, 0, 9]);
    }

    #[test]
    fn a_hole_above_six_hours_is_refused_and_named() {
        let mut line = TimeLine::default();
        line.pass(MediaDuration::ZERO, WallTime(0)..WallTime(90_000));
        let six_hours = 6 * 3600 * 90_000;
        assert_eq!(line.hold(MediaDuration(90_000), WallTime(90_000 + six_hours)).unwrap().0, six_hours);
        let e = line.hold(MediaDuration(90_000), WallTime(90_001 + six_hours)).unwrap_err();
        assert_eq!(e.kind(), Kind::BadInput);
        assert!(e.to_string().contains("from 1970-01-01T00:00:01:00000+00:00 to 1970-01-01T06:00:01:00001+00:00"));
    }
}
