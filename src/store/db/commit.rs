//! `Batch`: all that a flush changes, for all streams, in one transaction.

use crate::base::{Error, Kind, RecordingId, Result, StreamId};
use crate::media::Recording;
use crate::store::ClosedRecording;
use crate::store::db::error::SqlResult;
use crate::store::db::{
    Database, Place, clock_proof, gaps, garbage, old_files, recordings, runs, sample_entries, verification,
};
use crate::store::gap::Gap;
use crate::store::old_file::OldFile;
use rusqlite::{Connection, Transaction, named_params};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one flush writes. Everything in it is whole and synced on the disk where it must be.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Closed recordings whose files, trailers included, are durable.
    pub closed: Vec<Arc<ClosedRecording>>,
    /// Holes that began or ended; one that starts where another did takes its place.
    pub gaps: Vec<(StreamId, Gap)>,
    /// Recordings to go: their rows, where they have one, become garbage, and then their files may be unlinked.
    pub condemned: Vec<RecordingId>,
    /// Garbage whose files are unlinked, and the directory synced.
    pub unlinked: Vec<RecordingId>,
    /// How far the film has been read again, if that is news.
    pub verified: Option<Place>,
}

impl Batch {
    /// There is nothing to write.
    pub fn is_empty(&self) -> bool {
        let nothing_of_film = self.closed.is_empty() && self.condemned.is_empty() && self.unlinked.is_empty();
        nothing_of_film && self.gaps.is_empty() && self.verified.is_none()
    }
}

/// What a flush did.
#[derive(Debug, Default)]
pub struct Committed {
    /// Recordings that the tables refuse, with the reason: the stream is gone, the id is taken, or a number is
    /// outside what can be. The others do not suffer for it.
    pub refused: Vec<(RecordingId, Error)>,
    /// The rows that became garbage.
    pub condemned: Vec<Recording>,
}

impl Database {
    /// Writes a batch: all of it is durable when this returns, or, with an error, nothing of it happened. A closed
    /// recording's `sample_entry_id` is not looked at; its sample entry is.
    pub fn commit(&self, batch: &Batch) -> Result<Committed> {
        self.write(|tx| {
            let refused = self.insert_all(tx, &batch.closed)?;
            for (stream, gap) in &batch.gaps {
                gaps::put(tx, *stream, gap)?;
            }
            let condemned = condemn_all(tx, &batch.condemned)?;
            for &id in &batch.unlinked {
                old_files::remove(tx, id)?;
            }
            if let Some(place) = &batch.verified {
                verification::put(tx, place)?;
            }
            Ok(Committed { refused, condemned })
        })
    }

    fn insert_all(
        &self,
        tx: &mut Transaction<'_>,
        closed: &[Arc<ClosedRecording>],
    ) -> Result<Vec<(RecordingId, Error)>> {
        let mut refused = Vec::new();
        for closed in closed {
            let id = closed.recording.id;
            let mut savepoint = tx.savepoint().or_sql(|| "savepoint")?;
            match insert(&savepoint, closed, self.intern_sample_entry(&closed.sample_entry)) {
                Ok(()) => savepoint.commit().or_sql(|| "release savepoint")?,
                Err(e) if e.kind() == Kind::Conflict => {
                    savepoint.rollback().or_sql(|| "roll back to savepoint")?;
                    refused.push((id, e));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(refused)
    }
}

/// Writes all rows of a closed recording, in proven time where its boot's clock was proven.
fn insert(conn: &Connection, closed: &ClosedRecording, sample_entry_id: i32) -> Result<()> {
    insert_rows(conn, closed, sample_entry_id, Some(&closed.blake3))
}

/// The same of one whose film has no BLAKE3, and its file another name.
pub(crate) fn insert_old(
    conn: &Connection,
    closed: &ClosedRecording,
    sample_entry_id: i32,
    old: &OldFile,
) -> Result<()> {
    insert_rows(conn, closed, sample_entry_id, None)?;
    old_files::insert(conn, closed.recording.id, old)
}

fn insert_rows(
    conn: &Connection,
    closed: &ClosedRecording,
    sample_entry_id: i32,
    blake3: Option<&[u8; 32]>,
) -> Result<()> {
    let id = closed.recording.id;
    let on = |e: Error| e.on(format!("recording {id}"));
    let closed = &*clock_proof::in_proven_time(conn, closed).map_err(on)?;
    insert_open(conn, closed).map_err(on)?;
    sample_entries::insert(conn, sample_entry_id, &closed.sample_entry).map_err(on)?;
    insert_recording(conn, &closed.recording, sample_entry_id).map_err(on)?;
    insert_index(conn, closed, blake3).map_err(on)?;
    runs::add(conn, closed, sample_entry_id).map_err(on)
}

/// An opening may be known from a trailer alone: the database was restored from an older copy, or is rebuilt.
fn insert_open(conn: &Connection, closed: &ClosedRecording) -> Result<()> {
    const SQL: &str = "INSERT INTO open (id, boot_id) VALUES (:id, :boot_id) ON CONFLICT (id) DO NOTHING";
    let params = named_params! {":id": closed.recording.open_id, ":boot_id": closed.boot_id.as_bytes()};
    let what = || "insert opening";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

fn insert_recording(conn: &Connection, r: &Recording, sample_entry_id: i32) -> Result<()> {
    const SQL: &str = "INSERT INTO recording (composite_id, stream_id, open_id, run_offset, sequence, start_90k,
        wall_duration_90k, media_duration_delta_90k, media_offset_90k, bytes_offset, samples_offset, local_delta_90k,
        sample_file_bytes, video_samples, video_sync_samples, video_sample_entry_id, index_format, flags, end_reason)
        VALUES (:id, :stream, :open, :run_offset, :sequence, :start, :wall_duration, :media_delta, :media_offset,
        :bytes_offset, :samples_offset, :local_delta, :bytes, :samples, :sync_samples, :sample_entry, :index_format,
        :flags, :end_reason)";
    let (bytes_offset, samples_offset) = runs::sums_before(conn, r)?;
    let params = named_params! {
        ":id": r.id.composite(),
        ":stream": r.id.stream().get(),
        ":open": r.open_id,
        ":run_offset": r.id.composite() - r.run_start.composite(),
        ":sequence": r.sequence,
        ":start": r.start.0,
        ":wall_duration": r.wall_duration.0,
        ":media_delta": r.media_duration.0.saturating_sub(r.wall_duration.0),
        ":media_offset": r.media_offset.0,
        ":bytes_offset": bytes_offset,
        ":samples_offset": samples_offset,
        ":local_delta": r.local_delta.0,
        ":bytes": r.sample_file_bytes,
        ":samples": r.video_samples,
        ":sync_samples": r.video_sync_samples,
        ":sample_entry": sample_entry_id,
        ":index_format": r.index_format,
        ":flags": r.flags.0,
        ":end_reason": r.end_reason,
    };
    let what = || "insert row";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

fn insert_index(conn: &Connection, closed: &ClosedRecording, blake3: Option<&[u8; 32]>) -> Result<()> {
    const SQL: &str = "INSERT INTO recording_index (composite_id, blake3, video_index) VALUES (:id, :blake3, :index)";
    let params = named_params! {
        ":id": closed.recording.id.composite(),
        ":blake3": blake3.map(|hash| &hash[..]),
        ":index": &closed.video_index[..],
    };
    let what = || "insert index";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// Moves rows to the garbage, and forgets the gaps that were before all film that is left.
fn condemn_all(conn: &Connection, ids: &[RecordingId]) -> Result<Vec<Recording>> {
    let mut condemned = Vec::new();
    for &id in ids {
        condemned.extend(condemn(conn, id).map_err(|e| e.on(format!("recording {id}")))?);
    }
    let of_runs: BTreeSet<_> = condemned.iter().map(|r| r.run_start).collect();
    for run in of_runs {
        runs::trim(conn, run)?;
    }
    let of_streams: BTreeSet<_> = condemned.iter().map(|r| r.id.stream()).collect();
    for stream in of_streams {
        gaps::prune(conn, stream)?;
    }
    if !condemned.is_empty() {
        sample_entries::prune(conn)?;
    }
    Ok(condemned)
}

fn condemn(conn: &Connection, id: RecordingId) -> Result<Option<Recording>> {
    garbage::add(conn, id)?;
    let Some(recording) = recordings::get(conn, id)? else { return Ok(None) };
    let what = || "delete";
    for sql in DELETE_SQL {
        conn.prepare_cached(sql).or_sql(what)?.execute(named_params! {":id": id.composite()}).or_sql(what)?;
    }
    runs::subtract(conn, &recording)?;
    Ok(Some(recording))
}

/// The index first: it refers to the row.
const DELETE_SQL: [&str; 2] =
    ["DELETE FROM recording_index WHERE composite_id = :id", "DELETE FROM recording WHERE composite_id = :id"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallTime;
    use crate::store::db::testing::{Fixture, plan, show};

    #[test]
    fn a_deletion_goes_by_keys() {
        assert_eq!(
            DELETE_SQL.map(plan).join("\n"),
            "SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SEARCH damage USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)",
            "the last two are the foreign keys'"
        );
    }

    #[test]
    fn rows_move_to_the_garbage_and_leave_it() {
        let f = Fixture::new();
        let [a, b] = [f.closed(1, 1, 0, 60), f.closed(2, 1, 60, 60)];
        f.insert([&a, &b]);
        let condemned = vec![a.recording.id, RecordingId::new(f.sub, 9)];
        let done = f.db.commit(&Batch { condemned: condemned.clone(), ..Batch::default() }).unwrap();
        assert_eq!(done.condemned, std::slice::from_ref(&a.recording));
        assert_eq!(f.db.garbage().unwrap(), condemned);
        assert_eq!(show(&f.all()), "1/2");
        assert!(f.db.video_index(a.recording.id).is_err());
        let again = f.db.commit(&Batch { condemned: condemned.clone(), ..Batch::default() }).unwrap();
        assert_eq!(again.condemned, []);
        f.db.commit(&Batch { unlinked: condemned, ..Batch::default() }).unwrap();
        assert_eq!(f.db.garbage().unwrap(), []);
    }

    #[test]
    fn the_last_recording_of_a_camera_can_go() {
        let f = Fixture::new();
        let a = f.closed(1, 1, 0, 60);
        f.insert([&a]);
        f.db.commit(&Batch { condemned: vec![a.recording.id], ..Batch::default() }).unwrap();
        assert_eq!(show(&f.all()), "");
        assert_eq!(f.db.pieces(f.main).unwrap(), []);
        assert_eq!(f.db.last_number(f.main).unwrap(), None);
        assert!(!f.sample_entry_has_row(1));
        f.insert([&a]);
        assert!(f.sample_entry_has_row(1));
    }

    #[test]
    fn what_the_tables_refuse_does_not_keep_the_rest_from_the_disk() {
        let f = Fixture::new();
        let good = f.closed(1, 1, 0, 60);
        let taken = f.closed(1, 1, 0, 60);
        let too_long = f.closed(2, 2, 60, 300);
        let mut stranger = f.closed(3, 3, 400, 60);
        let gone = StreamId::new(99).unwrap();
        stranger.recording.id = RecordingId::new(gone, 3);
        stranger.recording.run_start = stranger.recording.id;
        let last = f.closed(4, 4, 500, 60);
        let closed = [good, taken, too_long, stranger, last].map(Arc::new).to_vec();
        let done = f.db.commit(&Batch { closed, ..Batch::default() }).unwrap();
        let refused: Vec<_> = done.refused.iter().map(|(_, e)| e.to_string()).collect();
        assert_eq!(
            refused.join("\n"),
            "recording 1/1: insert row: UNIQUE constraint failed: recording.composite_id (SQLite 1555)
recording 1/2: insert row: CHECK constraint failed: wall_duration_90k BETWEEN 0 AND 26999999 (SQLite 275)
recording 99/3: insert row: FOREIGN KEY constraint failed (SQLite 787)"
        );
        assert_eq!(show(&f.all()), "1/1 1/4");
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let f = Fixture::new();
        f.write_sql("DROP TABLE garbage");
        let batch = Batch {
            closed: vec![Arc::new(f.closed(1, 1, 0, 60))],
            unlinked: vec![RecordingId::new(f.main, 7)],
            ..Batch::default()
        };
        f.db.commit(&batch).unwrap_err();
        assert_eq!(show(&f.all()), "");
    }

    #[test]
    fn gaps_before_all_film_go_with_it() {
        let f = Fixture::new();
        let [a, b] = [f.closed(1, 1, 0, 60), f.closed(2, 2, 120, 60)];
        let gap = |start: i64, end: Option<i64>| {
            let (start, end) = (WallTime(start * 90_000), end.map(|end| WallTime(end * 90_000)));
            (f.main, Gap { start, end, cause: "camera silent".into(), detail: String::new() })
        };
        let gaps =
            vec![gap(-60, Some(0)), gap(60, Some(120)), gap(180, None), (StreamId::new(99).unwrap(), gap(0, None).1)];
        f.db.commit(&Batch { closed: vec![a.into(), b.into()], gaps, ..Batch::default() }).unwrap();
        let starts = || {
            let gaps = f.db.gaps(f.main, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
            gaps.iter().map(|g| (g.start.0 / 90_000).to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(starts(), "-60 60 180");
        f.db.commit(&Batch { condemned: vec![RecordingId::new(f.main, 1)], ..Batch::default() }).unwrap();
        assert_eq!(starts(), "180");
    }
}
