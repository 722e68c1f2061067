//! Whether a directory holds the film of an old database, and its identity and lock.

use super::Dir;
use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::store::db::{Old, SqlResult};
use crate::store::dir::SampleDir;
use crate::store::old_file::OldFile;
use rusqlite::Connection;
use std::path::Path;
use uuid::Uuid;

/// The directory, locked if it has an identity, after a look at what is in it: nothing is changed. `Conflict` when it
/// holds film of another database, or not one of the newest files of this one.
pub(super) fn find(conn: &Connection, old: Old, path: &Path) -> Result<Dir> {
    let dir = SampleDir::open(path, true)?;
    let what = || format!("list {}", path.display());
    for entry in std::fs::read_dir(path).or_fail(Kind::Disk, what)? {
        let name = entry.or_fail(Kind::Disk, what)?.file_name();
        if name.to_str().is_some_and(|name| RecordingId::from_file_name(name).is_some()) {
            let what = format!("{} holds the film of another database: choose another sample_dir", path.display());
            return Err(Error::new(Kind::Conflict, what));
        }
    }
    let newest = newest(conn, old)?;
    let there = |uuid: &Uuid| {
        let name = OldFile { uuid: *uuid, sha1: [0; 20] }.file_name();
        dir.stat(&name).map(|entry| entry.is_some())
    };
    for uuid in &newest {
        if there(uuid)? {
            return Ok(dir);
        }
    }
    match newest.len() {
        0 => Ok(dir),
        n => {
            let path = path.display();
            let what = format!("{path} has none of the {n} newest sample files: set `sample_dir` to where they are");
            Err(Error::new(Kind::Conflict, what))
        }
    }
}

/// Gives it an identity, unless it has one, and with it the lock.
pub(super) fn take(mut dir: Dir) -> Result<Dir> {
    if dir.uuid().is_none() {
        dir.initialize(Uuid::new_v4())?;
    }
    Ok(dir)
}

/// The names of some of the newest sample files.
fn newest(conn: &Connection, old: Old) -> Result<Vec<Uuid>> {
    let sql = match old {
        Old::One => "SELECT sample_file_uuid FROM recording_playback ORDER BY composite_id DESC LIMIT 100",
        _ => "SELECT sample_file_uuid FROM recording ORDER BY id DESC LIMIT 100",
    };
    let what = || "read the names of sample files";
    let mut statement = conn.prepare(sql).or_sql(what)?;
    let read =
        statement.query_map((), |row| Ok(row.get_ref(0)?.as_blob_or_null()?.map(<[u8]>::to_vec))).or_sql(what)?;
    let names = read.collect::<rusqlite::Result<Vec<_>>>().or_sql(what)?;
    Ok(names.into_iter().flatten().filter_map(|bytes| Uuid::from_slice(&bytes).ok()).collect())
}
