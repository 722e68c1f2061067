//! `Store`: everything that was recorded, and the way to record more.

mod cameras;
mod clock;
mod recorded;
mod recording;
mod storage;

use crate::base::{Error, Kind, Result, ResultExt, WallTime};
use crate::media::EndReason;
use crate::media::recording::Cause;
use crate::store::capacity::Capacity;
use crate::store::db::{Access, Database};
use crate::store::export::Export;
use crate::store::mount::Mount;
use crate::store::options::Options;
use crate::store::shared::Shared;
use crate::store::syncer::{Ask, Syncer, stopped};
use crate::store::verify;
use cameras::Cameras;
pub use clock::Newest;
use log::{error, info};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// Database and sample directory as one. Thread-safe; methods that wait for a disk say so.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    cameras: RwLock<Cameras>,
    /// Held from before a change is written until it is loaded, so that what is loaded last is the newest.
    changing: Mutex<()>,
    changes: watch::Sender<u64>,
    /// None when the store is only looked at.
    syncer: Option<Arc<SyncSender<Ask>>>,
    /// Ends when the syncer does.
    syncer_ended: Mutex<Receiver<()>>,
    /// None when film is not read again.
    verifier: Option<verify::Handle>,
    boot_id: Uuid,
    export: Option<Export>,
}

impl Store {
    /// Opens a store: makes what is missing, takes the sample directory's lock, brings files and rows to agreement and
    /// starts the threads. Blocks on the disk, for long when much must be hashed.
    ///
    /// A sample directory that is not there, or another one, is no error: see [`Self::trouble`]. `Conflict` when
    /// another process records into it, or when it holds what is not ours.
    pub fn open(options: Options) -> Result<Arc<Self>> {
        let access = if options.read_only { Access::Read } else { Access::Write };
        let db = Database::open(&options.db_dir, access)?;
        let export = options.export.filter(|_| access == Access::Write).map(Export::new);
        let boot_id = boot_id()?;
        let mount = Mount::new(options.sample_dir, boot_id);
        let capacity = Capacity::new(options.reserve, options.flush_interval, options.db_dir);
        let shared = Arc::new(Shared::new(db, mount, capacity, options.zone, options.clock));
        shared.unflushed.know_proof(shared.db.clock_proof(boot_id)?);
        let (running, syncer_ended) = sync_channel(1);
        for stream in shared.db.cameras()?.iter().flat_map(|c| &c.streams) {
            shared.unflushed.count_rows(stream.id, &shared.db.pieces(stream.id)?);
        }
        let syncer = if options.read_only {
            shared.mount.look_to_read(&shared.db)?;
            None
        } else {
            shared.mount.look(&shared.db, &shared.unflushed, &shared.capacity, (options.clock)())?;
            let (ask, asked) = sync_channel(ASKS);
            let ask = Arc::new(ask);
            shared.capacity.set_syncer(Arc::downgrade(&ask));
            let (sync, flush) = (options.sync_interval, options.flush_interval);
            let syncer = Syncer::new(shared.clone(), sync, flush, Instant::now());
            let work = move || {
                let _running = running;
                syncer.run(&asked);
            };
            let thread = thread::Builder::new().name("film-syncer".into()).spawn(work);
            thread.or_fail(Kind::Internal, || "start the syncer's thread")?;
            Some(ask)
        };
        // Not before the directory was found to be no other database's.
        if let Some(export) = &export {
            fill(export, &shared.db);
        }
        shared.damages.load(&shared.db)?;
        let verify_interval = options.verify_interval.filter(|_| syncer.is_some());
        let verifier = verify_interval.map(|round| verify::Handle::start(&shared, round)).transpose()?;
        let store = Self {
            shared,
            cameras: RwLock::default(),
            changing: Mutex::default(),
            changes: watch::Sender::new(0),
            syncer,
            syncer_ended: Mutex::new(syncer_ended),
            verifier,
            boot_id,
            export,
        };
        store.load_cameras()?;
        Ok(Arc::new(store))
    }

    /// What is wrong with the disk just now: nothing can be recorded ("wrong disk or not mounted", looked at again every
    /// `sync_interval`), or film and rows do not reach it. `None` when all is well. From memory.
    pub fn trouble(&self) -> Option<String> {
        self.shared.mount.trouble().or_else(|| self.shared.failure().clone())
    }

    /// What the last start found in the sample directory that an owner should know of, a line each. From memory.
    pub fn problems(&self) -> Vec<String> {
        self.shared.mount.attached().map_or_else(Vec::new, |a| a.problems.clone())
    }

    /// The first of these, at most so many, and how many there are. From memory.
    pub fn first_problems(&self, limit: usize) -> (Vec<String>, usize) {
        self.shared.mount.attached().map_or_else(Default::default, |attached| {
            (attached.problems.iter().take(limit).cloned().collect(), attached.problems.len())
        })
    }

    /// How often film was made durable, since the disk is there. From memory.
    pub fn syncs(&self) -> u64 {
        self.shared.mount.attached().map_or(0, |attached| attached.dir.syncs())
    }

    /// Transactions that wrote, since the start. From memory.
    pub fn transactions(&self) -> u64 {
        self.shared.db.transactions()
    }

    /// The machine's boot that recordings are of.
    pub fn boot_id(&self) -> Uuid {
        self.boot_id
    }

    /// The database, for what needs no film: users, sessions, the clock's proof.
    pub fn db(&self) -> &Database {
        &self.shared.db
    }

    /// Cameras, users or tokens have changed: what is kept of them apart from the film follows. Blocks on the disk.
    pub fn settings_changed(&self) {
        let followed = self.export.as_ref().map_or(Ok(()), |export| export.follow(&self.shared.db));
        if let Err(e) = followed {
            error!("{e}; they are written with the next change, or at the next start");
        }
    }

    /// Forgets users, sessions and tokens, here and in what is kept of them apart from the film. Blocks on the disk.
    pub fn forget_people(&self) -> Result<()> {
        self.shared.db.forget_people()?;
        self.export.as_ref().map_or(Ok(()), |export| export.follow(&self.shared.db))
    }

    /// Waits until all that was appended before is in its files, though not yet durable: for who appends faster than a
    /// camera. Blocks on the disk.
    pub fn catch_up(&self) -> Result<()> {
        self.shared.mount.attached().map_or(Ok(()), |attached| attached.written(FOREVER))
    }

    /// Makes all that was appended before durable, and writes all rows. Blocks on the disk.
    pub fn flush(&self) -> Result<()> {
        self.flush_within(Duration::MAX)
    }

    fn flush_within(&self, patience: Duration) -> Result<()> {
        let syncer = self.syncer.as_ref().ok_or_else(|| Error::new(Kind::Conflict, "the store is only looked at"))?;
        let until = Instant::now().checked_add(patience);
        let left = || until.map_or(FOREVER, |until| until.saturating_duration_since(Instant::now()));
        if let Some(attached) = self.shared.mount.attached() {
            attached.written(left())?;
        }
        let (answer, answered) = sync_channel(1);
        syncer.try_send(Ask::Flush(answer)).map_err(|_| stopped())?;
        answered.recv_timeout(left()).map_err(|_| Error::new(Kind::Busy, "the disk does not answer"))?
    }

    /// Ends the store: all that was received is written, every recording closed and every row written, unless that
    /// takes longer than `patience`; then `Busy`, and the next start finds the rest in files and journal.
    pub fn shutdown(&self, now: WallTime, patience: Duration) -> Result<()> {
        let Some(syncer) = &self.syncer else { return Ok(()) };
        let until = Instant::now() + patience;
        let left = || until.saturating_duration_since(Instant::now());
        // Its place is written with the rows.
        self.verifier.iter().for_each(|verifier| verifier.stop(left().min(VERIFIER_PATIENCE)));
        if let Some(attached) = self.shared.mount.attached() {
            attached.stop(EndReason::new(Cause::Stopped, ""), left())?;
        }
        self.flush_within(left())?;
        if let Some(attached) = self.shared.mount.attached() {
            self.shared.db.end_open(attached.open_id, now, attached.age())?;
        }
        // It has answered just now, so there is room.
        let _ = syncer.try_send(Ask::Stop);
        // Its end is the end of its sender.
        let _ = self.syncer_ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(left());
        Ok(())
    }
}

#[cfg(test)]
impl Store {
    pub(crate) fn shared_for_tests(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The disk refuses to be written to, until it does not any more.
    pub(crate) fn refuse_writes(&self, refuse: bool) {
        let attached = self.shared.mount.attached().expect("there is a sample directory");
        attached.dir.fail_after(if refuse { 0 } else { i64::MAX });
    }
}

/// What is wrong with the file of settings keeps nobody from recording.
fn fill(export: &Export, db: &Database) {
    match export.fill(db) {
        Ok(true) => info!("the database is new: cameras and users are those that were before"),
        Ok(false) => {}
        Err(e) => error!("the database is new, and has no cameras and users: {e}"),
    }
}

/// The id of the machine's boot.
fn boot_id() -> Result<Uuid> {
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    let text = std::fs::read_to_string(FILE).or_fail(Kind::Internal, || format!("read {FILE}"))?;
    Uuid::parse_str(text.trim()).or_fail(Kind::Internal, || format!("read {FILE}"))
}

/// Flushes that may wait for the syncer; who comes later is told that it is busy.
const ASKS: usize = 16;
/// A verifier that does not end by then is at a dead disk.
const VERIFIER_PATIENCE: Duration = Duration::from_millis(500);
/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_secs(1 << 30);
