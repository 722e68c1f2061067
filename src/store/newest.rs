//! The newest recordings with rows, looked at again after an end that was none in good order: there are disks that say a
//! sync is done when it is not.

use crate::base::{Kind, Result, ResultExt};
use crate::store::catalog::{self, Catalog};
use crate::store::closed::ClosedRecording;
use crate::store::db::Database;
use crate::store::dir::SampleDir;
use crate::store::{orphan, trailer};
use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::os::unix::fs::FileExt;

/// What a file is that has a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// What was recorded.
    Whole,
    /// Its film is; its trailer was not, why, and is now.
    Sealed(String),
    /// Blocks of it were never written, or are not there any more: no film to be shown.
    Torn(String),
    /// Its film is not what was recorded, and yet film for all that can be seen here.
    Other(String),
}

/// Whether a directory without identity is the database's all the same: its catalog says so, or the trailer of one of
/// the newest recordings.
pub(crate) fn vouches(dir: &SampleDir, db: &Database) -> Result<bool> {
    let mut text = Vec::new();
    let read = dir.open_read(catalog::NAME).map(|mut file| file.read_to_end(&mut text));
    if read.is_ok_and(|read| read.is_ok())
        && let Ok(catalog) = Catalog::decode(&text)
    {
        return Ok(catalog.database == db.meta()?.database);
    }
    let is_ours = |rows: &ClosedRecording| {
        let told = dir.open_read(&rows.recording.id.file_name()).and_then(|file| trailer::read(&file));
        matches!(told, Ok(Some(told)) if is_of(&told, rows))
    };
    Ok(newest(db)?.iter().any(is_ours))
}

/// The newest few of each stream, unless the database was last closed in good order.
pub(crate) fn suspects(db: &Database) -> Result<Vec<ClosedRecording>> {
    if db.ended_well()? { Ok(Vec::new()) } else { newest(db) }
}

fn newest(db: &Database) -> Result<Vec<ClosedRecording>> {
    let mut newest = Vec::new();
    for stream in db.cameras()?.iter().flat_map(|c| &c.streams) {
        let Some((last, _)) = db.last_number(stream.id)? else { continue };
        for recording in db.recordings_by_number(stream.id, last.saturating_sub(OF_EACH - 1)..=last)? {
            match db.closed_recording(recording.id) {
                Ok(rows) => newest.push(rows),
                // `check` tells more.
                Err(e) if e.kind() == Kind::Corrupt => log::warn!("{e}"),
                Err(e) => return Err(e),
            }
        }
    }
    Ok(newest)
}

/// Reads the film of a recording that has a row, and mends its trailer. An error is the disk's.
pub(crate) fn look_again(dir: &SampleDir, rows: &ClosedRecording) -> Result<Found> {
    let (id, film_bytes) = (rows.recording.id, rows.recording.sample_file_bytes);
    let file = match dir.open_append(&id.file_name()) {
        Ok(file) => file,
        // Told already.
        Err(e) if e.kind() == Kind::NotFound => return Ok(Found::Whole),
        Err(e) => return Err(e),
    };
    match orphan::hash(&file, film_bytes) {
        Ok(hash) if hash == rows.blake3 => {}
        Ok(_) => {
            let hole = hole(&file, film_bytes).or_fail(Kind::Disk, || "read film")?;
            return Ok(match hole {
                Some(at) => Found::Torn(format!("its film was not written at {at}, and is not what was recorded")),
                None => Found::Other("its film is not what was recorded".to_owned()),
            });
        }
        Err(e) if e.kind() == Kind::Corrupt => return Ok(Found::Torn(e.to_string())),
        Err(e) => return Err(e),
    }
    let why = match trailer::read(&file) {
        Ok(Some(told)) if is_of(&told, rows) => return Ok(Found::Whole),
        Ok(Some(_)) => "its trailer was another".to_owned(),
        Ok(None) => "its trailer was torn".to_owned(),
        Err(e) if e.kind() == Kind::Corrupt => e.to_string(),
        Err(e) => return Err(e),
    };
    dir.cut(&file, film_bytes)
        .and_then(|()| dir.append(&file, &mut [IoSlice::new(&trailer::encode(rows))]))
        .or_fail(Kind::Disk, || "write trailer")?;
    Ok(Found::Sealed(why))
}

/// The trailer is of the same recording, whatever a proven clock changed in the row since.
fn is_of(told: &ClosedRecording, rows: &ClosedRecording) -> bool {
    let name = |c: &ClosedRecording| (c.camera, c.recording.id, c.recording.open_id, c.blake3);
    name(told) == name(rows)
}

/// Where the first block of nothing but zeros is: coded video has none.
fn hole(file: &File, end: u64) -> io::Result<Option<u64>> {
    let mut block = vec![0; BLOCK as usize];
    for at in (0..end).step_by(BLOCK as usize) {
        let len = (end - at).min(BLOCK) as usize;
        file.read_exact_at(&mut block[..len], at)?;
        if block[..len].iter().all(|&byte| byte == 0) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Minutes of each stream: far more than waits for a sync.
const OF_EACH: u32 = 3;
/// What disks write at once, at least.
const BLOCK: u64 = 512;
