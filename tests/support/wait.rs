//! `wait_until`: the one place where a test looks at something again and again.

use std::thread;
use std::time::{Duration, Instant};

/// Asks until `condition` has an answer. Panics with `what` when there is none after `bound`.
pub(crate) fn wait_until<T>(what: &str, bound: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = condition() {
            return answer;
        }
        assert!(begun.elapsed() < bound, "waited {bound:?} in vain: {what}");
        thread::sleep(POLL);
    }
}

const POLL: Duration = Duration::from_millis(50);

/// So many seconds: the bounds of waits read better with it.
pub(crate) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}
