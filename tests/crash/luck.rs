//! `Luck`: chance that can be had again.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers that nobody foresees, and the same ones for the same seed (SplitMix64).
pub(crate) struct Luck(u64);

impl Luck {
    /// The seed is `LUNETTE_CRASH_SEED`, else the time of day. It is told, for who wants to see a failure again.
    pub(crate) fn new(what: &str) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 % 1_000_000_007;
        let seed = number_from("LUNETTE_CRASH_SEED").unwrap_or_else(now);
        println!("{what}: LUNETTE_CRASH_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// One of these.
    pub(crate) fn of(&mut self, range: Range<u64>) -> u64 {
        range.start + self.number() % (range.end - range.start)
    }

    /// True so often in a hundred times.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.of(0..100) < percent
    }
}

/// A number of the environment: how long the long forms are.
pub(crate) fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{variable}={text}: {e}")))
}
