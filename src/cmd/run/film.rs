//! `Film`: all that works as long as the film's disk is there.

use crate::base::Result;
use crate::cmd::config::Config;
use crate::cmd::opening::{self, Access};
use crate::cmd::socket::Socket;
use crate::live::Live;
use crate::recorder::{Finder, FinderOptions, Recorder};
use crate::store::Store;
use crate::web::{Listener, Site};
use log::{error, warn};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// A store, and who works with it. A daemon that only looks has a store alone.
pub(super) struct Film {
    pub(super) store: Arc<Store>,
    socket: Option<Socket>,
    recorder: Option<Recorder>,
    finder: Option<Finder>,
}

impl Film {
    /// Opens the store, begins to record, and has the site answer from it. Blocks on the disk, for as long as that likes.
    pub(super) fn open(config: &Config, read_only: bool, live: &Arc<Live>, site: &Site) -> Result<Self> {
        let store = match read_only {
            true => opening::open(config, Access::Read)?,
            false => opening::open_or_adopt(config)?,
        };
        let begun = site.read_users(&store).and_then(|()| match read_only {
            true => Ok(Self { store: store.clone(), socket: None, recorder: None, finder: None }),
            false => Self::begin(config, store.clone(), live),
        });
        if begun.is_err()
            && let Err(e) = opening::close(&store, opening::PATIENCE)
        {
            warn!("{e}");
        }
        begun.inspect(|_| site.came(store))
    }

    fn begin(config: &Config, store: Arc<Store>, live: &Arc<Live>) -> Result<Self> {
        // We hold the store's lock, so a socket that lies there is of a daemon that ended.
        let socket = Socket::bind(config.socket())?;
        let recorder = Recorder::start(store.clone(), live.clone(), config.recorder.clock.clone())?;
        let finder = Finder::start(store.clone(), live.clone(), finding(config))?;
        Ok(Self { store, socket: Some(socket), recorder: Some(recorder), finder: Some(finder) })
    }

    /// The door for verbs. Only within a runtime.
    pub(super) fn listener(&self) -> Result<Option<Listener>> {
        self.socket.as_ref().map(|socket| socket.listener().map(Listener::Unix)).transpose()
    }

    /// Ends what works with the store, but for those that hang: what a recorder handed over is closed by the store.
    pub(super) async fn stop(self) {
        let Self { socket, recorder, finder, .. } = self;
        drop(socket);
        let _ = tokio::time::timeout(RECORDER_PATIENCE, ended(recorder, finder)).await;
    }
}

/// How to look for cameras; `None`: not at all. Interfaces that are not there yet may come, such as a wireless one.
fn finding(config: &Config) -> Option<FinderOptions> {
    let interfaces = config.recorder.discovery.as_ref()?;
    if let Err(e) = interfaces.check() {
        warn!("[recorder] discovery: {e}");
    }
    let adopt_open = config.recorder.adopt_open_cameras;
    Some(FinderOptions { interfaces: interfaces.clone(), adopt_open })
}

/// Stops recorder and finder, on a thread of its own: those that wait for a disk may all hang on a dead one.
async fn ended(recorder: Option<Recorder>, finder: Option<Finder>) {
    let (tell, told) = oneshot::channel();
    let stop = move || {
        finder.iter().for_each(Finder::ask_to_stop);
        if let Some(recorder) = recorder {
            recorder.stop();
        }
        if let Some(finder) = finder {
            finder.stop();
        }
        // Nobody waits any more after its patience.
        let _ = tell.send(());
    };
    match thread::Builder::new().name("recorder-stop".into()).spawn(stop) {
        Ok(_) => _ = told.await,
        Err(e) => error!("start a thread: {e}"),
    }
}

/// Of the time that a stop may take, the part that cameras may have for their farewells.
const RECORDER_PATIENCE: Duration = Duration::from_secs(2);
