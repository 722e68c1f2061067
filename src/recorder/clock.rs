//! `Watch`: looks after the system's clock, and has film moved when the time becomes known.

mod kernel;
mod verdict;

use crate::base::{Kind, Result, ResultExt, WallDuration};
use crate::live::{ClockStatus, Live};
use crate::store::Store;
use log::{info, warn};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use verdict::{Floor, Verdict};

/// Whom to believe that the system's clock is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Witnesses {
    /// The kernel, which knows whether somebody keeps its clock, and systemd-timesyncd.
    #[default]
    Auto,
    /// The owner: it is right, as long as it tells nothing impossible.
    Trusted,
    /// Whoever makes this file.
    File(PathBuf),
}

/// A thread of its own: to move film takes the disk.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Looks once before anything is recorded, and from then on again and again.
    pub(super) fn start(store: Arc<Store>, live: Arc<Live>, witnesses: Witnesses) -> Result<Self> {
        let mut watcher = Watcher::new(store, live, witnesses);
        watcher.look();
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name("clock".to_owned()).spawn(move || watcher.run(&stopped));
        let thread = thread.or_fail(Kind::Internal, || "start the clock's thread")?;
        Ok(Self { stop, thread })
    }

    /// Does not wait for it: it may be at a dead disk.
    pub(super) fn stop(self) {
        // Nobody listens any more only if the thread is gone already.
        let _ = self.stop.send(());
        if self.thread.is_finished() && self.thread.join().is_err() {
            log::error!("clock: its thread panicked");
        }
    }
}

struct Watcher {
    store: Arc<Store>,
    live: Arc<Live>,
    witnesses: Witnesses,
    floor: Floor,
    /// Realtime − monotonic at the last look.
    last: Option<WallDuration>,
}

impl Watcher {
    fn new(store: Arc<Store>, live: Arc<Live>, witnesses: Witnesses) -> Self {
        let newest_film = store.newest_end().unwrap_or_else(|e| {
            warn!("clock: when the newest film ended is not known: {e}");
            None
        });
        let floor = Floor::new(newest_film, kernel::reading().mono);
        Self { store, live, witnesses, floor, last: None }
    }

    fn run(mut self, stopped: &Receiver<()>) {
        loop {
            let proven = self.live.clock.status().is_some_and(|status| status.proven);
            match stopped.recv_timeout(if proven { PROVEN_PACE } else { PACE }) {
                Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn look(&mut self) {
        let reading = kernel::reading();
        let witness = kernel::ask(&self.witnesses);
        let mut verdict = self.floor.judge(reading, &witness, self.store.clock_proof());
        self.mind_steps(reading.clock_offset);
        if verdict.proven && self.store.clock_proof().is_none() {
            match self.store.prove_clock(reading.clock_offset) {
                Ok(moved) => {
                    for moved in moved.iter().filter(|moved| moved.shift != WallDuration::ZERO) {
                        let seconds = moved.shift.as_secs_f64();
                        info!("clock: the run from recording {} on is moved by {seconds:+.1} s", moved.run);
                    }
                }
                Err(e) => {
                    verdict = Verdict::unproven(format!("it is right, but that cannot be written: {e}"), &verdict)
                }
            }
        }
        self.tell(reading.wall(), verdict);
    }

    fn mind_steps(&mut self, clock_offset: WallDuration) {
        let step = self.last.replace(clock_offset).map_or(WallDuration::ZERO, |last| clock_offset - last);
        if step.0.abs() >= STEP.0 {
            let words = verdict::set_by(step);
            warn!("clock: the system's clock was {words}; what is being recorded goes on unmoved");
        }
    }

    fn tell(&self, now: crate::base::WallTime, verdict: Verdict) {
        let Verdict { proven, detail, max_error_seconds, least, instead } = verdict;
        let before = self.live.clock.status();
        let same = before.as_ref().filter(|before| before.proven == proven);
        if before.as_ref().is_none_or(|before| (before.proven, &before.detail) != (proven, &detail)) {
            if proven {
                info!("clock: the time is known: {detail}");
            } else {
                warn!("clock: the time is not known: {detail}; film is recorded, and moved when it is");
            }
        }
        let since = same.map_or(now, |same| same.since);
        self.live.clock.tell(ClockStatus { proven, detail, since, max_error_seconds, least, instead });
    }
}

/// A step is what a hole, or an overlap, of film could be noticed by.
pub(super) const STEP: WallDuration = WallDuration::from_secs(1);
/// How often the clock is looked at, until it is proven.
const PACE: Duration = Duration::from_secs(1);
/// And after.
const PROVEN_PACE: Duration = Duration::from_secs(10);

pub(super) use verdict::set_by;

#[cfg(test)]
mod tests;
