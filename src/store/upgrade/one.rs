//! Version 1 to 2: our own tables.

use super::reserved::Reserved;
use super::{Dir, Say, batch, cameras, note_version, put_away, recordings};
use crate::base::{Error, Kind, Result};
use crate::store::db::{SCHEMA, SqlResult, VERSION};
use crate::store::old_file::OldRecordings;
use rusqlite::{Transaction, named_params};
use uuid::Uuid;

/// In one transaction of the caller's. What is done in the sample directory can be done again.
pub(super) fn to_two(tx: &Transaction<'_>, dir: &Dir, say: Say<'_>) -> Result<()> {
    for table in OLD_TABLES {
        put_away(tx, table)?;
    }
    batch(tx, "make the new tables", SCHEMA)?;
    insert_meta(tx, dir)?;
    let cameras = cameras::copy(tx, say)?;
    let mut reserved = Reserved::read(tx, "old_reserved_sample_files")?;
    let mut told = OldRecordings::create(dir)?;
    recordings::copy(tx, &cameras, &mut told, &mut reserved, say)?;
    told.finish()?;
    reserved.settle(dir, say)?;
    for table in OLD_TABLES {
        batch(tx, "drop the old tables", &format!("DROP TABLE old_{table}"))?;
    }
    Ok(())
}

/// What refers before what is referred to.
const OLD_TABLES: [&str; 6] =
    ["recording_playback", "recording", "video_sample_entry", "reserved_sample_files", "camera", "version"];

fn insert_meta(tx: &Transaction<'_>, dir: &Dir) -> Result<()> {
    const META_SQL: &str = "INSERT INTO meta (id, database_uuid, directory_uuid) VALUES (1, :database, :directory)";
    const VERSION_SQL: &str = "INSERT INTO version (id, unix_time, notes)
        SELECT id, ifnull(CAST(unix_time AS INTEGER), 0), ifnull(CAST(notes AS TEXT), '') FROM old_version WHERE id >= 0";
    // All recordings need an opening; that of the original system is nobody's boot.
    const OPEN_SQL: &str = "INSERT INTO open (id, boot_id) VALUES (1, zeroblob(16))";
    let directory = dir.uuid().ok_or_else(|| Error::new(Kind::Internal, "the sample directory has no identity"))?;
    let database = Uuid::new_v4();
    let uuids = named_params! {":database": database.as_bytes(), ":directory": directory.as_bytes()};
    tx.execute(META_SQL, uuids).or_sql(|| "insert identity")?;
    tx.execute(VERSION_SQL, ()).or_sql(|| "copy versions")?;
    tx.execute(OPEN_SQL, ()).or_sql(|| "insert opening")?;
    note_version(tx, VERSION)
}
