//! `Export`: the file of settings that is kept apart from the film, so that a new or another disk of film has them too.

use crate::base::{Kind, Result, ResultExt};
use crate::store::db::Database;
use crate::store::settings::Settings;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Follows the database.
#[derive(Debug)]
pub(crate) struct Export {
    file: PathBuf,
    /// What was written last. Held from reading the database to writing the file: what is written last is the newest.
    written: Mutex<Option<Vec<u8>>>,
}

impl Export {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, written: Mutex::default() }
    }

    /// Gives a database that has neither cameras nor users those of the file, all or nothing. Blocks on the disk.
    pub(crate) fn fill(&self, db: &Database) -> Result<bool> {
        if !db.cameras()?.is_empty() || !db.users()?.is_empty() {
            return Ok(false);
        }
        let Some(settings) = Settings::read(&self.file)? else { return Ok(false) };
        db.restore_settings(&settings)?;
        Ok(true)
    }

    /// Writes what has changed. Blocks on the disk.
    pub(crate) fn follow(&self, db: &Database) -> Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let text = Settings::of(db)?.encode();
        if written.as_ref() != Some(&text) {
            // What is not known to be on the disk is written again.
            *written = None;
            replace(&self.file, &text).or_fail(Kind::Disk, || format!("write settings {}", self.file.display()))?;
            *written = Some(text);
        }
        Ok(())
    }
}

/// After a power cut it is either the old one or the new one. Only the owner may read it: it holds what the database does.
fn replace(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let new = file.with_extension("new");
    // What an interrupted one left may have another mode.
    match fs::remove_file(&new) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut to = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    to.write_all(text)?;
    to.sync_all()?;
    fs::rename(&new, file)?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}
