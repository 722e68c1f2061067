//! `Silence`: notices that nothing came for too long.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Notices that nothing came for too long. Being heard costs nothing: the timer is set anew only when it rings.
#[derive(Debug)]
pub(super) struct Silence {
    limit: Duration,
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Silence {
    /// Begins to listen.
    pub(super) fn new(limit: Duration) -> Self {
        let heard = Instant::now();
        Self { limit, heard, alarm: Box::pin(tokio::time::sleep_until(heard + limit)) }
    }

    /// Something came.
    pub(super) fn heard(&mut self, at: Instant) {
        self.heard = at;
    }

    /// How long it may be silent.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Nothing was heard for the limit, whatever else came.
    pub(super) fn is_over(&self) -> bool {
        self.heard.elapsed() > self.limit
    }

    /// Ends when nothing was heard for the limit. Cancel-safe.
    pub(super) async fn is_too_long(&mut self) {
        loop {
            self.alarm.as_mut().await;
            let due = self.heard + self.limit;
            if due <= Instant::now() {
                return;
            }
            self.alarm.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn only_uninterrupted_silence_counts() {
        let second = Duration::from_secs(1);
        let mut silence = Silence::new(10 * second);
        for _ in 0..5 {
            assert!(timeout(9 * second, silence.is_too_long()).await.is_err());
            silence.heard(Instant::now());
        }
        let last = Instant::now();
        silence.is_too_long().await;
        assert_eq!(last.elapsed().as_secs(), 10);
    }
}
