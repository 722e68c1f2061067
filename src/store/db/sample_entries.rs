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

    /// Fills the memory.
    pub(super) fn load_sample_entries(&self) -> Result<()> {
        const SQL: &str = "SELECT id, data, width, height, pixel_aspect_h, pixel_aspect_v, rfc6381_codec
            FROM video_sample_entry ORDER BY id";
        self.read(|conn| {
            let what = || "read sample entries";
            let mut statement = conn.prepare(SQL).or_sql(what)?;
            let mut entries = lock(&self.sample_entries);
            for row in statement.query_map((), from_row).or_sql(what)? {
                let (id, entry) = row.or_sql(what)?;
                entries.insert(id, entry);
            }
            Ok(())
        })
    }
}

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
    use crate::store::db::testing::{reopen, sample_entry, temp_db};

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
}
