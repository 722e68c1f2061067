//! `Gap`: a hole in a stream, and why.

use crate::base::{WallDuration, WallTime};
use crate::media::EndReason;
use crate::media::anchor::shift;

/// A time in which a stream should have been recorded and was not. A stream has at most one that starts at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the film ends.
    pub start: WallTime,
    /// Where it goes on; `None` while the hole lasts.
    pub end: Option<WallTime>,
    /// The fixed words of [`crate::media::recording::Cause`].
    pub cause: String,
    /// The particulars, without secrets; may be empty.
    pub detail: String,
}

impl Gap {
    /// A hole that has just begun.
    pub fn new(start: WallTime, reason: &EndReason) -> Self {
        Self { start, end: None, cause: reason.cause.words().to_owned(), detail: reason.detail.clone() }
    }
}

/// A moment as the run tells it that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the run's own clock.
    pub time: WallTime,
    /// Realtime − monotonic of that clock, where it was not known to be right when the run began.
    pub unproven: Option<WallDuration>,
}

/// A hole between two runs, each of which has its own idea of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Where the film ends.
    pub start: Moment,
    /// Where it goes on; `None` while the hole lasts.
    pub end: Option<Moment>,
    /// Why there is one.
    pub reason: EndReason,
}

impl Moment {
    /// In proven time, where the difference of real and monotonic time is known.
    pub(crate) fn at(self, proof: Option<WallDuration>) -> WallTime {
        let shift = self.unproven.zip(proof).map_or(WallDuration::ZERO, |(own, proven)| shift(own, proven));
        self.time + shift
    }
}

impl Hole {
    /// As it is listed. Film that goes on before it ended leaves a hole without a length.
    pub(crate) fn gap(&self, proof: Option<WallDuration>) -> Gap {
        let start = self.start.at(proof);
        let end = self.end.map(|end| end.at(proof).max(start));
        Gap { end, ..Gap::new(start, &self.reason) }
    }

    /// A proof of the clock moves it.
    pub(crate) fn is_unproven(&self) -> bool {
        self.start.unproven.is_some() || self.end.is_some_and(|end| end.unproven.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::recording::Cause;

    #[test]
    fn each_end_moves_with_the_run_that_it_is_of() {
        let [known, at_70] = [None, Some(WallDuration::from_secs(70))].map(|unproven| {
            let time = WallTime(if unproven.is_some() { 90_000 * 100 } else { 90_000 * 5_000 });
            Moment { time, unproven }
        });
        let seconds = |start, end, proof: Option<i64>| {
            let hole = Hole { start, end: Some(end), reason: EndReason::new(Cause::PowerCut, "") };
            let gap = hole.gap(proof.map(WallDuration::from_secs));
            (gap.start.0 / 90_000, gap.end.unwrap().0 / 90_000)
        };
        assert_eq!(seconds(known, at_70, None), (5_000, 5_000));
        assert_eq!(seconds(known, at_70, Some(5_000)), (5_000, 5_030));
        assert_eq!(seconds(at_70, known, None), (100, 5_000));
        assert_eq!(seconds(at_70, known, Some(4_900)), (4_930, 5_000));
    }
}
