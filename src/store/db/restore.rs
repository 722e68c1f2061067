//! Rows that were lost, given back as trailers and catalog tell them.

use crate::base::{Result, StreamId};
use crate::media::SampleEntry;
use crate::media::recording::Flags;
use crate::store::ClosedRecording;
use crate::store::camera::Stream;
use crate::store::db::database::lock;
use crate::store::db::error::SqlResult;
use crate::store::db::{Database, sample_entries};
use rusqlite::{Connection, OptionalExtension, named_params};
use std::sync::Arc;
use uuid::Uuid;

/// A stream, and the camera that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostStream {
    /// The camera.
    pub camera: Uuid,
    /// Its name.
    pub name: String,
    /// The owner took it away and kept its film.
    pub removed: bool,
    /// The stream with the id that it had.
    pub stream: Stream,
}

impl Database {
    /// An opening that recordings are of, unless it is there.
    pub(crate) fn restore_opening(&self, id: u32, boot_id: Uuid) -> Result<()> {
        const SQL: &str = "INSERT INTO open (id, boot_id) VALUES (:id, :boot_id) ON CONFLICT (id) DO NOTHING";
        self.write(|tx| {
            let params = named_params! {":id": id, ":boot_id": boot_id.as_bytes()};
            tx.execute(SQL, params).or_sql(|| format!("restore opening {id}"))?;
            Ok(())
        })
    }

    /// A sample entry with the number that it had, unless it is there.
    pub(crate) fn restore_sample_entry(&self, id: i32, entry: &Arc<SampleEntry>) -> Result<()> {
        self.write(|tx| sample_entries::insert(tx, id, entry))?;
        lock(&self.sample_entries).insert(id, entry.clone());
        Ok(())
    }

    /// The number that a sample entry had, before it gets its row. From memory.
    pub(crate) fn number_sample_entry(&self, id: i32, entry: &Arc<SampleEntry>) {
        let mut entries = lock(&self.sample_entries);
        if entries.get(id).is_none() {
            entries.insert(id, entry.clone());
        }
    }

    /// A stream with the id that it had, and its camera, unless they are there.
    pub(crate) fn restore_stream(&self, lost: &LostStream) -> Result<()> {
        let what = || format!("restore stream {}", lost.stream.id);
        self.write(|tx| {
            let id = lost.stream.id;
            let of: Option<i32> = tx
                .query_row(CAMERA_OF_SQL, named_params! {":id": id.get()}, |row| row.get(0))
                .optional()
                .or_sql(what)?;
            let camera = restore_camera(tx, lost, of).or_sql(what)?;
            let s = &lost.stream;
            let params = named_params! {
                ":id": id.get(),
                ":camera": camera,
                ":kind": s.kind.word(),
                ":source": s.source,
                ":transport": s.transport.word(),
                ":record": s.record && !lost.removed,
                ":retain": s.retain_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            };
            tx.execute(STREAM_SQL, params).or_sql(what)?;
            Ok(())
        })
    }

    /// What a trailer knows of the run and the opening of its recording, put into their rows.
    pub(crate) fn correct_facts(&self, told: &ClosedRecording) -> Result<()> {
        const OPEN_SQL: &str = "UPDATE open SET boot_id = :boot WHERE id = :open AND boot_id <> :boot";
        let what = || format!("recording {}: correct its run", told.recording.id);
        self.write(|tx| {
            let run = named_params! {
                ":run": told.recording.run_start.composite(),
                ":offset": told.clock_offset.0,
                ":unproven": told.recording.flags.contains(Flags::UNPROVEN_TIME),
            };
            tx.execute(CORRECT_RUN_SQL, run).or_sql(what)?;
            let open = named_params! {":open": told.recording.open_id, ":boot": told.boot_id.as_bytes()};
            tx.execute(OPEN_SQL, open).or_sql(what)?;
            Ok(())
        })
    }

    /// Makes a new database the successor of one that was lost: its identity, its directory, and the ids that it gave.
    pub(crate) fn succeed(&self, heritage: &Heritage) -> Result<()> {
        const META_SQL: &str = "UPDATE meta SET database_uuid = ifnull(:database, database_uuid),
            directory_uuid = :directory";
        const SEQUENCE_SQL: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)";
        let what = || "take the place of a lost database";
        self.write(|tx| {
            let params = named_params! {
                ":database": heritage.database.as_ref().map(Uuid::as_bytes),
                ":directory": heritage.directory.as_bytes(),
            };
            tx.execute(META_SQL, params).or_sql(what)?;
            let highest = [
                ("open", i64::from(heritage.last_open)),
                ("stream", heritage.last_stream),
                ("video_sample_entry", i64::from(heritage.last_sample_entry)),
            ];
            for (name, seq) in highest {
                tx.execute(SEQUENCE_SQL, named_params! {":name": name, ":seq": seq}).or_sql(what)?;
            }
            Ok(())
        })?;
        lock(&self.sample_entries).begin_above(heritage.last_sample_entry);
        Ok(())
    }
}

/// What a database that takes the place of a lost one must know before it gets its first row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heritage {
    /// Who the lost one was, if that is known.
    pub(crate) database: Option<Uuid>,
    /// The sample directory.
    pub(crate) directory: Uuid,
    /// The highest ids that it gave, of each kind.
    pub(crate) last_open: u32,
    pub(crate) last_stream: i64,
    pub(crate) last_sample_entry: i32,
}

const CORRECT_RUN_SQL: &str = "UPDATE run SET clock_offset_90k = :offset, unproven = :unproven
            WHERE id = :run AND (clock_offset_90k, unproven) IS NOT (:offset, :unproven)";

const CAMERA_OF_SQL: &str = "SELECT camera_id FROM stream WHERE id = :id";

const STREAM_SQL: &str = "INSERT INTO stream (id, camera_id, kind, source, transport, record, retain_bytes)
    VALUES (:id, :camera, :kind, :source, :transport, :record, :retain) ON CONFLICT DO NOTHING";

/// The camera of a stream; its row has the id that the stream's row calls it by, if there is one.
fn restore_camera(conn: &Connection, lost: &LostStream, id: Option<i32>) -> rusqlite::Result<i32> {
    const FIND_SQL: &str = "SELECT id FROM camera WHERE uuid = :uuid OR id = :id";
    const TAKEN_SQL: &str = "SELECT EXISTS (SELECT 1 FROM camera WHERE name = :name AND removed = 0)";
    const ADD_SQL: &str = "INSERT INTO camera (id, uuid, name, username, password, removed)
        VALUES (:id, :uuid, :name, '', '', :removed) RETURNING id";
    let found = named_params! {":uuid": lost.camera.as_bytes(), ":id": id};
    if let Some(id) = conn.query_row(FIND_SQL, found, |row| row.get(0)).optional()? {
        return Ok(id);
    }
    let taken: bool = conn.query_row(TAKEN_SQL, named_params! {":name": lost.name}, |row| row.get(0))?;
    let name = match taken && !lost.removed {
        true => format!("camera {}", &lost.camera.to_string()[..8]),
        false => lost.name.clone(),
    };
    let params = named_params! {
        ":id": id,
        ":uuid": lost.camera.as_bytes(),
        ":name": name,
        ":removed": lost.removed,
    };
    conn.query_row(ADD_SQL, params, |row| row.get(0))
}

impl LostStream {
    /// The stream's id.
    pub fn id(&self) -> StreamId {
        self.stream.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::plan;

    #[test]
    fn a_run_is_corrected_by_its_key() {
        assert_eq!(plan(CORRECT_RUN_SQL), "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)");
    }
}
