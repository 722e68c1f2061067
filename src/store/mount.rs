//! `Mount`: whether the sample directory is the right one, and the directory once it is.

use crate::base::{Error, Kind, Result, ResultExt, WallTime};
use crate::store::attached::Attached;
use crate::store::capacity::Capacity;
use crate::store::db::Database;
use crate::store::dir::SampleDir;
use crate::store::unflushed::Unflushed;
use log::error;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

/// A sample directory that may not be there yet: a disk that mounts late, or another one in its place.
#[derive(Debug)]
pub(crate) struct Mount {
    path: PathBuf,
    boot_id: Uuid,
    attached: OnceLock<Attached>,
    /// Opened for reading only.
    readable: OnceLock<SampleDir>,
    trouble: Mutex<Option<String>>,
}

impl Mount {
    /// Nothing is looked at yet.
    pub(crate) fn new(path: PathBuf, boot_id: Uuid) -> Self {
        Self {
            path,
            boot_id,
            attached: OnceLock::new(),
            readable: OnceLock::new(),
            trouble: Mutex::new(Some("not looked at yet".into())),
        }
    }

    /// The directory that is recorded into, if it is there.
    pub(crate) fn attached(&self) -> Option<&Attached> {
        self.attached.get()
    }

    /// The directory to read film from, if it is there.
    pub(crate) fn dir(&self) -> Option<&SampleDir> {
        self.attached.get().map(|a| &*a.dir).or_else(|| self.readable.get())
    }

    /// Why nothing can be recorded; `None` when all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock_trouble().clone()
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
        if self.attached.get().is_some() {
            return Ok(());
        }
        let attached =
            self.open_own(db).and_then(|dir| Attached::attach(dir, db, unflushed, capacity, self.boot_id, now));
        match attached {
            Ok(attached) => {
                // One thread at a time looks, so there is none yet.
                let _ = self.attached.set(attached);
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

    /// Opens the directory to read from it, without its lock.
    pub(crate) fn look_to_read(&self, db: &Database) -> Result<()> {
        let own = db.meta()?.directory;
        match SampleDir::open(&self.path, false).and_then(|dir| self.must_be(dir, own)) {
            Ok(dir) => {
                *self.lock_trouble() = Some("the store was opened only to be read".into());
                _ = self.readable.set(dir);
            }
            Err(e) => self.tell(e.to_string()),
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
        let unused = own.is_none() || has_no_film(db)?;
        if unused {
            DirBuilder::new()
                .recursive(true)
                .mode(0o750)
                .create(&self.path)
                .or_fail(Kind::Disk, || format!("create sample directory {}", self.path.display()))?;
        }
        let mut dir = SampleDir::open(&self.path, true)?;
        match (own, dir.uuid()) {
            (None, Some(uuid)) => {
                if dir.list()?.iter().any(|e| e.takes_number().is_some()) {
                    let path = self.path.display();
                    let what = format!("{path} holds the film of another database: adopt it, or use another directory");
                    return Err(Error::new(Kind::Conflict, what));
                }
                db.set_directory(uuid)?;
                Ok(dir)
            }
            (own, None) if unused => {
                let foreign = |name: &str| name != "lost+found" && name != "lunette-dir.new";
                if let Some(entry) = dir.list()?.into_iter().find(|e| foreign(&e.name)) {
                    let path = self.path.display();
                    let what = format!("{path} is neither empty nor a sample directory: there is {}", entry.name);
                    return Err(Error::new(Kind::Conflict, what));
                }
                let uuid = own.unwrap_or_else(Uuid::new_v4);
                db.set_directory(uuid)?;
                dir.initialize(uuid)?;
                Ok(dir)
            }
            _ => self.must_be(dir, own),
        }
    }

    fn must_be(&self, dir: SampleDir, own: Option<Uuid>) -> Result<SampleDir> {
        match dir.uuid() {
            Some(uuid) if Some(uuid) == own => Ok(dir),
            found => {
                let found = found.map_or("no identity".into(), |uuid| format!("the identity {uuid}"));
                let what = format!("wrong disk or not mounted: {} has {found}", self.path.display());
                Err(Error::new(Kind::NotFound, what))
            }
        }
    }
}

/// No recording has a row.
fn has_no_film(db: &Database) -> Result<bool> {
    let mut none = true;
    db.visit_ids(|_| none = false)?;
    Ok(none)
}
