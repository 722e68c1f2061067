//! What tests of the store share: a database with a camera, and recordings to put into it.

use crate::base::{MediaDuration, RecordingId, StreamId, WallDuration, WallTime};
use crate::media::recording::Flags;
use crate::media::{Recording, SampleEntry};
use crate::store::camera::{NewCamera, NewStream, PerKind, StreamKind};
use crate::store::closed::ClosedRecording;
use crate::store::db::error::SqlResult;
use crate::store::db::version::SCHEMA;
use crate::store::db::{Access, Batch, Database, Opening};
use bytes::Bytes;
use rusqlite::Connection;
use std::borrow::Borrow;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// An empty database that goes with the directory.
pub(crate) fn temp_db() -> (TempDir, Database) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let db = Database::open(dir.path(), Access::Write).expect("a new database");
    (dir, db)
}

/// The same database after a restart.
pub(crate) fn reopen(dir: &TempDir, db: Database) -> Database {
    drop(db);
    Database::open(dir.path(), Access::Write).expect("the same database")
}

/// A sample entry of these bytes.
pub(crate) fn sample_entry(data: &str) -> Arc<SampleEntry> {
    Arc::new(SampleEntry {
        data: Bytes::copy_from_slice(data.as_bytes()),
        width: 1920,
        height: 1080,
        pixel_aspect: (1, 1),
        rfc6381_codec: "avc1.4d401f".into(),
    })
}

/// A camera named `porch`.
pub(crate) fn new_camera(name: &str) -> NewCamera {
    let streams = PerKind { main: Some(NewStream::new("rtsp://192.0.2.1/main")), sub: Some(NewStream::new("pipe:x")) };
    NewCamera { name: name.into(), streams, ..Default::default() }
}

/// A recording in the run that begins with the number `run`; sequence and number are equal.
pub(crate) fn recording(stream: StreamId, number: u32, run: u32, start_secs: i64, secs: i64) -> Recording {
    Recording {
        id: RecordingId::new(stream, number),
        sequence: number.into(),
        open_id: 1,
        run_start: RecordingId::new(stream, run),
        start: WallTime(start_secs * 90_000),
        wall_duration: WallDuration::from_secs(secs),
        media_duration: MediaDuration::from_secs(secs),
        media_offset: MediaDuration::from_secs(60 * i64::from(number - run)),
        local_delta: WallDuration(-7),
        sample_file_bytes: 1000 + u64::from(number),
        video_samples: 10,
        video_sync_samples: 2,
        sample_entry_id: 1,
        index_format: 1,
        flags: Flags::default(),
        growing: false,
        end_reason: None,
    }
}

/// The query plan of a statement as text, one line a step.
pub(crate) fn plan(sql: &str) -> String {
    let conn = Connection::open_in_memory().expect("a database in memory");
    conn.execute_batch(SCHEMA).expect("our schema");
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("our SQL");
    // Parameters stay unbound: no value of theirs shapes the plan.
    let rows = statement.raw_query().mapped(|row| row.get::<_, String>(3));
    rows.map(|row| row.expect("a step")).collect::<Vec<_>>().join("\n")
}

/// The ids of recordings in their order.
pub(crate) fn show(recordings: &[Recording]) -> String {
    recordings.iter().map(|r| r.id.to_string()).collect::<Vec<_>>().join(" ")
}

/// A database with one camera of two streams, opened to record.
pub(crate) struct Fixture {
    pub(crate) db: Database,
    pub(crate) camera: Uuid,
    pub(crate) main: StreamId,
    pub(crate) sub: StreamId,
    pub(crate) boot_id: Uuid,
    pub(crate) open_id: u32,
    dir: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let (dir, db) = temp_db();
        let camera = db.add_camera(&new_camera("porch")).expect("a camera");
        let [main, sub] = [0, 1].map(|i| camera.streams[i].id);
        let boot_id = Uuid::from_u128(1);
        let open_id =
            db.begin_open(Opening { boot_id, time: WallTime(0), above: 0, software: "1" }).expect("an opening");
        Self { db, camera: camera.uuid, main, sub, boot_id, open_id, dir }
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Closes the database; the directory stays for as long as the caller holds it.
    pub(crate) fn close(self) -> TempDir {
        self.dir
    }

    /// A recording of the main stream in the run that begins with the number `run`; sequence and number are equal.
    pub(crate) fn closed(&self, number: u32, run: u32, start_secs: i64, secs: i64) -> ClosedRecording {
        let recording = Recording { open_id: self.open_id, ..recording(self.main, number, run, start_secs, secs) };
        ClosedRecording {
            recording,
            camera: self.camera,
            kind: StreamKind::Main,
            boot_id: self.boot_id,
            clock_offset: WallDuration(0),
            sample_entry: sample_entry("a"),
            video_index: Arc::from([0x29, 0xd0, 0x0f]),
            blake3: [number as u8; 32],
        }
    }

    /// Commits recordings; the tables must take them.
    pub(crate) fn insert<C: Borrow<ClosedRecording>>(&self, all: impl IntoIterator<Item = C>) {
        let closed = all.into_iter().map(|c| Arc::new(c.borrow().clone())).collect();
        let done = self.db.commit(&Batch { closed, ..Batch::default() }).expect("a commit");
        assert!(done.refused.is_empty(), "{:?}", done.refused);
    }

    /// The sample entry of this number is in the database.
    pub(crate) fn sample_entry_has_row(&self, id: i32) -> bool {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM video_sample_entry WHERE id = ?1)";
        self.db.read(|conn| conn.query_row(SQL, [id], |row| row.get(0)).or_sql(|| "test")).expect("good SQL")
    }

    /// All recordings of the main stream.
    pub(crate) fn all(&self) -> Vec<Recording> {
        self.db.recordings(self.main, WallTime(i64::MIN)..WallTime(i64::MAX)).expect("a listing")
    }

    /// Does to the database what our own functions would not.
    pub(crate) fn write_sql(&self, sql: &str) {
        self.db.write_sql(sql);
    }
}

impl Database {
    /// Does what our own functions would not.
    pub(crate) fn write_sql(&self, sql: &str) {
        self.write(|tx| tx.execute_batch(sql).or_sql(|| "test")).expect("good SQL");
    }
}
