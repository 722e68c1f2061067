//! `lunette run`: the daemon.

use super::config::Config;
use super::opening::Access;
use super::socket::Socket;
use super::{Outcome, opening};
use crate::base::{Kind, Result, ResultExt};
use crate::live::Live;
use crate::recorder::{Finder, FinderOptions, Recorder};
use crate::store::Store;
use crate::web::{self, Listener, Reactors, State, Tls};
use jiff::tz::TimeZone;
use log::{error, info, warn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// Records and serves until SIGTERM, SIGHUP or Ctrl-C; makes what is missing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Serve what was recorded; record nothing
    #[arg(long)]
    read_only: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let store = match args.read_only {
        true => opening::open(config, Access::Read)?,
        false => opening::open_or_adopt(config)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(DISK_THREADS).enable_all().build();
    let runtime = runtime.or_fail(Kind::Internal, || "start the runtime")?;
    let done = runtime.block_on(serve(config, args, store.clone()));
    let asked = *done.as_ref().unwrap_or(&Instant::now());
    let closed = opening::close(&store, opening::PATIENCE.saturating_sub(asked.elapsed()));
    // A worker that hangs on a dead disk must not hold us up: nothing waits for it any more.
    runtime.shutdown_background();
    done?;
    closed?;
    info!("stopped");
    Ok(Outcome::Done)
}

/// Serves and records until asked to stop; tells when that was.
async fn serve(config: &Config, args: &Args, store: Arc<Store>) -> Result<Instant> {
    let mut asked = AskedToStop::listen()?;
    let live = Arc::new(Live::default());
    let (stop, stopped) = watch::channel(false);

    // We hold the store's lock, so a socket that lies there is of a daemon that ended. Who only looks has no lock.
    let socket = if args.read_only { None } else { Some(Socket::bind(config.socket())?) };
    let mut listeners = Vec::new();
    if let Some(socket) = &socket {
        listeners.push(Listener::Unix(socket.listener()?));
    }
    for address in &config.web.listen {
        listeners.push(Listener::Tcp(listen("http", *address).await?));
    }
    if let Some(source) = config.certificate() {
        let tls = Tls::open(source)?;
        for address in config.web.tls.iter().flat_map(|tls| &tls.listen) {
            listeners.push(Listener::Tls(listen("https", *address).await?, tls.clone()));
        }
        tokio::spawn(tls.keep_fresh(stopped.clone()));
    }
    let recorder = match args.read_only {
        true => None,
        false => Some(Recorder::start(store.clone(), live.clone(), config.recorder.clock.clone())?),
    };
    let finder = match args.read_only {
        true => None,
        false => Some(Finder::start(store.clone(), live.clone(), finding(config))?),
    };
    let state = State::with_entry(store, live, TimeZone::system(), &config.web.entry(), !args.read_only)?;
    state.describe(format!("{config:#?}"));
    let served = tokio::spawn(web::serve(state, listeners, Reactors::for_all_cores()?, stopped));

    asked.wait().await;
    let now = Instant::now();
    info!("stopping");
    leave_at_the_latest(now + opening::PATIENCE + LAST_RESORT)?;
    tokio::spawn(async move {
        asked.wait().await;
        warn!("asked again to stop: not waiting for the disk; the next start finds what it did not take");
        std::process::exit(STOPPED_SHORT);
    });
    stop.send_replace(true);
    // A recorder that hangs is left behind: what it handed over is closed by the store.
    let _ = tokio::time::timeout(RECORDER_PATIENCE, ended(recorder, finder)).await;
    let _ = served.await;
    Ok(now)
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

/// Ends the process then, whatever hangs.
fn leave_at_the_latest(then: Instant) -> Result<()> {
    let wait = move || {
        thread::sleep(then.saturating_duration_since(Instant::now()));
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

/// How many requests wait for a disk at once; the others wait for these. More would not make a disk faster, and each
/// thread that was ever busy keeps memory of its own for good (glibc's arenas).
const DISK_THREADS: usize = 4;

/// Of the time that a stop may take, the part that cameras may have for their farewells.
const RECORDER_PATIENCE: Duration = Duration::from_secs(2);

/// The signals that end a daemon.
struct AskedToStop([Signal; 3]);

impl AskedToStop {
    fn listen() -> Result<Self> {
        let on = |kind| signal(kind).or_fail(Kind::Internal, || "listen for signals");
        Ok(Self([on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?]))
    }

    async fn wait(&mut self) {
        futures::future::select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }
}

async fn listen(scheme: &str, address: SocketAddr) -> Result<TcpListener> {
    let why = "is another program there? change `[web] listen`";
    let listener =
        TcpListener::bind(address).await.or_fail(Kind::Conflict, || format!("listen on {address}: {why}"))?;
    let actual = listener.local_addr().or_fail(Kind::Internal, || "the address we listen on")?;
    info!("web: listening on {scheme}://{actual}/");
    Ok(listener)
}
