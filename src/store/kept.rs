//! `Kept`: the database as it was before an upgrade, for the daemon of that version, should it come back.

use crate::base::{Kind, Result, ResultExt};
use crate::store::db::Database;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The directory in which the copy of this version is, if there is one.
pub(crate) fn directory(db_dir: &Path, version: i64) -> PathBuf {
    db_dir.join(format!("{PREFIX}{version}"))
}

/// Keeps a copy of a database of this version, in place of those that were kept before; tells its path, or `None` where
/// there is no room for it. Nobody may write to the database meanwhile, and it has no log beside it.
pub(crate) fn keep(db_dir: &Path, version: i64) -> Result<Option<PathBuf>> {
    let copy = || -> io::Result<Option<PathBuf>> {
        let from = db_dir.join(Database::FILE_NAME);
        let bytes = from.metadata()?.len();
        for entry in fs::read_dir(db_dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let disk = rustix::fs::statvfs(db_dir)?;
        // The upgrade needs room too.
        if bytes.saturating_mul(SHARE) > disk.f_bavail.saturating_mul(disk.f_frsize) {
            return Ok(None);
        }
        let (kept, new) = (directory(db_dir, version), db_dir.join(format!("{PREFIX}new")));
        DirBuilder::new().mode(0o700).create(&new)?;
        let to = new.join(Database::FILE_NAME);
        fs::copy(&from, &to)?;
        // The passwords of cameras are in it.
        fs::set_permissions(&to, Permissions::from_mode(0o600))?;
        File::open(&to)?.sync_all()?;
        File::open(&new)?.sync_all()?;
        fs::rename(&new, &kept)?;
        File::open(db_dir)?.sync_all()?;
        Ok(Some(kept))
    };
    copy().or_fail(Kind::Disk, || format!("keep a copy of the database in {}", db_dir.display()))
}

/// A kept database takes the place of one that is not there.
pub(crate) fn take(db_dir: &Path, version: i64) -> Result<()> {
    let (kept, to) = (directory(db_dir, version), db_dir.join(Database::FILE_NAME));
    let take = || -> io::Result<()> {
        fs::rename(kept.join(Database::FILE_NAME), &to)?;
        File::open(db_dir)?.sync_all()?;
        fs::remove_dir_all(&kept)
    };
    take().or_fail(Kind::Disk, || format!("take the database from {}", kept.display()))
}

/// Moves a database aside with its log, in place of one that was moved aside so before.
pub(crate) fn set_aside(db_dir: &Path, name: &str) -> Result<()> {
    for suffix in ["-shm", "-wal", ""] {
        let remove = match fs::remove_file(db_dir.join(format!("{name}{suffix}"))) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
        remove.or_fail(Kind::Disk, || format!("remove {name}{suffix}"))?;
    }
    // The database goes last: without it the next start would not know that something was begun.
    for suffix in ["-shm", "-wal", ""] {
        let from = db_dir.join(format!("{}{suffix}", Database::FILE_NAME));
        match fs::rename(&from, db_dir.join(format!("{name}{suffix}"))) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            moved => moved.or_fail(Kind::Disk, || format!("move {} aside", from.display()))?,
        }
    }
    File::open(db_dir).and_then(|dir| dir.sync_all()).or_fail(Kind::Disk, || "move the database aside")
}

const PREFIX: &str = "version-";
/// The copy may take a quarter of what is free.
const SHARE: u64 = 4;
