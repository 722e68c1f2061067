//! `Mount`: whether the sample directory is the right one, and the directory once it is.

use crate::base::{Error, Kind, Result, ResultExt, WallTime};
use crate::media::EndReason;
use crate::media::recording::Cause;
use crate::store::attached::{Attached, Attempt};
use crate::store::capacity::Capacity;
use crate::store::catalog::Catalog;
use crate::store::db::Database;
use crate::store::dir::SampleDir;
use crate::store::newest;
use crate::store::pulse::Pulse;
use crate::store::unflushed::Unflushed;
use log::{error, warn};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A sample directory that may not be there yet, or not any more: a disk that mounts late, or another one in its place.
#[derive(Debug)]
pub(crate) struct Mount {
    path: PathBuf,
    boot_id: Uuid,
    attached: RwLock<Option<Arc<Attached>>>,
    /// Was recorded into; its writer waits for the disk that is gone.
    leaving: Mutex<Option<Arc<Attached>>>,
    /// Opened for reading only.
    readable: RwLock<Option<Arc<SampleDir>>>,
    /// When that was looked for last.
    looked: Mutex<Option<Instant>>,
    trouble: Mutex<Option<String>>,
    pulse: Arc<Pulse>,
    /// How often in a row the right directory was there and could not be attached.
    tried: AtomicU32,
}

impl Mount {
    /// Nothing is looked at yet.
    pub(crate) fn new(path: PathBuf, boot_id: Uuid) -> Self {
        Self {
            path,
            boot_id,
            attached: RwLock::default(),
            leaving: Mutex::default(),
            readable: RwLock::default(),
            looked: Mutex::default(),
            trouble: Mutex::new(Some("not looked at yet".into())),
            pulse: Arc::default(),
            tried: AtomicU32::new(0),
        }
    }

    /// The directory that is recorded into, if it is there.
    pub(crate) fn attached(&self) -> Option<Arc<Attached>> {
        self.attached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The directory to read film from, if it is there.
    pub(crate) fn dir(&self) -> Option<Arc<SampleDir>> {
        let readable = || self.readable.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.attached().map(|a| a.dir.clone()).or_else(readable)
    }

    /// Why nothing can be recorded, or what is wrong with the disk just now; `None` when all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        let trouble = self.lock_trouble().clone();
        trouble.or_else(|| self.pulse.trouble(Instant::now()))
    }

    /// What those who ask the disk notice.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    fn lock_trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for the directory, and attaches it when it is the database's own. A new database makes or takes an empty
    /// one. That it is not there or another is no error but a trouble, told once in the log; an error means that
    /// looking again will not help. To be called by one thread at a time.
    pub(crate) fn look(
        &self,
        db: &Database,
        unflushed: &Arc<Unflushed>,
        capacity: &Arc<Capacity>,
        now: WallTime,
    ) -> Result<()> {
        if self.attached().is_some() || self.is_leaving() {
            return Ok(());
        }
        let attached = self.open_own(db).and_then(|dir| {
            let patient = self.tried.fetch_add(1, Ordering::Relaxed) < PATIENT;
            let attempt = Attempt { boot_id: self.boot_id, now, patient };
            Attached::attach(dir, db, unflushed, capacity, &self.pulse, attempt)
        });
        match attached {
            Ok(attached) => {
                self.set(Some(Arc::new(attached)));
                self.tried.store(0, Ordering::Relaxed);
                // Which films are missing is only known now.
                unflushed.all_changed();
                *self.lock_trouble() = None;
                Ok(())
            }
            Err(e) if matches!(e.kind(), Kind::NotFound | Kind::Disk | Kind::Corrupt | Kind::Busy) => {
                self.tell(e.to_string());
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// Whether the path still leads to the directory that is recorded into. Where it does not, the disk was taken away
    /// or another one mounted over it: what grows ends, on the disk that it began on, and that is let go; it is given
    /// back for its owner to forget what is there. Nothing is attached until its writer has ended.
    pub(crate) fn mind_place(&self) -> Option<Arc<Attached>> {
        let attached = self.attached()?;
        let why = attached.dir.must_be_in_place().err()?;
        self.tell(why.to_string());
        self.set(None);
        let reason = EndReason::new(Cause::DiskFailed, why.to_string());
        if attached.stop(reason, WRITER_PATIENCE).is_err() {
            *self.leaving.lock().unwrap_or_else(PoisonError::into_inner) = Some(attached.clone());
        }
        Some(attached)
    }

    /// The writer of the directory that was let go has not ended: its disk does not answer.
    fn is_leaving(&self) -> bool {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        if leaving.as_ref().is_some_and(|attached| attached.has_ended()) {
            *leaving = None;
        }
        leaving.is_some()
    }

    fn set(&self, attached: Option<Arc<Attached>>) {
        *self.attached.write().unwrap_or_else(PoisonError::into_inner) = attached;
    }

    /// Opens the directory to read from it, without its lock, unless it was looked at a moment ago. Whoever reads film asks
    /// for it: there is no thread that could, and a disk may come late or go.
    pub(crate) fn look_to_read(&self, db: &Database) -> Result<()> {
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|then| then.elapsed() < READ_INTERVAL) {
                return Ok(());
            }
            *looked = Some(Instant::now());
        }
        if self.dir().is_some_and(|dir| dir.must_be_in_place().is_ok()) {
            return Ok(());
        }
        let own = db.meta()?.directory;
        match SampleDir::open(&self.path, false).and_then(|dir| self.must_be(dir, own)) {
            Ok(dir) => {
                dir.set_old_names(db.old_files()?);
                *self.lock_trouble() = Some("the store was opened only to be read".into());
                *self.readable.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(dir));
            }
            Err(e) => {
                *self.readable.write().unwrap_or_else(PoisonError::into_inner) = None;
                self.tell(e.to_string());
            }
        }
        Ok(())
    }

    /// Nothing can be recorded; the log is told when the reason changes.
    pub(crate) fn tell(&self, trouble: String) {
        let mut told = self.lock_trouble();
        if told.as_ref() != Some(&trouble) {
            error!("nothing can be recorded: {trouble}");
            *told = Some(trouble);
        }
    }

    fn open_own(&self, db: &Database) -> Result<SampleDir> {
        let own = db.meta()?.directory;
        if own.is_none() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o750)
                .create(&self.path)
                .or_fail(Kind::Disk, || format!("create sample directory {}", self.path.display()))?;
        }
        let mut dir = SampleDir::open(&self.path, true)?;
        if let Some(own) = own
            && dir.is_torn()
            && newest::vouches(&dir, db)?
        {
            warn!("{}: its identity was torn, and is made anew: its film is this database's", self.path.display());
            dir.initialize(own)?;
        }
        match (own, dir.uuid()) {
            (None, Some(uuid)) => {
                if has_heritage(&dir)? {
                    return Err(self.of_another(""));
                }
                db.set_directory(uuid)?;
                Ok(dir)
            }
            // Only a database that never had a directory takes one: else an empty mount point would do.
            (None, None) => {
                let torn = |name: &str| dir.is_torn() && name == SampleDir::IDENTITY;
                let foreign = |name: &str| name != "lost+found" && name != "lunette-dir.new" && !torn(name);
                if has_heritage(&dir)? {
                    return Err(self.of_another(", and has lost its identity"));
                }
                if let Some(entry) = dir.list()?.into_iter().find(|e| foreign(&e.name)) {
                    let path = self.path.display();
                    let what = format!("{path} is neither empty nor a sample directory: there is {}", entry.name);
                    return Err(Error::new(Kind::Conflict, what));
                }
                // In this order: a directory without film is taken again after a power cut in between.
                let uuid = Uuid::new_v4();
                dir.initialize(uuid)?;
                db.set_directory(uuid)?;
                Ok(dir)
            }
            _ => self.must_be(dir, own),
        }
    }

    /// A new database does not begin a history of its own over another one's film.
    fn of_another(&self, also: &str) -> Error {
        let path = self.path.display();
        let why = format!("{path} holds what another database recorded{also}");
        let what =
            "if that database is lost, `lunette adopt` builds it anew from the directory; else use another directory";
        Error::new(Kind::Conflict, format!("{why}: {what}"))
    }

    fn must_be(&self, dir: SampleDir, own: Option<Uuid>) -> Result<SampleDir> {
        match dir.uuid() {
            Some(uuid) if Some(uuid) == own => Ok(dir),
            found => {
                let none = if dir.is_torn() { "an identity that was torn" } else { "no identity" };
                let found = found.map_or(none.into(), |uuid| format!("the identity {uuid}"));
                let what = format!("wrong disk or not mounted: {} has {found}", self.path.display());
                Err(Error::new(Kind::NotFound, what))
            }
        }
    }
}

/// There is film, or a catalog of cameras: what a database that was lost can be built anew from.
fn has_heritage(dir: &SampleDir) -> Result<bool> {
    let has_film = dir.list()?.iter().any(|e| e.takes_number().is_some());
    let has_cameras = || match Catalog::read(dir) {
        Ok(catalog) => catalog.is_some_and(|catalog| !catalog.cameras.is_empty()),
        // Whatever it held, there was one.
        Err(_) => true,
    };
    Ok(has_film || has_cameras())
}

/// So often a journal that cannot be read is a reason to look again later; then half of it must do.
const PATIENT: u32 = 3;
/// How seldom a directory that is only read is looked for.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// How long the writer of a disk that is gone may take to end what grows.
const WRITER_PATIENCE: Duration = Duration::from_secs(5);
