//! `SearchTimes`: when to look for cameras.

use std::time::Duration;
use tokio::time::Instant;

/// Why cameras are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody looks at what is found.
    Watched,
    /// Nobody has set up a camera yet.
    Nothing,
    /// A camera is away: it may be elsewhere.
    Away,
}

/// When to sweep. Times are given.
#[derive(Debug)]
pub(super) struct SearchTimes {
    running: bool,
    /// Of the last sweep.
    ended: Option<Instant>,
    /// What the last sweep was for.
    reason: Option<Reason>,
    /// Sweeps in a row for the same reason.
    in_a_row: u32,
    /// When there was a reason last.
    wanted: Option<Instant>,
}

/// While somebody looks.
const WATCHED_PAUSE: Duration = Duration::from_secs(15);
/// The first pause of the others, which grow.
const FIRST_PAUSE: Duration = Duration::from_secs(20);
/// As far as they grow.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// How long what was found is kept when nobody looks any more.
const KEPT: Duration = Duration::from_secs(300);
/// How often it is looked whether there is a reason.
const GLANCE: Duration = Duration::from_secs(10);

impl SearchTimes {
    pub(super) fn new() -> Self {
        Self { running: false, ended: None, reason: None, in_a_row: 0, wanted: None }
    }

    /// A sweep is to begin.
    pub(super) fn is_due(&self, reason: Option<Reason>, now: Instant) -> bool {
        !self.running && reason.is_some_and(|reason| self.at(reason).is_none_or(|at| at <= now))
    }

    /// When the next one is due; `None`: at once.
    fn at(&self, reason: Reason) -> Option<Instant> {
        let ended = self.ended?;
        match (reason, self.reason) {
            (Reason::Watched, Some(Reason::Watched)) => Some(ended + WATCHED_PAUSE),
            // Who just opened the page need not wait.
            (Reason::Watched, _) => None,
            (now, before) => {
                let in_a_row = if before == Some(now) { self.in_a_row.saturating_sub(1).min(10) } else { 0 };
                Some(ended + (FIRST_PAUSE * 2u32.pow(in_a_row)).min(LONGEST_PAUSE))
            }
        }
    }

    pub(super) fn begun(&mut self, reason: Option<Reason>) {
        self.running = true;
        self.in_a_row = if self.reason == reason { self.in_a_row.saturating_add(1) } else { 1 };
        self.reason = reason;
    }

    pub(super) fn ended(&mut self, now: Instant) {
        self.running = false;
        self.ended = Some(now);
        self.wanted = Some(now);
    }

    /// There was no reason for so long that all that was found is old.
    pub(super) fn is_over(&mut self, reason: Option<Reason>, now: Instant) -> bool {
        match reason {
            Some(_) => {
                self.wanted = Some(now);
                false
            }
            None => {
                // The next time it is a new beginning.
                self.reason = None;
                !self.running && self.wanted.is_none_or(|wanted| now - wanted >= KEPT)
            }
        }
    }

    /// How long nothing is to be done, if nothing happens.
    pub(super) fn until_next(&self, reason: Option<Reason>, now: Instant) -> Duration {
        let due = reason.filter(|_| !self.running).and_then(|reason| self.at(reason));
        due.map_or(GLANCE, |due| due.saturating_duration_since(now).min(GLANCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which sweeps of 5 s begin, for this reason at each second.
    fn sweeps(seconds: u64, reason: impl Fn(u64) -> Option<Reason>) -> Vec<u64> {
        let (start, mut times, mut begun) = (Instant::now(), SearchTimes::new(), Vec::new());
        for second in 0..seconds {
            let now = start + Duration::from_secs(second);
            if begun.last().is_some_and(|begun| begun + 5 == second) {
                times.ended(now);
            }
            times.is_over(reason(second), now);
            if times.is_due(reason(second), now) {
                times.begun(reason(second));
                begun.push(second);
            }
        }
        begun
    }

    #[test]
    fn an_empty_recorder_looks_at_once_and_then_ever_more_seldom() {
        let begun = sweeps(4000, |_| Some(Reason::Nothing));
        assert_eq!(begun, [0, 25, 70, 155, 320, 645, 1250, 1855, 2460, 3065, 3670]);
    }

    #[test]
    fn who_opens_the_page_does_not_wait() {
        let reason = |s| match s {
            0..100 => Some(Reason::Nothing),
            100..150 => Some(Reason::Watched),
            _ => None,
        };
        assert_eq!(sweeps(1000, reason), [0, 25, 70, 100, 120, 140]);
        assert_eq!(sweeps(100, |_| None), [0; 0]);
    }

    #[test]
    fn what_was_found_is_kept_for_a_while() {
        let (start, mut times) = (Instant::now(), SearchTimes::new());
        times.begun(Some(Reason::Watched));
        assert!(!times.is_over(None, start + KEPT * 2), "a sweep runs");
        times.ended(start);
        assert!(!times.is_over(None, start + KEPT / 2) && times.is_over(None, start + KEPT));
    }
}
