//! Version 0 to 1: recordings get numbers within their camera, runs and flags; what only playing needs is put apart.

use super::odd::Sums;
use super::{Say, batch, note_version, put_away};
use crate::base::Result;
use crate::store::db::SqlResult;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, named_params};
use std::collections::HashMap;

/// In one transaction of the caller's.
pub(super) fn to_one(tx: &Transaction<'_>, say: Say<'_>) -> Result<()> {
    put_away(tx, "recording")?;
    batch(tx, "make the tables of version 1", TABLES_SQL)?;
    let cameras = copy(tx, say)?;
    for (id, camera) in cameras {
        const SQL: &str = "UPDATE camera SET next_recording_id = :next WHERE id = :id";
        tx.execute(SQL, named_params! {":next": camera.next, ":id": id}).or_sql(|| "count recordings")?;
    }
    batch(tx, "drop the old table", "DROP TABLE old_recording")?;
    note_version(tx, 1)
}

/// An unversioned database is of version 0. Nothing here refuses a row: what is odd is for the next step.
const TABLES_SQL: &str = "
CREATE TABLE IF NOT EXISTS version (id INTEGER PRIMARY KEY, unix_time INTEGER NOT NULL, notes TEXT);
INSERT OR IGNORE INTO version (id, unix_time, notes) VALUES (0, unixepoch(), 'had no version');
ALTER TABLE camera ADD COLUMN next_recording_id INTEGER NOT NULL DEFAULT 1;
CREATE TABLE recording (
  composite_id INTEGER PRIMARY KEY,
  camera_id INTEGER NOT NULL REFERENCES camera (id),
  run_offset INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  sample_file_bytes,
  start_time_90k,
  duration_90k,
  local_time_delta_90k,
  video_samples,
  video_sync_samples,
  video_sample_entry_id INTEGER,
  CHECK (composite_id >> 32 = camera_id)
);
CREATE TABLE recording_playback (
  composite_id INTEGER PRIMARY KEY REFERENCES recording (composite_id),
  sample_file_uuid,
  sample_file_sha1,
  video_index
);
CREATE INDEX recording_cover ON recording (
  start_time_90k, composite_id, duration_90k, video_samples, video_sync_samples, video_sample_entry_id,
  sample_file_bytes, run_offset, flags
);";

/// What a camera's next recording may go on with.
#[derive(Debug)]
struct Camera {
    next: i64,
    run_offset: i64,
    /// Where a recording must start to be of the same run.
    goes_on_at: Option<i64>,
}

const OLD_SQL: &str = "SELECT id, camera_id, start_time_90k, duration_90k, video_index FROM old_recording ORDER BY id";

fn copy(conn: &Connection, say: Say<'_>) -> Result<HashMap<i64, Camera>> {
    let what = || "read recordings";
    let mut cameras: HashMap<i64, Camera> = HashMap::new();
    let mut statement = conn.prepare("SELECT id FROM camera WHERE id BETWEEN 1 AND 0x7fffffff").or_sql(what)?;
    let ids = statement.query_map((), |row| row.get(0)).or_sql(what)?;
    for id in ids.collect::<rusqlite::Result<Vec<_>>>().or_sql(what)? {
        cameras.insert(id, Camera { next: 1, run_offset: 0, goes_on_at: None });
    }
    let mut statement = conn.prepare(OLD_SQL).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let mut done = 0u64;
    while let Some(row) = rows.next().or_sql(what)? {
        let (id, camera_id) = (number(row, 0).or_sql(what)?, number(row, 1).or_sql(what)?);
        let id = id.unwrap_or_default();
        let Some((camera_id, camera)) = camera_id.and_then(|id| Some((id, cameras.get_mut(&id)?))) else {
            say(&format!("recording {id}: its camera is not in the database; it is left out, its film stays"));
            continue;
        };
        let index = row.get_ref(4).or_sql(what)?;
        let flags = i64::from(ends_in_zero(index));
        let (start, duration) = (number(row, 2).or_sql(what)?, number(row, 3).or_sql(what)?);
        camera.run_offset = match camera.goes_on_at {
            Some(at) if Some(at) == start => camera.run_offset + 1,
            _ => 0,
        };
        camera.goes_on_at = start.zip(duration).filter(|_| flags == 0).and_then(|(s, d)| s.checked_add(d));
        insert(conn, id, camera_id << 32 | camera.next, camera.run_offset, flags)?;
        camera.next += 1;
        done += 1;
        if done.is_multiple_of(100_000) {
            say(&format!("{done} recordings have numbers"));
        }
    }
    say(&format!("{done} recordings have numbers"));
    Ok(cameras)
}

fn insert(conn: &Connection, old: i64, id: i64, run_offset: i64, flags: i64) -> Result<()> {
    let what = || format!("recording {old}: copy");
    let params = named_params! {":old": old, ":id": id, ":run_offset": run_offset, ":flags": flags};
    conn.prepare_cached(ROW_SQL).or_sql(what)?.execute(params).or_sql(what)?;
    let params = named_params! {":old": old, ":id": id};
    conn.prepare_cached(PLAYBACK_SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

const ROW_SQL: &str = "INSERT INTO recording SELECT :id, camera_id, :run_offset, :flags, sample_file_bytes,
    start_time_90k, duration_90k, local_time_delta_90k, video_samples, video_sync_samples,
    iif((SELECT 1 FROM video_sample_entry e WHERE e.id = video_sample_entry_id), video_sample_entry_id, NULL)
    FROM old_recording WHERE id = :old";

const PLAYBACK_SQL: &str = "INSERT INTO recording_playback SELECT :id, sample_file_uuid, sample_file_sha1, video_index
    FROM old_recording WHERE id = :old";

/// `None` for what is no number.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

/// An index that cannot be read ends in nothing that is known.
fn ends_in_zero(index: ValueRef<'_>) -> bool {
    index.as_blob().ok().and_then(|index| Sums::of(index).ok()).is_some_and(|sums| sums.ends_in_zero)
}
