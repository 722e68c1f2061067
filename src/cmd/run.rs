//! `lunette run`: the daemon.

mod disk;
mod film;
mod listeners;
mod machine;
mod stopping;

use super::config::Config;
use super::{Outcome, opening};
use crate::base::{Kind, Result, ResultExt};
use crate::live::Live;
use crate::store::{Settings, Store};
use crate::web::{self, Front, Listener, Reactors, Site, Waiting};
use disk::{Disk, News, Wish};
use jiff::tz::TimeZone;
use log::{info, warn};
use std::sync::Arc;
use std::time::Instant;
use stopping::AskedToStop;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Records and serves until SIGTERM, SIGHUP or Ctrl-C; makes what is missing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Serve what was recorded; record nothing
    #[arg(long)]
    read_only: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(DISK_THREADS).enable_all().build();
    let runtime = runtime.or_fail(Kind::Internal, || "start the runtime")?;
    let mut store = None;
    let done = runtime.block_on(serve(config, args, &mut store));
    let asked = *done.as_ref().unwrap_or(&Instant::now());
    let left = opening::PATIENCE.saturating_sub(asked.elapsed());
    let closed = store.map_or(Ok(()), |store| opening::close(&store, left));
    // A worker that hangs on a dead disk must not hold us up: nothing waits for it any more.
    runtime.shutdown_background();
    done?;
    closed?;
    info!("stopped");
    Ok(Outcome::Done)
}

/// Serves, and records as soon as the disk of film is there, until asked to stop; tells when that was. The store is left
/// for the caller to close.
async fn serve(config: &Config, args: &Args, store: &mut Option<Arc<Store>>) -> Result<Instant> {
    let mut asked = AskedToStop::listen()?;
    let (stop, stopped) = watch::channel(false);
    let live = Arc::new(Live::default());
    let front = Front::new(live.clone(), TimeZone::system(), &config.web.entry(), !args.read_only);
    remember(config, &front);
    front.on(machine::this(config));
    front.describe(format!("{config:#?}"));
    let site = Site::waiting(front, Waiting::new("starting"));
    let mut served = Served { site: site.clone(), reactors: Reactors::for_all_cores()?.into(), tasks: JoinSet::new() };

    let at_once = listeners::at_once(config, &stopped).await?;
    let mut disk =
        Disk::look_for(Wish { config: config.clone(), read_only: args.read_only, live, site: site.clone() })?;
    let mut film = None;
    // Most stores are open in a moment: nobody needs to be told that it takes one.
    let mut news = disk.next().await;
    served.begin(at_once, &stopped);
    served.tasks.spawn(web::keep_machine(site.clone(), stopped.clone()));
    machine::tell_systemd(&stopped);
    loop {
        if let News::Ended(opened) = news {
            let film = film.insert(opened?);
            *store = Some(film.store.clone());
            info!("film: open in {}", config.store.sample_dir.display());
            served.begin(film.listener()?.into_iter().collect(), &stopped);
            served.begin(listeners::with_film(config, &stopped).await?, &stopped);
        }
        news = tokio::select! {
            biased;
            () = asked.wait() => break,
            next = disk.next() => next,
        };
    }

    let now = Instant::now();
    info!("stopping");
    stopping::leave_at_the_latest(now + opening::PATIENCE)?;
    asked.end_at_once_when_asked_again();
    stop.send_replace(true);
    if let Some(film) = film {
        film.stop().await;
    }
    served.end().await;
    Ok(now)
}

/// Who may enter before there is film.
fn remember(config: &Config, front: &Front) {
    if opening::wish_to_forget(config).is_some_and(|wish| wish.exists()) {
        return;
    }
    let settings = config.store.export.as_deref().map(Settings::read).transpose();
    match settings.and_then(|read| read.flatten().map_or(Ok(()), |settings| front.remember(&settings))) {
        Ok(()) => {}
        Err(e) => warn!("{e}; nobody can log in until there is film"),
    }
}

/// What is served, on which threads.
struct Served {
    site: Arc<Site>,
    reactors: Arc<Reactors>,
    tasks: JoinSet<()>,
}

impl Served {
    fn begin(&mut self, listeners: Vec<Listener>, stopped: &watch::Receiver<bool>) {
        self.tasks.spawn(web::serve(self.site.clone(), listeners, self.reactors.clone(), stopped.clone()));
    }

    async fn end(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// How many requests wait for a disk at once; the others wait for these. More would not make a disk faster, and each
/// thread that was ever busy keeps memory of its own for good (glibc's arenas).
const DISK_THREADS: usize = 4;
