//! What a daemon does with what a newer one left: a machine that went back to its older system records on.

use crate::base::{Error, Kind, RecordingId, Result};
use crate::store::adopt::{Adopted, adopt};
use crate::store::db::{Access, Batch, Database, Film, VERSION, newer_version};
use crate::store::dir::SampleDir;
use crate::store::settings::Settings;
use crate::store::{catalog, kept};
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// A database that a newer lunette has upgraded is moved aside. In its place comes the copy that was kept at the upgrade, brought
/// to what is there now: rows whose film is gone are dropped, cameras and users are those of the settings. Without a
/// copy one is built from the film's directory. Film that was recorded meanwhile gets its rows at the start that follows.
///
/// Tells what was done, a line each; nothing, where the database is not newer. An interrupted one is begun again.
/// `Disk` when the film's directory is not there yet, `Conflict` when somebody records into it. Blocks on the disk.
pub fn step_back(db_dir: &Path, sample_dir: &Path, settings: Option<&Settings>) -> Result<Vec<String>> {
    let file = db_dir.join(Database::FILE_NAME);
    let newer = newer_version(&file)?;
    let was_begun = || !file.exists() && db_dir.join(ASIDE).exists();
    if newer.is_none() && !was_begun() {
        return Ok(Vec::new());
    }
    let dir = SampleDir::open(sample_dir, true).map_err(|e| match e.kind() {
        Kind::NotFound => Error::caused(Kind::Disk, "the database is of a newer lunette, and its film is not there", e),
        _ => e,
    })?;
    let mut told = Vec::new();
    if let Some(version) = newer {
        kept::set_aside(db_dir, ASIDE)?;
        told.push(format!(
            "the database is of a newer lunette (version {version}, this one knows {VERSION}): moved aside as {ASIDE}"
        ));
    }
    match restore(db_dir, &dir, settings) {
        Ok(dropped) => {
            kept::take(db_dir, VERSION)?;
            told.push(format!(
                "the copy that was kept at the upgrade takes its place; {dropped} of its recordings are gone"
            ));
            return Ok(told);
        }
        Err(e) => told.push(format!("the copy that was kept at the upgrade: {e}")),
    }
    drop(dir);
    match adopt(db_dir, sample_dir, settings) {
        Ok(Adopted { recordings, cameras, notes }) => {
            told.push(format!(
                "the database is built anew from the film: {recordings} recordings of {cameras} cameras"
            ));
            told.extend(notes);
        }
        Err(e) if e.kind() == Kind::BadInput => told.push(format!("{e}: a new database is begun")),
        Err(e) => return Err(e),
    }
    Ok(told)
}

/// Brings the copy, where it lies, to what is there now; how many recordings have gone since.
fn restore(db_dir: &Path, dir: &SampleDir, settings: Option<&Settings>) -> Result<usize> {
    let kept = kept::directory(db_dir, VERSION);
    if !kept.join(Database::FILE_NAME).exists() {
        return Err(Error::new(Kind::NotFound, "there is none"));
    }
    let db = Database::open(&kept, Access::Write)?;
    if db.meta()?.directory != dir.uuid() {
        return Err(Error::new(Kind::Conflict, "it is of another directory of film"));
    }
    if let Some(line) = db.integrity()?.into_iter().next() {
        return Err(Error::new(Kind::Corrupt, line));
    }
    if let Some(catalog) = catalog::read(dir) {
        let streams = catalog.cameras.iter().flat_map(|camera| &camera.streams);
        let known = streams.filter_map(|stream| catalog.stream(crate::base::StreamId::new(stream.id.into())?));
        known.collect::<Vec<_>>().iter().try_for_each(|lost| db.restore_stream(lost))?;
    }
    if let Some(settings) = settings.filter(|settings| db.meta().is_ok_and(|own| own.database == settings.database)) {
        db.restore_settings(settings)?;
        let wanted: BTreeSet<Uuid> = settings.cameras().iter().map(|camera| camera.uuid).collect();
        for camera in db.cameras()?.iter().filter(|camera| !wanted.contains(&camera.uuid)) {
            db.remove_camera(camera.uuid, Film::Condemn)?;
        }
    }
    let there: BTreeSet<RecordingId> = dir.list()?.iter().filter_map(|entry| entry.named()).collect();
    let mut gone = Vec::new();
    db.visit_ids(|id| gone.extend(Some(id).filter(|id| !there.contains(id))))?;
    for some in gone.chunks(BATCH) {
        db.commit(&Batch { condemned: some.to_vec(), ..Batch::default() })?;
        // There is no file to be unlinked.
        db.commit(&Batch { unlinked: some.to_vec(), ..Batch::default() })?;
    }
    Ok(gone.len())
}

/// What a newer lunette's database is called from then on.
const ASIDE: &str = "db.newer";
/// Recordings in one transaction.
const BATCH: usize = 1000;
