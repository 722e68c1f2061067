//! From camera to disk: one session for every stream that is to be recorded.

mod backoff;
mod pace;
mod session;
mod tape;
mod wanted;

use crate::base::Result;
use crate::base::StreamId;
use crate::base::Transport;
use crate::base::{Kind, ResultExt};
use crate::camera::StaleSessions;
use crate::live::Health;
use crate::media::recording::Cause;
use crate::store::Store;
use pace::{Pace, Restless};
use session::Session;
use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
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
}

impl Recorder {
    /// Begins to record. What happens to each stream is told on `health`.
    pub fn start(store: Arc<Store>, health: Arc<Health>) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let pace = Pace::default();
        let resting = pace.clone();
        let runtime =
            runtime::Builder::new_current_thread().enable_all().on_thread_park(move || resting.rest()).build();
        let runtime = runtime.or_fail(Kind::Internal, || "start the recorder")?;
        let sessions =
            Sessions { store, health, running: HashMap::new(), tasks: JoinSet::new(), stale: HashMap::new(), pace };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || runtime.block_on(sessions.supervise(stopped)))
            .or_fail(Kind::Internal, || "start the recorder's thread")?;
        Ok(Self { stop, thread })
    }

    /// Ends all sessions. Blocks until each has handed over its last frame.
    pub fn stop(self) {
        // Nobody listens any more only if the thread is gone already.
        let _ = self.stop.send(true);
        if self.thread.join().is_err() {
            log::error!("recorder: its thread panicked");
        }
    }
}

/// The sessions that run.
struct Sessions {
    store: Arc<Store>,
    health: Arc<Health>,
    running: HashMap<StreamId, Running>,
    tasks: JoinSet<StreamId>,
    /// What each camera may still think that we watch.
    stale: HashMap<Uuid, StaleSessions>,
    pace: Pace,
}

struct Running {
    wanted: Wanted,
    /// Why it has to end, once it has.
    stop: watch::Sender<Option<Cause>>,
    task: tokio::task::Id,
    _awake: Option<Restless>,
}

impl Sessions {
    async fn supervise(mut self, mut stopped: watch::Receiver<bool>) {
        let mut changes = self.store.changes();
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
        let wanted = wanted::all(&self.store.cameras());
        for (stream, running) in &self.running {
            if wanted.get(stream) != Some(&running.wanted) {
                running.stop.send_replace(Some(Cause::Reconfigured));
            }
        }
        for (stream, wanted) in wanted {
            if self.running.contains_key(&stream) {
                continue;
            }
            let (stop, stopped) = watch::channel(None);
            let stale = self.stale.entry(wanted.camera).or_default().clone();
            let awake = (wanted.stream.transport == Transport::Udp).then(|| self.pace.datagrams());
            let session = Session::new(self.store.clone(), self.health.clone(), wanted.clone(), stale, stopped);
            let task = self.tasks.spawn(session.run()).id();
            self.running.insert(stream, Running { wanted, stop, task, _awake: awake });
        }
    }

    fn ended(&mut self, ended: Result<(tokio::task::Id, StreamId), tokio::task::JoinError>) {
        let task = match ended {
            Ok((task, _)) => task,
            Err(panic) => {
                log::error!("recorder: a session panicked and is started again: {panic}");
                panic.id()
            }
        };
        let stream = self.running.iter().find(|(_, running)| running.task == task).map(|(&stream, _)| stream);
        if let Some(stream) = stream {
            self.running.remove(&stream);
            self.health.forget(stream);
        }
    }
}
