//! Rows of streams; `cameras` says when they come and go.

use crate::base::Transport;
use crate::base::{Error, Kind, RecordingId, Result, StreamId};
use crate::store::camera::{NewStream, Stream, StreamEdit, StreamKind, checked_source};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::out_of_range;
use rusqlite::{Connection, Row, named_params};
use std::collections::BTreeSet;

/// The ids of streams. None is ever given twice, so one that was given and is not there belongs to a stream that was
/// removed with its film.
#[derive(Clone, Debug, Default)]
pub struct StreamIds {
    highest: i64,
    present: BTreeSet<StreamId>,
}

impl StreamIds {
    /// The highest that was ever given.
    pub fn highest(&self) -> i64 {
        self.highest
    }

    /// This database had such a stream, and has it no more.
    pub fn was_removed(&self, id: StreamId) -> bool {
        i64::from(id.get()) <= self.highest && !self.present.contains(&id)
    }
}

impl Database {
    /// Which streams there are, and were.
    pub fn stream_ids(&self) -> Result<StreamIds> {
        const HIGHEST_SQL: &str = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'stream'";
        const PRESENT_SQL: &str = "SELECT id FROM stream";
        self.read(|conn| {
            let read = || -> rusqlite::Result<StreamIds> {
                // The highest first: a stream that is added meanwhile is above it, and not taken for a removed one.
                let highest = conn.query_row(HIGHEST_SQL, (), |row| row.get(0))?;
                let mut statement = conn.prepare(PRESENT_SQL)?;
                let id = |row: &Row<'_>| row.get(0).and_then(|id| StreamId::new(id).ok_or_else(|| out_of_range(0, id)));
                let present = statement.query_map((), id)?.collect::<rusqlite::Result<_>>()?;
                Ok(StreamIds { highest, present })
            };
            read().or_sql(|| "list streams")
        })
    }
}

/// The stream whose columns are `id, kind, source, transport, record, retain_bytes` from `first` on; none when the
/// camera of an outer join has none.
pub(super) fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Stream>> {
    let Some(id) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    let bad_word = |column| move || out_of_range(column, id);
    Ok(Some(Stream {
        id: StreamId::new(id).ok_or_else(|| out_of_range(first, id))?,
        kind: StreamKind::from_word(row.get_ref(first + 1)?.as_str()?).ok_or_else(bad_word(first + 1))?,
        source: row.get(first + 2)?,
        transport: Transport::from_word(row.get_ref(first + 3)?.as_str()?).ok_or_else(bad_word(first + 3))?,
        record: row.get(first + 4)?,
        retain_bytes: row.get(first + 5)?,
    }))
}

/// Adds a stream to a camera.
pub(super) fn add(conn: &Connection, camera: i32, kind: StreamKind, new: &NewStream) -> Result<()> {
    const SQL: &str = "INSERT INTO stream (camera_id, kind, source, transport, record, retain_bytes)
        VALUES (:camera, :kind, :source, :transport, :record, :retain)";
    let params = named_params! {
        ":camera": camera,
        ":kind": kind.word(),
        ":source": checked_source(&new.source)?,
        ":transport": new.transport.word(),
        ":record": new.record,
        ":retain": new.retain_bytes.map(to_sql_bytes),
    };
    conn.execute(SQL, params).or_sql(|| format!("add {kind} stream"))?;
    Ok(())
}

/// Changes what an edit names.
pub(super) fn edit(conn: &Connection, stream: &Stream, edit: &StreamEdit) -> Result<()> {
    const SQL: &str = "UPDATE stream SET source = :source, transport = :transport, record = :record,
        retain_bytes = :retain WHERE id = :id";
    let source = edit.source.as_deref().map(checked_source).transpose()?;
    let params = named_params! {
        ":id": stream.id.get(),
        ":source": source.as_ref().unwrap_or(&stream.source),
        ":transport": edit.transport.unwrap_or(stream.transport).word(),
        ":record": edit.record.unwrap_or(stream.record),
        ":retain": edit.retain_bytes.unwrap_or(stream.retain_bytes).map(to_sql_bytes),
    };
    conn.execute(SQL, params).or_sql(|| format!("edit stream {}", stream.id))?;
    Ok(())
}

/// The stream that an edit adds to a camera.
pub(super) fn new(kind: StreamKind, edit: &StreamEdit) -> Result<NewStream> {
    let source = edit.source.as_deref().ok_or_else(|| {
        Error::new(Kind::BadInput, format!("{kind} stream: the camera has none yet, a new one needs a source"))
    })?;
    let new = NewStream::new(source);
    Ok(NewStream {
        transport: edit.transport.unwrap_or(new.transport),
        record: edit.record.unwrap_or(new.record),
        retain_bytes: edit.retain_bytes.flatten(),
        ..new
    })
}

/// Everything of a stream goes, what refers before what is referred to.
pub(super) fn remove(conn: &Connection, id: StreamId) -> rusqlite::Result<()> {
    let (first, last) = (RecordingId::new(id, 0).composite(), RecordingId::new(id, u32::MAX).composite());
    for sql in OF_RECORDINGS_SQL {
        conn.execute(sql, named_params! {":first": first, ":last": last})?;
    }
    for sql in OF_STREAM_SQL {
        conn.execute(sql, named_params! {":id": id.get()})?;
    }
    Ok(())
}

const OF_RECORDINGS_SQL: [&str; 4] = [
    "INSERT INTO garbage SELECT composite_id FROM recording WHERE composite_id BETWEEN :first AND :last
     ON CONFLICT DO NOTHING",
    "DELETE FROM recording_index WHERE composite_id BETWEEN :first AND :last",
    "DELETE FROM recording WHERE composite_id BETWEEN :first AND :last",
    "DELETE FROM run WHERE id BETWEEN :first AND :last",
];

const OF_STREAM_SQL: [&str; 3] = [
    "DELETE FROM gap WHERE stream_id = :id",
    "DELETE FROM protected_span WHERE stream_id = :id",
    "DELETE FROM stream WHERE id = :id",
];

/// More than SQLite's integers hold is as good as all of them.
fn to_sql_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::cameras::Film;
    use crate::store::db::testing::{Fixture, new_camera, plan};

    #[test]
    fn a_stream_that_was_removed_is_told_from_one_that_never_was() {
        let f = Fixture::new();
        f.db.add_camera(&new_camera("gate")).unwrap();
        f.db.remove_camera(f.camera, Film::Condemn).unwrap();
        let ids = f.db.stream_ids().unwrap();
        assert_eq!(
            [1, 2, 3, 4, 5].map(|id| ids.was_removed(StreamId::new(id).unwrap())),
            [true, true, false, false, false]
        );
        assert!(!StreamIds::default().was_removed(f.main));
    }

    #[test]
    fn what_is_of_a_stream_is_found_by_it() {
        assert_eq!(
            OF_STREAM_SQL.map(plan).join("\n"),
            "SEARCH gap USING PRIMARY KEY (stream_id=?)
SEARCH protected_span USING PRIMARY KEY (stream_id=?)
SEARCH stream USING INTEGER PRIMARY KEY (rowid=?)
SEARCH protected_span USING PRIMARY KEY (stream_id=?)
SEARCH gap USING PRIMARY KEY (stream_id=?)
SEARCH recording USING COVERING INDEX recording_cover (stream_id=?)
SCAN run",
            "the last four are foreign keys'; a scan of runs when a stream is removed is not worth an index"
        );
    }

    #[test]
    fn a_stream_is_removed_by_ranges_of_ids() {
        assert_eq!(
            OF_RECORDINGS_SQL.map(plan).join("\n"),
            "SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH damage USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)
SEARCH run USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
            "the two lines before the last are the foreign keys'"
        );
    }
}
