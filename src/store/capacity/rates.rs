//! `Rates`: how much each stream writes, lately and in the long run.

use crate::base::StreamId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Bytes a second of each stream, from what its files weigh.
#[derive(Debug, Default)]
pub(super) struct Rates {
    streams: BTreeMap<StreamId, Rate>,
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    since: Instant,
    written: u64,
    /// Over the last measured while.
    lately: f64,
    /// Over about a minute.
    minute: f64,
    /// Over about an hour; for a while after the start, over all that there was.
    hour: f64,
    /// What `hour` is of, in seconds.
    known: f64,
}

impl Rates {
    /// So much was ever written to a stream.
    pub(super) fn note(&mut self, stream: StreamId, written: u64, now: Instant) {
        let rate = self.streams.entry(stream).or_insert(Rate {
            since: now,
            written,
            lately: 0.0,
            minute: 0.0,
            hour: 0.0,
            known: 0.0,
        });
        let passed = now.saturating_duration_since(rate.since);
        if passed < SHORTEST {
            return;
        }
        let seconds = passed.as_secs_f64();
        rate.lately = written.saturating_sub(rate.written) as f64 / seconds;
        let known = rate.known;
        let toward =
            |mean: f64, over: f64| mean + (rate.lately - mean) * (seconds / (known + seconds).min(over)).min(1.0);
        (rate.minute, rate.hour) = (toward(rate.minute, 60.0), toward(rate.hour, 3600.0));
        (rate.since, rate.written, rate.known) = (now, written, known + seconds);
    }

    /// Bytes a second, rather too many than too few: for what is to come soon.
    pub(super) fn soon(&self, stream: StreamId) -> f64 {
        self.streams.get(&stream).map_or(0.0, |rate| rate.lately.max(rate.minute))
    }

    /// Bytes a second in the long run; `None` while too little is known.
    pub(super) fn steady(&self, stream: StreamId) -> Option<f64> {
        self.streams.get(&stream).filter(|rate| rate.known >= ENOUGH).map(|rate| rate.hour)
    }
}

/// What was written in less says nothing: film comes in groups of pictures.
const SHORTEST: Duration = Duration::from_secs(1);
/// Seconds after which a rate is worth telling.
const ENOUGH: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_counts_soon_and_hardly_in_the_long_run() {
        let stream = StreamId::new(1).unwrap();
        let (mut rates, start) = (Rates::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        rates.note(stream, 5000, start);
        assert_eq!((rates.soon(stream), rates.steady(stream)), (0.0, None), "what was there before is no rate");
        for n in 1..=3600 {
            rates.note(stream, 5000 + n * 100, at(n));
        }
        assert!((rates.soon(stream) - 100.0).abs() < 1e-9 && (rates.steady(stream).unwrap() - 100.0).abs() < 1e-9);
        rates.note(stream, 5000 + 360_000 + 10_000, at(3610));
        assert!((rates.soon(stream) - 1000.0).abs() < 1e-9);
        assert!(rates.steady(stream).unwrap() < 103.0);
        rates.note(stream, u64::MAX, at(3610) + Duration::from_millis(1));
        assert!((rates.soon(stream) - 1000.0).abs() < 1e-9, "too short to say anything");
        for n in 1..=600 {
            rates.note(stream, 375_000, at(3610 + n));
        }
        assert!(rates.soon(stream) < 1.0, "{rates:?}");
    }
}
