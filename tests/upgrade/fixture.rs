//! Stores as the original system left them, written from the description of its schemas.

use rusqlite::{Connection, params};
use sha1::{Digest, Sha1};
use std::fs;
use std::path::Path;
use uuid::Uuid;

/// How a database is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Version 0 before there was a table of versions.
    Unversioned,
    /// Version 0.
    Zero,
    /// Version 1.
    One,
}

impl Layout {
    pub(crate) const ALL: [Self; 3] = [Self::Unversioned, Self::Zero, Self::One];
}

/// A recording as the original knew it. `Default` is nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct OldRecording {
    pub(crate) camera: i64,
    /// In its run; version 1 notes it, version 0 does not.
    pub(crate) run_offset: i64,
    pub(crate) bytes: i64,
    pub(crate) start: i64,
    pub(crate) duration: i64,
    pub(crate) samples: i64,
    pub(crate) sync_samples: i64,
    pub(crate) sample_entry: i64,
    pub(crate) uuid: Vec<u8>,
    pub(crate) sha1: Vec<u8>,
    pub(crate) index: Vec<u8>,
}

impl OldRecording {
    /// One of these frames (duration, bytes, key), with the SHA-1 of `film`.
    pub(crate) fn of(camera: i64, start: i64, frames: &[(i64, i64, bool)], film: &[u8]) -> Self {
        let sum = |of: fn(&(i64, i64, bool)) -> i64| frames.iter().map(of).sum();
        Self {
            camera,
            run_offset: 0,
            bytes: sum(|f| f.1),
            start,
            duration: sum(|f| f.0),
            samples: frames.len() as i64,
            sync_samples: sum(|f| f.2.into()),
            sample_entry: 1,
            uuid: Uuid::new_v4().as_bytes().to_vec(),
            sha1: Sha1::digest(film).to_vec(),
            index: index(frames),
        }
    }

    pub(crate) fn file_name(&self) -> String {
        Uuid::from_slice(&self.uuid).unwrap().to_string()
    }
}

/// The original's coding of frames, by its description.
pub(crate) fn index(frames: &[(i64, i64, bool)]) -> Vec<u8> {
    let (mut out, mut duration, mut bytes) = (vec![], 0, [0; 2]);
    for &(d, b, is_key) in frames {
        let of_kind = &mut bytes[usize::from(is_key)];
        varint(&mut out, zigzag(d - duration) << 1 | u64::from(is_key));
        varint(&mut out, zigzag(b - *of_kind));
        (duration, *of_kind) = (d, b);
    }
    out
}

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n > 0x7f {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A database to be filled.
pub(crate) struct OldDatabase {
    pub(crate) conn: Connection,
    layout: Layout,
    /// Of version 1: the next number of each camera.
    next: std::collections::HashMap<i64, i64>,
}

impl OldDatabase {
    /// With two cameras, `porch` and `garden`, and a sample entry.
    pub(crate) fn create(db_dir: &Path, layout: Layout, sample_entry: &[u8], size: (u16, u16)) -> Self {
        fs::create_dir_all(db_dir).unwrap();
        let conn = Connection::open(db_dir.join("db")).unwrap();
        conn.execute_batch("PRAGMA journal_mode = wal; PRAGMA synchronous = off").unwrap();
        conn.execute_batch(COMMON_SQL).unwrap();
        match layout {
            Layout::One => conn.execute_batch(ONE_SQL).unwrap(),
            _ => conn.execute_batch(ZERO_SQL).unwrap(),
        }
        let cover = if layout == Layout::Unversioned { "" } else { "video_sync_samples," };
        let of_layout = match layout {
            Layout::One => "start_time_90k, duration_90k, video_samples, video_sync_samples, video_sample_entry_id,
                sample_file_bytes, run_offset, flags"
                .to_owned(),
            _ => format!(
                "camera_id, start_time_90k, duration_90k, video_samples, {cover} video_sample_entry_id, sample_file_bytes"
            ),
        };
        conn.execute_batch(&format!("CREATE INDEX recording_cover ON recording ({of_layout})")).unwrap();
        if layout != Layout::Unversioned {
            let version = i64::from(layout == Layout::One);
            conn.execute_batch(&format!(
                "CREATE TABLE version (id integer primary key, unix_time integer not null, notes text);
                 INSERT INTO version VALUES ({version}, 1488456000, 'db creation')"
            ))
            .unwrap();
        }
        let insert = "INSERT INTO camera (id, uuid, short_name, description, host, username, password, main_rtsp_path,
            sub_rtsp_path, retain_bytes) VALUES (?1, ?2, ?3, '', ?4, 'viewer', 'secret', '/main', ?5, 1000000000)";
        for (id, name, sub) in [(1, "porch", "/sub"), (2, "garden", "")] {
            let uuid = Uuid::from_u128(id as u128);
            conn.execute(insert, params![id, uuid.as_bytes(), name, format!("{name}.local"), sub]).unwrap();
        }
        let insert = "INSERT INTO video_sample_entry VALUES (1, ?1, ?2, ?3, ?4)";
        conn.execute(insert, params![Sha1::digest(sample_entry).to_vec(), size.0, size.1, sample_entry]).unwrap();
        Self { conn, layout, next: Default::default() }
    }

    /// Adds a row of each table that knows of it.
    pub(crate) fn add(&mut self, r: &OldRecording) {
        let trailing_zero = i64::from(ends_in_zero(&r.index));
        if self.layout != Layout::One {
            let insert = "INSERT INTO recording (camera_id, sample_file_bytes, start_time_90k, duration_90k,
                local_time_delta_90k, video_samples, video_sync_samples, video_sample_entry_id, sample_file_uuid,
                sample_file_sha1, video_index) VALUES (?1, ?2, ?3, ?4, 7, ?5, ?6, ?7, ?8, ?9, ?10)";
            let mut insert = self.conn.prepare_cached(insert).unwrap();
            insert
                .execute(params![
                    r.camera,
                    r.bytes,
                    r.start,
                    r.duration,
                    r.samples,
                    r.sync_samples,
                    r.sample_entry,
                    r.uuid,
                    r.sha1,
                    r.index
                ])
                .unwrap();
            return;
        }
        let next = self.next.entry(r.camera).or_insert(1);
        let id = r.camera << 32 | *next;
        *next += 1;
        let insert = "INSERT INTO recording VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 7, ?8, ?9, ?10)";
        let mut insert = self.conn.prepare_cached(insert).unwrap();
        insert
            .execute(params![
                id,
                r.camera,
                r.run_offset,
                trailing_zero,
                r.bytes,
                r.start,
                r.duration,
                r.samples,
                r.sync_samples,
                r.sample_entry
            ])
            .unwrap();
        let insert = "INSERT INTO recording_playback VALUES (?1, ?2, ?3, ?4)";
        let mut insert = self.conn.prepare_cached(insert).unwrap();
        insert.execute(params![id, r.uuid, r.sha1, r.index]).unwrap();
    }

    /// Reserves a file: 0 it is being written, 1 it is to be deleted.
    pub(crate) fn reserve(&self, uuid: Uuid, state: i64) {
        self.conn
            .execute("INSERT INTO reserved_sample_files VALUES (?1, ?2)", params![uuid.as_bytes(), state])
            .unwrap();
    }
}

/// Whether the last frame of an index has no duration; false for one that cannot be read.
fn ends_in_zero(index: &[u8]) -> bool {
    let samples: Result<Vec<_>, _> = lunette::media::sample_index::samples(index).collect();
    samples.is_ok_and(|samples| samples.last().is_some_and(|last| last.duration_90k == 0))
}

const COMMON_SQL: &str = "
CREATE TABLE camera (
  id integer primary key,
  uuid blob unique,
  short_name text not null,
  description text,
  host text,
  username text,
  password text,
  main_rtsp_path text,
  sub_rtsp_path text,
  retain_bytes integer not null
);
CREATE TABLE reserved_sample_files (
  uuid blob primary key check (length(uuid) = 16),
  state integer not null
) WITHOUT ROWID;
CREATE TABLE video_sample_entry (
  id integer primary key,
  sha1 blob unique not null,
  width integer not null,
  height integer not null,
  data blob not null
);";

const ZERO_SQL: &str = "
CREATE TABLE recording (
  id integer primary key,
  camera_id integer references camera (id) not null,
  sample_file_bytes integer not null,
  start_time_90k integer not null,
  duration_90k integer not null,
  local_time_delta_90k integer not null,
  video_samples integer not null,
  video_sync_samples integer not null,
  video_sample_entry_id integer references video_sample_entry (id),
  sample_file_uuid blob not null,
  sample_file_sha1 blob not null,
  video_index blob not null
);";

const ONE_SQL: &str = "
ALTER TABLE camera ADD COLUMN next_recording_id integer not null default 1;
CREATE TABLE recording (
  composite_id integer primary key,
  camera_id integer not null references camera (id),
  run_offset integer not null,
  flags integer not null,
  sample_file_bytes integer not null,
  start_time_90k integer not null,
  duration_90k integer not null,
  local_time_delta_90k integer not null,
  video_samples integer not null,
  video_sync_samples integer not null,
  video_sample_entry_id integer references video_sample_entry (id),
  check (composite_id >> 32 = camera_id)
);
CREATE TABLE recording_playback (
  composite_id integer primary key references recording (composite_id),
  sample_file_uuid blob not null,
  sample_file_sha1 blob not null,
  video_index blob not null
);";
