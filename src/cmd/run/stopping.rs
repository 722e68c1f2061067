//! `AskedToStop`: the signals that end a daemon, and what makes sure that it ends.

use crate::base::{Kind, Result, ResultExt};
use log::{error, warn};
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, SIGINT and SIGHUP.
pub(super) struct AskedToStop([Signal; 3]);

impl AskedToStop {
    pub(super) fn listen() -> Result<Self> {
        let on = |kind| signal(kind).or_fail(Kind::Internal, || "listen for signals");
        Ok(Self([on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?]))
    }

    pub(super) async fn wait(&mut self) {
        futures::future::select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }

    /// Ends the process when that is asked for again.
    pub(super) fn end_at_once_when_asked_again(mut self) {
        tokio::spawn(async move {
            self.wait().await;
            warn!("asked again to stop: not waiting for the disk; the next start finds what it did not take");
            std::process::exit(STOPPED_SHORT);
        });
    }
}

/// Ends the process soon after this moment, whatever hangs.
pub(super) fn leave_at_the_latest(then: Instant) -> Result<()> {
    let wait = move || {
        thread::sleep((then + LAST_RESORT).saturating_duration_since(Instant::now()));
        error!("something hangs: ending without it; the next start finds what was not written");
        std::process::exit(STOPPED_SHORT);
    };
    thread::Builder::new().name("last-resort".into()).spawn(wait).or_fail(Kind::Internal, || "start a thread")?;
    Ok(())
}

/// After the store's patience: it has its own words for what it could not write.
const LAST_RESORT: Duration = Duration::from_millis(500);

/// The exit status of a daemon that did not write all it had.
const STOPPED_SHORT: i32 = 1;
