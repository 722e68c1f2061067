//! `Cadence`: timestamps for pictures that bring none, out of when they arrived.

use crate::base::MonoTime;
use crate::base::time::UNITS_PER_SEC;

/// Gives each picture a timestamp. Pictures of an even rate that arrive unevenly get even timestamps, which stay
/// near the arrivals however the rate differs from the declared one, and which always go forward.
///
/// It predicts the next arrival from the last and the period, and moves both by a part of the error: an alpha-beta
/// filter, critically damped.
#[derive(Debug)]
pub(super) struct Cadence {
    /// 1/90 000 s.
    period: f64,
    last: Option<f64>,
}

impl Cadence {
    /// A rate that is only the first guess, in pictures a second; more than 0.
    pub(super) fn new(declared_fps: u16) -> Self {
        Self { period: UNITS_PER_SEC as f64 / f64::from(declared_fps), last: None }
    }

    /// The timestamp of the next picture in 1/90 000 s of the monotonic clock: more than the one before.
    pub(super) fn stamp(&mut self, arrived: MonoTime) -> i64 {
        let arrived = arrived.0 as f64;
        let Some(last) = self.last else {
            self.last = Some(arrived);
            return arrived as i64;
        };
        let predicted = last + self.period;
        let error = arrived - predicted;
        let stamp = if error > LOST_AFTER {
            // Pictures are missing, or the source slept: it is not the rate that changed.
            arrived
        } else {
            self.period = (self.period + PERIOD_GAIN * error).clamp(SHORTEST, LONGEST);
            predicted + STAMP_GAIN * error
        };
        let stamp = stamp.max(last.floor() + 1.0);
        self.last = Some(stamp);
        stamp as i64
    }
}

/// Alpha: how much of an error goes into the timestamp.
const STAMP_GAIN: f64 = 0.25;
/// Beta, alpha² / (2 − alpha): how much of it goes into the period.
const PERIOD_GAIN: f64 = 0.035;
/// So late is not late but lost: 1 s.
const LOST_AFTER: f64 = UNITS_PER_SEC as f64;
/// The periods that a camera may have: 240 pictures a second to one in 10 s.
const SHORTEST: f64 = UNITS_PER_SEC as f64 / 240.0;
const LONGEST: f64 = UNITS_PER_SEC as f64 * 10.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn stamps(cadence: &mut Cadence, arrivals: impl IntoIterator<Item = i64>) -> Vec<i64> {
        arrivals.into_iter().map(|t| cadence.stamp(MonoTime(t))).collect()
    }

    #[test]
    fn an_even_stream_of_the_declared_rate_is_stamped_as_it_arrives() {
        let arrivals: Vec<_> = (0..100).map(|i| 1_000 + i * 3_000).collect();
        assert_eq!(stamps(&mut Cadence::new(30), arrivals.clone()), arrivals);
    }

    #[test]
    fn a_wrong_declaration_is_forgotten() {
        for true_period in [1_500, 6_000, 18_000] {
            let mut cadence = Cadence::new(30);
            let all = stamps(&mut cadence, (0..200).map(|i| i * true_period));
            assert_eq!(all[199] - all[198], true_period);
            assert!((all[199] - 199 * true_period).abs() <= 2, "{true_period}");
        }
    }

    #[test]
    fn a_pause_is_kept_as_a_pause() {
        let mut cadence = Cadence::new(30);
        stamps(&mut cadence, (0..30).map(|i| i * 3_000));
        assert_eq!(stamps(&mut cadence, [500_000, 503_000]), [500_000, 503_000]);
    }

    proptest! {
        #[test]
        fn it_never_goes_back_or_stands_still(steps in vec(-10_000i64..400_000, 1..200), fps in 1u16..=240) {
            let arrivals = steps.iter().scan(0, |t, step| { *t += step; Some(*t) });
            let all = stamps(&mut Cadence::new(fps), arrivals);
            prop_assert!(all.windows(2).all(|w| w[0] < w[1]), "{all:?}");
        }

        /// The sums of the filter's impulse response bound what the worst jitter can do: a timestamp is off by at most
        /// 1.37 times the jitter, a step from one to the next by 0.54 times (of ±900 arrivals' steps may be off by 1800).
        #[test]
        fn jitter_is_evened_out(jitter in vec(-900i64..=900, 300)) {
            let arrivals = jitter.iter().zip(1..).map(|(jitter, i)| i * 3_000 + jitter);
            let all = stamps(&mut Cadence::new(30), arrivals);
            for (stamp, i) in all.iter().zip(1i64..).skip(50) {
                prop_assert!((stamp - i * 3_000).abs() <= 1_235, "{i}: {stamp}");
            }
            let steps: Vec<_> = all.windows(2).skip(50).map(|w| w[1] - w[0]).collect();
            prop_assert!(steps.iter().all(|d| (2_512..=3_488).contains(d)), "{steps:?}");
        }
    }
}
