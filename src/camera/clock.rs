//! Reading the clocks: the monotonic one by which frames arrive, and the wall's.

use crate::base::MonoTime;
use crate::base::WallTime;
use crate::base::time::units;
use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant, SystemTime};

/// Now by `CLOCK_MONOTONIC`, which is also the clock of [`Instant`].
pub fn monotonic_now() -> MonoTime {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux always has CLOCK_MONOTONIC");
    MonoTime(units(Duration::from(now)))
}

/// Now by the system's clock.
pub fn wall_now() -> WallTime {
    WallTime::from_system(SystemTime::now())
}

/// Turns instants into monotonic time without asking a clock for each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    instant: Instant,
    time: MonoTime,
}

impl Anchor {
    pub(super) fn now() -> Self {
        Self { instant: Instant::now(), time: monotonic_now() }
    }

    /// The monotonic time of an instant; one before the anchor counts as the anchor's.
    pub(super) fn time_of(self, instant: Instant) -> MonoTime {
        MonoTime(self.time.0 + units(self.until(instant)))
    }

    /// How long after the anchor an instant was.
    pub(super) fn until(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_the_monotonic_clock_run_alike() {
        let anchor = Anchor::now();
        let before = monotonic_now();
        let between = anchor.time_of(Instant::now());
        let after = monotonic_now();
        // The anchor's two readings are a moment apart, and each is rounded down.
        assert!(before.0 - 900 <= between.0 && between.0 <= after.0 + 900, "{before:?} {between:?} {after:?}");
    }
}
