//! From camera to disk: one session for every stream that is to be recorded.

mod backoff;
mod clock;
mod finder;
mod hole;
mod pace;
mod session;
mod tape;
mod wanted;

use crate::base::Result;
use crate::base::StreamId;
use crate::base::{Kind, ResultExt};
use crate::camera::StaleSessions;
use crate::live::Live;
use crate::media::recording::Cause;
use crate::store::Store;
use clock::Watch;
pub use clock::Witnesses;
pub use finder::{Finder, FinderOptions, find};
use pace::Pace;
use session::{Common, Session, stop_signal};
use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;
use wanted::Wanted;

/// Records all streams of the store until it is stopped, on a thread of its own, so that nothing that the web does
/// can hold it up. Cameras that are added, changed or removed meanwhile are minded at once.
#[derive(Debug)]
pub struct Recorder {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
    clock: Watch,
}

impl Recorder {
    /// Begins to record. What happens to each stream, and its frames, are told to `live`, and whether the system's clock is
    /// right as these witnesses say. Blocks on the disk.
    pub fn start(store: Arc<Store>, live: Arc<Live>, witnesses: Witnesses) -> Result<Self> {
        let clock = Watch::start(store.clone(), live.clone(), witnesses)?;
        let (stop, stopped) = watch::channel(false);
        let pace = Pace::default();
        let resting = pace.clone();
        let runtime =
            runtime::Builder::new_current_thread().enable_all().on_thread_park(move || resting.rest()).build();
        let runtime = runtime.or_fail(Kind::Internal, || "start the recorder")?;
        let common = Common { store, live, pace };
        let sessions = Sessions { common, running: HashMap::new(), tasks: JoinSet::new(), stale: HashMap::new() };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || runtime.block_on(sessions.supervise(stopped)))
            .or_fail(Kind::Internal, || "start the recorder's thread")?;
        Ok(Self { stop, thread, clock })
    }

    /// Ends all sessions. Blocks until each has handed over its last frame.
    pub fn stop(self) {
        // Nobody listens any more only if the thread is gone already.
        let _ = self.stop.send(true);
        if self.thread.join().is_err() {
            log::error!("recorder: its thread panicked");
        }
        self.clock.stop();
    }
}

/// The sessions that run.
struct Sessions {
    common: Common,
    running: HashMap<StreamId, Running>,
    tasks: JoinSet<StreamId>,
    /// What each camera may still think that we watch.
    stale: HashMap<Uuid, StaleSessions>,
}

struct Running {
    wanted: Wanted,
    /// Why it has to end, once it has.
    stop: watch::Sender<Option<Cause>>,
    task: tokio::task::Id,
}

impl Sessions {
    async fn supervise(mut self, mut stopped: watch::Receiver<bool>) {
        let mut changes = self.common.store.changes();
        loop {
            changes.borrow_and_update();
            self.reconcile();
            tokio::select! {
                biased;
                _ = stopped.wait_for(|&stopped| stopped) => break,
                _ = changes.changed() => {}
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
            }
        }
        for running in self.running.values() {
            running.stop.send_replace(Some(Cause::Stopped));
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Stops what is not wanted any more, or not so, and starts what is wanted and does not run. A changed stream
    /// starts when its old session has ended: until then a camera that allows one viewer would refuse the new one.
    fn reconcile(&mut self) {
        let wanted = wanted::all(&self.common.store.cameras());
        for (stream, running) in &self.running {
            if !wanted.get(stream).is_some_and(|wanted| wanted.link == running.wanted.link) {
                running.stop.send_replace(Some(Cause::Reconfigured));
            }
        }
        for (stream, wanted) in wanted {
            if self.running.contains_key(&stream) {
                continue;
            }
            let (stop, stopped) = watch::channel(None);
            let stale = self.stale.entry(wanted.camera).or_default().clone();
            let session = Session::new(self.common.clone(), wanted.clone(), stale, stopped);
            let task = self.tasks.spawn(async move { session.await.run().await }).id();
            self.running.insert(stream, Running { wanted, stop, task });
        }
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, StreamId), tokio::task::JoinError>) {
        let task = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(task, _)| *task);
        let Some((&stream, running)) = self.running.iter_mut().find(|(_, running)| running.task == task) else {
            return;
        };
        match ended {
            Ok(_) => {
                self.running.remove(&stream);
                self.common.live.health.forget(stream);
            }
            Err(panic) => {
                log::error!("{}: its session panicked and starts again in a while: {panic}", running.wanted.label);
                let mut stopped = running.stop.subscribe();
                let rest = async move {
                    // A stop ends the rest early; that is all the difference.
                    let _ = tokio::time::timeout(AFTER_PANIC, stop_signal(&mut stopped)).await;
                    stream
                };
                running.task = self.tasks.spawn(rest).id();
            }
        }
    }
}

/// A camera whose bytes make us panic must not hold the other cameras' thread up by doing so all the time.
const AFTER_PANIC: Duration = Duration::from_secs(30);
