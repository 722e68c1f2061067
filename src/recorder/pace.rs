//! `Pace`: lets packets gather before the recorder's thread wakes for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Six cameras at 30 frames a second would wake the thread some 350 times a second, mostly for a part of a frame. It
/// rests before it waits for sockets instead: what comes meanwhile lies in the sockets' buffers and is read at once.
/// Over TCP nothing can be lost by that. A datagram can, and a pipe holds little, so while a session has either there is
/// no rest.
/// `docs/decisions/0070-recorder-pace.md` has the figures.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    awake: Arc<AtomicUsize>,
}

/// See [`Pace::stay_awake`].
#[derive(Debug)]
pub(super) struct Restless(Arc<AtomicUsize>);

impl Pace {
    /// What the recorder's thread does before it waits.
    pub(super) fn rest(&self) {
        if self.awake.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(REST);
        }
    }

    /// No rest as long as the answer is there.
    pub(super) fn stay_awake(&self) -> Restless {
        self.awake.fetch_add(1, Ordering::Relaxed);
        Restless(self.awake.clone())
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// So late a frame may be said to have arrived, and so late a viewer may see it.
const REST: Duration = Duration::from_millis(20);
