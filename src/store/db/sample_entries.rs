//! Rows of sample entries, all of which are in memory too.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::store::db::Database;
use crate::store::db::database::lock;
use crate::store::db::error::SqlResult;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use std::sync::Arc;

impl Database {
    /// The number of this sample entry, the same for the same bytes. From memory: never waits for the disk. It gets
    /// its row with the first recording that is committed with it.
    pub fn intern_sample_entry(&self, entry: &Arc<SampleEntry>) -> i32 {
        lock(&self.sample_entries).intern(entry)
    }

    /// The sample entry of a number, nearly always from memory.
    pub fn sample_entry(&self, id: i32) -> Result<Arc<SampleEntry>> {
        const SQL: &str = "SELECT id, data, width, height, pixel_aspect_h, pixel_aspect_v, rfc6381_codec
            FROM video_sample_entry WHERE id = :id";
        if let Some(entry) = lock(&self.sample_entries).get(id) {
            return Ok(entry);
        }
        // Opened for reading while another process records.
        let what = || format!("sample entry {id}");
        let found =
            self.read(|conn| conn.query_row(SQL, named_params! {":id": id}, from_row).optional().or_sql(what))?;
        let (_, entry) = found.ok_or_else(|| Error::new(Kind::NotFound, what()))?;
        lock(&self.sample_entries).insert(id, entry.clone());
        Ok(entry)
    }

    /// All that have a number, by it. From memory.
    pub(crate) fn sample_entry_numbers(&self) -> Vec<(i32, Arc<SampleEntry>)> {
        lock(&self.sample_entries).all()
    }

    /// Fills the memory.
    pub(super) fn load_sample_entries(&self) -> Result<()> {
        const SQL: &str = "SELECT id, data, width, height, pixel_aspect_h, pixel_aspect_v, rfc6381_codec
            FROM video_sample_entry ORDER BY id";
        const HIGHEST_SQL: &str = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'video_sample_entry'";
        self.read(|conn| {
            let what = || "read sample entries";
            let mut statement = conn.prepare(SQL).or_sql(what)?;
            let mut entries = lock(&self.sample_entries);
            entries.begin_above(conn.query_row(HIGHEST_SQL, (), |row| row.get(0)).or_sql(what)?);
            for row in statement.query_map((), from_row).or_sql(what)? {
                let (id, entry) = row.or_sql(what)?;
                entries.insert(id, entry);
            }
            Ok(())
        })
    }
}

/// Forgets the rows of sample entries that no recording needs any more. Their numbers are not given again.
pub(super) fn prune(conn: &Connection) -> Result<()> {
    let what = || "prune sample entries";
    conn.prepare_cached(PRUNE_SQL).or_sql(what)?.execute(()).or_sql(what)?;
    Ok(())
}

/// A run has the entry of all its recordings; only where they differ each is looked at.
const PRUNE_SQL: &str = "DELETE FROM video_sample_entry AS entry
    WHERE NOT EXISTS (SELECT 1 FROM run WHERE video_sample_entry_id = entry.id)
    AND NOT EXISTS (SELECT 1 FROM run CROSS JOIN recording ON composite_id BETWEEN first_id AND last_id
        WHERE run.video_sample_entry_id IS NULL AND +recording.video_sample_entry_id = entry.id)";

/// Writes the row of a sample entry unless it is there.
pub(super) fn insert(conn: &Connection, id: i32, entry: &SampleEntry) -> Result<()> {
    const SQL: &str = "INSERT INTO video_sample_entry
        (id, data, width, height, pixel_aspect_h, pixel_aspect_v, rfc6381_codec)
        VALUES (:id, :data, :width, :height, :aspect_h, :aspect_v, :codec) ON CONFLICT (id) DO NOTHING";
    let params = named_params! {
        ":id": id,
        ":data": &entry.data[..],
        ":width": entry.width,
        ":height": entry.height,
        ":aspect_h": entry.pixel_aspect.0,
        ":aspect_v": entry.pixel_aspect.1,
        ":codec": entry.rfc6381_codec,
    };
    let what = || format!("insert sample entry {id}");
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i32, Arc<SampleEntry>)> {
    let entry = SampleEntry {
        data: Bytes::from(row.get::<_, Vec<u8>>("data")?),
        width: row.get("width")?,
        height: row.get("height")?,
        pixel_aspect: (row.get("pixel_aspect_h")?, row.get("pixel_aspect_v")?),
        rfc6381_codec: row.get("rfc6381_codec")?,
    };
    Ok((row.get("id")?, Arc::new(entry)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::{plan, reopen, sample_entry, temp_db};

    #[test]
    fn an_entry_has_its_number_before_its_row_and_keeps_it() {
        let (dir, db) = temp_db();
        let id = db.intern_sample_entry(&sample_entry("a"));
        assert_eq!(db.sample_entry(id).unwrap(), sample_entry("a"));
        db.write(|tx| insert(tx, id, &sample_entry("a"))).unwrap();
        db.write(|tx| insert(tx, id, &sample_entry("a"))).unwrap();
        let db = reopen(&dir, db);
        assert_eq!(db.sample_entry(id).unwrap(), sample_entry("a"));
        assert_eq!(db.intern_sample_entry(&sample_entry("a")), id);
        assert_eq!(db.sample_entry(id + 1).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn a_number_is_not_given_again_when_its_entry_is_gone() {
        let (dir, db) = temp_db();
        db.write(|tx| insert(tx, 7, &sample_entry("a"))).unwrap();
        db.write(|tx| prune(tx)).unwrap();
        let db = reopen(&dir, db);
        assert_eq!(db.sample_entry(7).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(db.intern_sample_entry(&sample_entry("b")), 8);
    }

    #[test]
    fn pruning_looks_at_runs_and_into_those_that_are_mixed() {
        assert_eq!(
            plan(PRUNE_SQL),
            "SCAN entry
CORRELATED SCALAR SUBQUERY 1
SCAN run
CORRELATED SCALAR SUBQUERY 2
SCAN run
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCAN recording USING COVERING INDEX recording_cover
SCAN run",
            "the last two are the foreign keys', and only for one that goes"
        );
    }
}
