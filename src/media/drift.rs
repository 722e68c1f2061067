//! `Drift`: how fast a camera's clock runs against ours, told by frames that arrive unevenly.

use crate::base::{MonoTime, WallDuration};

/// Hears of the frames of one connection. A frame cannot arrive before it was captured, so the least delayed of each
/// window of time tells where the camera's clock was; the slope through those is its error. Constant in memory: when there
/// are too many windows, each two become one of twice the length.
#[derive(Clone, Debug)]
pub struct Drift {
    first: Option<Frame>,
    /// The delay of the newest frame.
    newest: i64,
    window_90k: i64,
    filling: Option<Window>,
    windows: Vec<Window>,
    /// Delay for each unit of media, as far as it is known: what is least delayed is told against it.
    slope: f64,
}

/// What is known of a camera's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Millionths by which it runs fast; slow when less than 0.
    pub ppm: f64,
    /// It is within so many of it, 19 times in 20.
    pub uncertainty_ppm: f64,
    /// How long it was watched.
    pub watched: WallDuration,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    pts_90k: i64,
    arrived: MonoTime,
}

/// The least delayed frame of a window: when it was captured, and its delay; both against the first frame.
#[derive(Clone, Copy, Debug)]
struct Window {
    media: i64,
    delay: i64,
}

impl Default for Drift {
    fn default() -> Self {
        Self { first: None, newest: 0, window_90k: WINDOW_90K, filling: None, windows: Vec::new(), slope: 0.0 }
    }
}

impl Drift {
    /// A frame arrived. The answer is what is known now, whenever that is news.
    pub fn hear(&mut self, pts_90k: i64, arrived: MonoTime) -> Option<Estimate> {
        let first = *self.first.get_or_insert(Frame { pts_90k, arrived });
        let media = pts_90k.saturating_sub(first.pts_90k);
        let delay = (arrived - first.arrived).0.saturating_sub(media);
        if delay.abs_diff(self.newest) > JUMP_90K.unsigned_abs() {
            // Its clock was set, or frames were held up: what was learned so far says nothing of what follows.
            *self = Self { first: Some(Frame { pts_90k, arrived }), ..Self::default() };
            return None;
        }
        self.newest = delay;
        let new = Window { media, delay };
        match &mut self.filling {
            Some(window) if media.div_euclid(self.window_90k) == window.media.div_euclid(self.window_90k) => {
                if new.against(self.slope) < window.against(self.slope) {
                    *window = new;
                }
                None
            }
            filling => {
                self.windows.extend(filling.replace(new));
                if self.windows.len() >= MOST {
                    self.halve();
                }
                let (estimate, slope) = self.estimate()?;
                self.slope = slope;
                Some(estimate)
            }
        }
    }

    fn halve(&mut self) {
        let delay = |w: &Window| w.against(self.slope);
        let less_delayed = |pair: &[Window]| pair.iter().copied().min_by(|a, b| delay(a).total_cmp(&delay(b)));
        self.windows = self.windows.chunks(2).filter_map(less_delayed).collect();
        self.window_90k *= 2;
    }

    /// The median of the slopes between any two windows (Theil and Sen): a third of them may be wrong altogether. The first
    /// window does not count, for a camera may begin with what it had buffered.
    fn estimate(&self) -> Option<(Estimate, f64)> {
        let windows = self.windows.get(1..).filter(|windows| windows.len() >= LEAST)?;
        let pairs = windows.iter().enumerate().flat_map(|(n, a)| windows[n + 1..].iter().map(move |b| (a, b)));
        let slope = |(a, b): (&Window, &Window)| (b.delay - a.delay) as f64 / (b.media - a.media).max(1) as f64;
        let slope = median(pairs.map(slope).collect());
        let residual = |w: &Window| w.against(slope);
        let middle = median(windows.iter().map(residual).collect());
        let spread = 1.4826 * median(windows.iter().map(|w| (residual(w) - middle).abs()).collect());
        let length = (windows[windows.len() - 1].media - windows[0].media) as f64;
        // Of a straight line through so many points; more carefully where there are few.
        let count = windows.len() as f64;
        let uncertainty = (3.0 * (1.0 + 4.0 / count) * spread * (12.0 / count).sqrt() + UNSEEN_90K) / length;
        let estimate = Estimate {
            ppm: -slope / (1.0 + slope) * 1e6,
            uncertainty_ppm: uncertainty * 1e6,
            watched: WallDuration(self.newest + windows[windows.len() - 1].media),
        };
        Some((estimate, slope))
    }
}

impl Window {
    /// Its delay where the clock of the camera runs so.
    fn against(&self, slope: f64) -> f64 {
        self.delay as f64 - slope * self.media as f64
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    if all.len() % 2 == 1 { all[half] } else { (all[half - 1] + all[half]) / 2.0 }
}

const WINDOW_90K: i64 = 10 * 90_000;
/// Windows that are remembered; as many slopes as half its square are compared when one is full.
const MOST: usize = 64;
/// Fewer tell nothing.
const LEAST: usize = 4;
/// No network delays a frame by so much more than the one before it: 2 s.
const JUMP_90K: i64 = 2 * 90_000;
/// What all windows may have been delayed by alike, and yet not at both ends: 1 ms.
const UNSEEN_90K: f64 = 90.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// So many minutes of 15 frames a second, from a clock that is so wrong, each frame delayed by so much.
    fn watch(drift: &mut Drift, minutes: i64, ppm: f64, delay: impl Fn(i64) -> i64) -> Estimate {
        let mut newest = None;
        for n in 0..minutes * 60 * 15 {
            let captured = n * 6_000;
            let pts = (captured as f64 * (1.0 + ppm / 1e6)).round() as i64;
            newest = drift.hear(pts, MonoTime(7_000_000 + captured + delay(n))).or(newest);
        }
        newest.expect("it is long enough")
    }

    /// Between 0 and `most`, all over the place.
    fn jitter(n: i64, most: i64) -> i64 {
        let mixed = (n as u64 ^ 0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % most as u64) as i64
    }

    #[test]
    fn the_error_is_found_through_jitter_and_within_what_is_said() {
        for ppm in [-20_000.0, -500.0, -20.0, 0.0, 3.0, 500.0, 20_000.0] {
            for most in [1, 1_800, 18_000] {
                let mut last = f64::MAX;
                for minutes in [2, 10, 60] {
                    let found = watch(&mut Drift::default(), minutes, ppm, |n| jitter(n, most));
                    let off = (found.ppm - ppm).abs();
                    assert!(off <= found.uncertainty_ppm, "{ppm} {most} {minutes}: {found:?}");
                    assert!(found.uncertainty_ppm < last, "it only becomes better: {found:?}");
                    last = found.uncertainty_ppm;
                }
                assert!(last < 5.0, "{ppm} {most}: ±{last} after an hour");
            }
        }
    }

    #[test]
    fn bursts_and_bad_minutes_do_not_count() {
        // Four seconds buffered at the start; for a fifth of the time half a second more; now and then a second late.
        let delay = |n: i64| {
            let burst = (4 * 90_000 - n * 6_000).max(0);
            let bad = if (n / 900) % 5 == 2 { 45_000 } else { 0 };
            let late = if n % 997 == 0 { 90_000 } else { 0 };
            burst + bad + late + jitter(n, 2_000)
        };
        let found = watch(&mut Drift::default(), 60, 80.0, delay);
        assert!((found.ppm - 80.0).abs() <= found.uncertainty_ppm && found.uncertainty_ppm < 30.0, "{found:?}");
    }

    #[test]
    fn memory_is_bounded_and_all_of_the_time_counts() {
        let mut drift = Drift::default();
        let found = watch(&mut drift, 24 * 60, 12.0, |_| 0);
        assert!(drift.windows.len() < MOST);
        assert!(found.watched.as_secs_f64() > 22.0 * 3600.0, "{found:?}");
    }

    #[test]
    fn a_clock_that_is_set_begins_anew() {
        let mut drift = Drift::default();
        watch(&mut drift, 10, 0.0, |_| 0);
        assert_eq!(drift.hear(0, MonoTime(0)), None);
        assert!(drift.windows.is_empty());
        let found = watch(&mut drift, 10, 50.0, |_| 0);
        assert!((found.ppm - 50.0).abs() < 1.0, "{found:?}");
    }
}
