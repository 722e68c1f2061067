//! `Pace`: how fast stored film is read again, so that all of it is within a time, and nobody notices.

use std::time::Duration;

/// Each round reads all film that is there when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a round may take.
    round: Duration,
}

/// How far a round has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of film that are still to be read in this round; what was deleted meanwhile is not.
    pub left_bytes: u64,
    /// Since the round began, by a clock that may have been set: that makes it faster or slower, never wrong.
    pub elapsed: Duration,
}

impl Pace {
    /// However much is stored: no more bytes than these are read in a second.
    pub const MOST: u64 = 1 << 20;

    /// A round may take so long, where that can be done with [`Self::MOST`].
    pub fn new(round: Duration) -> Self {
        Self { round: round.max(SHORTEST) }
    }

    /// Bytes a second, on average, that bring the round to its end in time. Not 0, and [`Self::MOST`] where more would
    /// be needed.
    pub fn rate(self, progress: Progress) -> u64 {
        let time_left = self.aim().saturating_sub(progress.elapsed).as_secs_f64();
        let needed = progress.left_bytes as f64 / time_left;
        // Without time left it is infinite, or not a number: both are as fast as may be.
        if needed < Self::MOST as f64 { (needed as u64).max(1) } else { Self::MOST }
    }

    /// From the end of one recording to the end of the next one, which has so many bytes.
    pub fn interval(self, progress: Progress, bytes: u64) -> Duration {
        let most = at_most(bytes);
        let time_left = self.aim().saturating_sub(progress.elapsed);
        // What is read last is read when the time is over.
        let share = bytes as f64 / progress.left_bytes.max(bytes).max(1) as f64;
        time_left.mul_f64(share.min(1.0)).max(most)
    }

    /// How long to wait for the next round when all is read.
    pub fn until_next(self, elapsed: Duration) -> Duration {
        self.aim().saturating_sub(elapsed)
    }

    /// How long to look at nothing at most: much may have been recorded or deleted meanwhile.
    pub fn longest_rest(self) -> Duration {
        (self.round / 100).min(Duration::from_secs(600))
    }

    /// Rounds are planned to take less than they may: those who watch and record come first, and take of the time.
    fn aim(self) -> Duration {
        self.round / 10 * 9
    }
}

/// The least time in which so many bytes are read.
pub fn at_most(bytes: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / Pace::MOST as f64)
}

/// Nothing sensible is shorter, and nothing is divided by zero.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn days(n: f64) -> Duration {
        DAY.mul_f64(n)
    }

    /// A round over recordings of these sizes, each read at once; when it ends, and the most that was read in any
    /// stretch from one recording's end to the next one's.
    fn round(pace: Pace, sizes: &[u64]) -> (Duration, f64) {
        let (mut elapsed, mut fastest) = (Duration::ZERO, 0f64);
        let mut left_bytes: u64 = sizes.iter().sum();
        for &bytes in sizes {
            let took = pace.interval(Progress { left_bytes, elapsed }, bytes);
            fastest = fastest.max(bytes as f64 / took.as_secs_f64());
            elapsed += took;
            left_bytes -= bytes;
        }
        (elapsed, fastest)
    }

    #[test]
    fn all_film_is_read_within_sixty_days_where_one_mebibyte_a_second_allows() {
        let pace = Pace::new(60 * DAY);
        let gb = 1_000_000_000;
        // What is stored in GB, and how many days it takes to read it.
        for (stored, took) in [(1, 54.0), (32, 54.0), (1_000, 54.0), (4_800, 54.0), (5_400, 59.6), (18_000, 198.7)] {
            let sizes = vec![stored * gb / 1000; 1000];
            let (elapsed, fastest) = round(pace, &sizes);
            assert!(elapsed.abs_diff(days(took)) < days(0.1), "{stored} GB: {} days", elapsed.as_secs_f64() / 86_400.0);
            assert!(fastest <= Pace::MOST as f64 + 1.0, "{stored} GB: {fastest} bytes a second");
        }
    }

    #[test]
    fn who_lost_time_catches_up_and_no_faster_than_may_be() {
        let pace = Pace::new(60 * DAY);
        let at = |elapsed| pace.rate(Progress { left_bytes: 100_000_000_000, elapsed: days(elapsed) });
        assert_eq!([at(0.0), at(27.0), at(53.0)], [21_433, 42_866, Pace::MOST]);
        // The recorder was off for a year, or its clock was set.
        assert_eq!([at(54.0), at(425.0)], [Pace::MOST; 2]);
        assert_eq!(pace.rate(Progress { left_bytes: 0, elapsed: Duration::ZERO }), 1);
        assert_eq!(pace.interval(Progress { left_bytes: 9, elapsed: days(99.0) }, 1 << 20), Duration::from_secs(1));
    }

    #[test]
    fn a_round_that_is_done_early_waits_for_its_time() {
        let pace = Pace::new(60 * DAY);
        assert_eq!([0.0, 30.0, 54.0, 80.0].map(|d| pace.until_next(days(d))), [54.0, 24.0, 0.0, 0.0].map(days));
        assert!(Pace::new(Duration::ZERO).until_next(Duration::ZERO) > Duration::ZERO);
    }

    proptest! {
        /// However unlike recordings are, and however often film goes before its turn.
        #[test]
        fn a_round_ends_in_time_and_never_hurries(
            sizes in prop::collection::vec((1u64..1 << 33, prop::bool::ANY), 1..200),
            round_days in 1u32..100,
        ) {
            let pace = Pace::new(round_days * DAY);
            let (mut elapsed, mut left_bytes) = (Duration::ZERO, sizes.iter().map(|(bytes, _)| bytes).sum::<u64>());
            let least = at_most(left_bytes);
            for (bytes, is_deleted) in sizes {
                if !is_deleted {
                    let took = pace.interval(Progress { left_bytes, elapsed }, bytes);
                    prop_assert!(took >= at_most(bytes));
                    elapsed += took;
                }
                left_bytes -= bytes;
            }
            prop_assert!(elapsed <= round_days * DAY / 10 * 9 + least + Duration::from_secs(1));
        }
    }
}
