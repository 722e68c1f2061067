//! `Backoff`: how long to wait before a camera is tried again.

use std::time::Duration;

/// From one second to thirty, doubled at each try that did not come to anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: SHORTEST }
    }
}

impl Backoff {
    /// The wait before the next try, after a session that recorded for `recorded`.
    pub(super) fn after(&mut self, recorded: Duration) -> Duration {
        if recorded >= GOOD_SESSION {
            *self = Self::default();
        }
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }
}

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// A session that recorded for so long is worth a quick return.
const GOOD_SESSION: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_thirty_seconds_and_forgets_after_a_good_session() {
        let mut backoff = Backoff::default();
        let failures: Vec<u64> = (0..7).map(|_| backoff.after(Duration::ZERO).as_secs()).collect();
        assert_eq!(failures, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.after(Duration::from_secs(600)).as_secs(), 1);
        assert_eq!(backoff.after(Duration::from_secs(3)).as_secs(), 2);
    }
}
