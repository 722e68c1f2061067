//! `Motions`: what cameras notice by themselves, fetched from each and written down.

mod notebook;
mod watch;

use crate::camera::Login;
use crate::camera::clock::wall_now;
use crate::store::{Camera, Store, StreamKind};
use notebook::Notebook;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::interval;
use uuid::Uuid;
use watch::Watch;

/// Watches all cameras that tell of motion, until its task is ended.
pub(super) struct Motions {
    store: Arc<Store>,
    notebook: Arc<Mutex<Notebook>>,
    watches: BTreeMap<Uuid, Watched>,
    tasks: JoinSet<()>,
}

/// How a camera's events are reached. A watch goes on as long as this stays equal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    /// For the log.
    name: String,
    /// A source of the camera's, whose host is asked.
    source: String,
    device: String,
    events: String,
    login: Login,
}

struct Watched {
    link: Link,
    stop: tokio::sync::watch::Sender<bool>,
}

/// What was noted is written so often: each time costs a commit (Fc7).
const WRITTEN: Duration = Duration::from_secs(20);
/// Events go with the film; looked at so many writings.
const PRUNED_EACH: u32 = 90;
/// Those of cameras without film go after so long.
const KEPT_WITHOUT_FILM: crate::base::WallDuration = crate::base::WallDuration(30 * 86_400 * 90_000);
/// How long cameras may take for their farewells.
const FAREWELL: Duration = Duration::from_millis(1200);

impl Motions {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store, notebook: Arc::default(), watches: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// Watches until told to stop; then takes leave of the cameras and writes what was noted.
    pub(super) async fn run(mut self, mut stopped: tokio::sync::watch::Receiver<bool>) {
        let store = self.store.clone();
        write(move || store.db().end_open_events()).await;
        let mut changes = self.store.changes();
        let (mut writing, mut written) = (interval(WRITTEN), 0u32);
        loop {
            changes.borrow_and_update();
            self.reconcile();
            tokio::select! {
                biased;
                _ = stopped.wait_for(|&stopped| stopped) => break,
                changed = changes.changed() => if changed.is_err() { break },
                _ = writing.tick() => {
                    self.write().await;
                    if written % PRUNED_EACH == 0 {
                        let store = self.store.clone();
                        write(move || store.db().prune_events(wall_now() - KEPT_WITHOUT_FILM).map(|_| ())).await;
                    }
                    written = written.wrapping_add(1);
                }
                Some(ended) = self.tasks.join_next() => if let Err(e) = ended {
                    log::error!("events: {e}");
                },
            }
        }
        self.watches.values().for_each(|watched| _ = watched.stop.send_replace(true));
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, all).await;
        lock(&self.notebook).end_all(wall_now());
        self.write().await;
    }

    fn reconcile(&mut self) {
        let cameras = self.store.cameras();
        let wanted: BTreeMap<Uuid, Link> =
            cameras.iter().filter_map(|camera| Some((camera.uuid, link(camera)?))).collect();
        self.watches.retain(|uuid, watched| {
            let stays = wanted.get(uuid) == Some(&watched.link);
            if !stays {
                watched.stop.send_replace(true);
            }
            stays
        });
        for (uuid, link) in wanted {
            if self.watches.contains_key(&uuid) {
                continue;
            }
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let watch = Watch::new(uuid, link.clone(), self.notebook.clone());
            self.tasks.spawn(watch.run(stopped));
            self.watches.insert(uuid, Watched { link, stop });
        }
    }

    async fn write(&self) {
        let noted = lock(&self.notebook).take();
        if !noted.is_empty() {
            let store = self.store.clone();
            write(move || store.db().put_events(&noted)).await;
        }
    }
}

/// `None` when it tells nothing, or is not recorded.
fn link(camera: &Camera) -> Option<Link> {
    let onvif = camera.onvif.as_ref().filter(|_| !camera.removed && camera.streams.iter().any(|s| s.record))?;
    Some(Link {
        name: camera.name.clone(),
        source: camera.stream(StreamKind::Main).or(camera.streams.first())?.source.clone(),
        device: onvif.service.clone(),
        events: onvif.events.clone()?,
        login: Login { username: camera.username.clone(), password: camera.password.clone() },
    })
}

/// What cannot be written is told and let go: film is what matters.
async fn write(work: impl FnOnce() -> crate::base::Result<()> + Send + 'static) {
    if let Err(e) = super::adding::blocking(work).await {
        log::warn!("events: {e}");
    }
}

fn lock(notebook: &Mutex<Notebook>) -> std::sync::MutexGuard<'_, Notebook> {
    // A panic elsewhere leaves plain values behind.
    notebook.lock().unwrap_or_else(PoisonError::into_inner)
}
