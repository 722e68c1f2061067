//! `Meter`: frames and bytes a second over the newest few seconds.

use crate::base::MonoTime;
use crate::base::WallDuration;

/// Counts what arrives; remembers the last whole window and the one that fills.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    window_start: MonoTime,
    frames: u32,
    bytes: u64,
    last: Rate,
}

/// A mean over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) frames_per_second: f64,
    pub(super) bits_per_second: f64,
}

impl Meter {
    /// A frame of this size arrived.
    pub(super) fn count(&mut self, arrived: MonoTime, bytes: usize) {
        let elapsed = arrived - self.window_start;
        if elapsed >= WINDOW {
            // The first window, and one after a pause, does not end where it should: it tells nothing.
            if elapsed < WallDuration(WINDOW.0 * 2) {
                let seconds = elapsed.as_secs_f64();
                self.last = Rate {
                    frames_per_second: f64::from(self.frames) / seconds,
                    bits_per_second: self.bytes as f64 * 8.0 / seconds,
                };
            }
            *self = Self { window_start: arrived, last: self.last, ..Self::default() };
        }
        self.frames += 1;
        self.bytes += bytes as u64;
    }

    /// The rate of the last whole window; zero before there was one.
    pub(super) fn rate(&self) -> Rate {
        self.last
    }
}

const WINDOW: WallDuration = WallDuration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_rate_of_the_last_whole_window() {
        let mut meter = Meter::default();
        for frame in 0..200 {
            meter.count(MonoTime(1_000_000_000 + frame * 9_000), 1000);
        }
        assert_eq!(meter.rate(), Rate { frames_per_second: 10.0, bits_per_second: 80_000.0 });
    }
}
