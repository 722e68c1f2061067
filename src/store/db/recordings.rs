//! Listing recordings, and reading what belongs to one.

use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// No recording is as long; the table refuses it.
pub const RECORDING_LIMIT: WallDuration = WallDuration::from_secs(5 * 60);

/// The columns of [`from_row`], in its order. All of them are in the index `recording_cover`.
macro_rules! columns {
    () => {
        "composite_id, sequence, open_id, run_offset, start_90k, wall_duration_90k, media_duration_delta_90k,
         media_offset_90k, local_delta_90k, sample_file_bytes, video_samples, video_sync_samples,
         video_sample_entry_id, index_format, flags, end_reason"
    };
}

impl Database {
    /// The recordings of a stream of which some part, or whose only moment, is within `span`; ascending by start,
    /// then sequence.
    pub fn recordings(&self, stream: StreamId, span: Range<WallTime>) -> Result<Vec<Recording>> {
        let low = span.start.0.saturating_sub(RECORDING_LIMIT.0);
        let params = named_params! {
            ":stream": stream.get(),
            ":low": low,
            ":start": span.start.0,
            ":end": span.end.0,
        };
        self.read(|conn| {
            list(conn, BY_TIME_SQL, params).map_err(|e| e.on(format!("list recordings of stream {stream}")))
        })
    }

    /// The recordings of a stream with these numbers, ascending by number.
    pub fn recordings_by_number(&self, stream: StreamId, numbers: RangeInclusive<u32>) -> Result<Vec<Recording>> {
        let (first, last) = (RecordingId::new(stream, *numbers.start()), RecordingId::new(stream, *numbers.end()));
        let params = named_params! {":first": first.composite(), ":last": last.composite()};
        self.read(|conn| {
            list(conn, BY_NUMBER_SQL, params).map_err(|e| e.on(format!("list recordings of stream {stream}")))
        })
    }

    /// The first `limit` recordings of a stream behind the number `after`: within a stream the order of numbers is
    /// that of recording.
    pub fn oldest_recordings(&self, stream: StreamId, after: u32, limit: u32) -> Result<Vec<Recording>> {
        let params = named_params! {
            ":after": RecordingId::new(stream, after).composite(),
            ":last": RecordingId::new(stream, u32::MAX).composite(),
            ":limit": limit,
        };
        self.read(|conn| {
            list(conn, OLDEST_SQL, params).map_err(|e| e.on(format!("oldest recordings of stream {stream}")))
        })
    }

    /// One recording, if it has a row.
    pub fn recording(&self, id: RecordingId) -> Result<Option<Recording>> {
        self.read(|conn| get(conn, id))
    }

    /// The number and the sequence of the last recording of a stream that has a row.
    pub fn last_number(&self, stream: StreamId) -> Result<Option<(u32, u64)>> {
        let params = named_params! {
            ":first": RecordingId::new(stream, 0).composite(),
            ":last": RecordingId::new(stream, u32::MAX).composite(),
        };
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)? as u32, row.get(1)?));
        let what = || format!("last recording of stream {stream}");
        self.read(|conn| conn.query_row(LAST_SQL, params, read).optional().or_sql(what))
    }

    /// Tells `visit` the id of every recording, ascending, without holding them all.
    pub fn visit_ids(&self, mut visit: impl FnMut(RecordingId)) -> Result<()> {
        let what = || "list recording ids";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(IDS_SQL).or_sql(what)?;
            let mut rows = statement.query(()).or_sql(what)?;
            while let Some(row) = rows.next().or_sql(what)? {
                visit(composite(row, 0).or_sql(what)?);
            }
            Ok(())
        })
    }

    /// Tells `visit` the id and the sequence of every recording, ascending by id, without holding them all.
    pub fn visit_sequences(&self, mut visit: impl FnMut(RecordingId, u64)) -> Result<()> {
        let what = || "list sequences";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SEQUENCES_SQL).or_sql(what)?;
            let mut rows = statement.query(()).or_sql(what)?;
            while let Some(row) = rows.next().or_sql(what)? {
                visit(composite(row, 0).or_sql(what)?, row.get(1).or_sql(what)?);
            }
            Ok(())
        })
    }

    /// The samples of a recording, coded as its `index_format` says.
    pub fn video_index(&self, id: RecordingId) -> Result<Arc<[u8]>> {
        let what = || format!("recording {id}: read index");
        self.read(|conn| {
            let mut statement = conn.prepare_cached(INDEX_SQL).or_sql(what)?;
            let params = named_params! {":id": id.composite()};
            let read = |row: &Row<'_>| Ok(Arc::from(row.get_ref(0)?.as_blob()?));
            let index = statement.query_row(params, read).optional().or_sql(what)?;
            index.ok_or_else(|| Error::new(Kind::NotFound, what()))
        })
    }

    /// Tells `visit` the samples of each of these recordings, as [`Self::video_index`] gives them: with one connection,
    /// and one walk for each stretch of consecutive numbers. After an error, `NotFound` if one is not there, it was
    /// told of some of them.
    pub fn video_indexes(&self, ids: &[RecordingId], mut visit: impl FnMut(RecordingId, &[u8])) -> Result<()> {
        self.read(|conn| {
            for run in ids.chunk_by(|a, b| a.composite() + 1 == b.composite()) {
                let mut missing = run.iter();
                let what = || format!("recording {}: read index", run[0]);
                let mut statement = conn.prepare_cached(INDEXES_SQL).or_sql(what)?;
                let last = run[run.len() - 1];
                let params = named_params! {":first": run[0].composite(), ":last": last.composite()};
                let mut rows = statement.query(params).or_sql(what)?;
                while let Some(row) = rows.next().or_sql(what)? {
                    let id = composite(row, 0).or_sql(what)?;
                    if missing.as_slice().first() != Some(&id) {
                        break;
                    }
                    missing.next();
                    let index = row.get_ref(1).or_sql(what)?;
                    visit(id, index.as_blob().map_err(rusqlite::Error::from).or_sql(what)?);
                }
                if let Some(id) = missing.next() {
                    return Err(Error::new(Kind::NotFound, format!("recording {id}: read index")));
                }
            }
            Ok(())
        })
    }

    /// BLAKE3 of the film of a recording; `None` where an old file has SHA-1.
    pub fn film_hash(&self, id: RecordingId) -> Result<Option<[u8; 32]>> {
        let what = || format!("recording {id}: read hash");
        let params = named_params! {":id": id.composite()};
        let hash = self.read(|conn| conn.query_row(HASH_SQL, params, |row| row.get(0)).optional().or_sql(what))?;
        hash.ok_or_else(|| Error::new(Kind::NotFound, what()))
    }
}

/// Bounded from both sides: what started `RECORDING_LIMIT` before the span has ended before it. One without a
/// duration counts as one unit, so that it is within a span that begins with it.
const BY_TIME_SQL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM recording WHERE stream_id = :stream AND start_90k > :low AND start_90k < :end
       AND start_90k + max(wall_duration_90k, 1) > :start
     ORDER BY start_90k, sequence"
);

const BY_NUMBER_SQL: &str =
    concat!("SELECT ", columns!(), " FROM recording WHERE composite_id BETWEEN :first AND :last ORDER BY composite_id");

const OLDEST_SQL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM recording WHERE composite_id > :after AND composite_id <= :last ORDER BY composite_id LIMIT :limit"
);

const GET_SQL: &str = concat!("SELECT ", columns!(), " FROM recording WHERE composite_id = :id");

const LAST_SQL: &str = "SELECT composite_id & 0xffffffff, sequence FROM recording
     WHERE composite_id BETWEEN :first AND :last ORDER BY composite_id DESC LIMIT 1";

const SEQUENCES_SQL: &str = "SELECT composite_id, sequence FROM recording ORDER BY composite_id";

const IDS_SQL: &str = "SELECT composite_id FROM recording ORDER BY composite_id";

/// One recording, if it has a row.
pub(super) fn get(conn: &Connection, id: RecordingId) -> Result<Option<Recording>> {
    let what = || format!("recording {id}: read row");
    let mut statement = conn.prepare_cached(GET_SQL).or_sql(what)?;
    statement.query_row(named_params! {":id": id.composite()}, from_row).optional().or_sql(what)
}

fn list(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Recording>> {
    let what = || "read rows";
    let mut statement = conn.prepare_cached(sql).or_sql(what)?;
    statement.query_map(params, from_row).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
}

/// A row of `columns!()`.
fn from_row(row: &Row<'_>) -> rusqlite::Result<Recording> {
    let id = composite(row, 0)?;
    let run_offset: u32 = row.get(3)?;
    let run_start = id.number().checked_sub(run_offset).ok_or_else(|| out_of_range(3, run_offset.into()))?;
    let wall_duration: i64 = row.get(5)?;
    let media_delta: i64 = row.get(6)?;
    Ok(Recording {
        id,
        sequence: row.get(1)?,
        open_id: row.get(2)?,
        run_start: RecordingId::new(id.stream(), run_start),
        start: WallTime(row.get(4)?),
        wall_duration: WallDuration(wall_duration),
        media_duration: MediaDuration(wall_duration.saturating_add(media_delta)),
        media_offset: MediaDuration(row.get(7)?),
        local_delta: WallDuration(row.get(8)?),
        sample_file_bytes: row.get(9)?,
        video_samples: row.get(10)?,
        video_sync_samples: row.get(11)?,
        sample_entry_id: row.get(12)?,
        index_format: row.get(13)?,
        flags: Flags(row.get(14)?),
        growing: false,
        end_reason: row.get(15)?,
    })
}

const INDEX_SQL: &str = "SELECT video_index FROM recording_index WHERE composite_id = :id";

const HASH_SQL: &str = "SELECT blake3 FROM recording_index WHERE composite_id = :id";

const INDEXES_SQL: &str =
    "SELECT composite_id, video_index FROM recording_index WHERE composite_id BETWEEN :first AND :last";

/// The recording id in a column; one that names no stream is damage.
pub(super) fn composite(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordingId> {
    let id: i64 = row.get(column)?;
    RecordingId::from_composite(id).ok_or_else(|| out_of_range(column, id))
}

/// A number that cannot be what its column means.
pub(super) fn out_of_range(column: usize, value: i64) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, format!("{value} is out of range").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::{Fixture, plan, show};
    use proptest::prelude::*;

    #[test]
    fn plans_use_the_covering_index_and_never_sort() {
        let listing = [BY_TIME_SQL, BY_NUMBER_SQL, OLDEST_SQL, GET_SQL, LAST_SQL, SEQUENCES_SQL, IDS_SQL].map(plan);
        let plans = [&listing[..], &[INDEXES_SQL, INDEX_SQL, HASH_SQL].map(plan)].concat();
        assert_eq!(
            plans.join("\n"),
            "SEARCH recording USING COVERING INDEX recording_cover (stream_id=? AND start_90k>? AND start_90k<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCAN recording
SCAN recording
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)"
        );
    }

    #[test]
    fn a_listing_has_what_overlaps_and_reads_back_what_was_written() {
        let f = Fixture::new();
        let [a, b, c] = [(1, 0, 60), (2, 60, 60), (3, 120, 0)].map(|(n, start, secs)| f.closed(n, 1, start, secs));
        f.insert([&a, &b, &c]);
        let numbers = |start, end| {
            let span = WallTime(start)..WallTime(end);
            let found = f.db.recordings(f.main, span).unwrap();
            found.iter().map(|r| r.id.number().to_string()).collect::<Vec<_>>().join(" ")
        };
        let minute = 60 * 90_000;
        assert_eq!(numbers(i64::MIN, i64::MAX), "1 2 3");
        assert_eq!(numbers(0, minute), "1");
        assert_eq!(numbers(minute - 1, minute + 1), "1 2");
        assert_eq!(numbers(2 * minute, 2 * minute + 1), "3");
        assert_eq!(numbers(2 * minute + 1, i64::MAX), "");
        assert_eq!(numbers(minute, minute), "");
        assert_eq!(f.db.recordings(f.sub, WallTime(0)..WallTime(i64::MAX)).unwrap(), []);
        assert_eq!(f.db.recordings_by_number(f.main, 2..=2).unwrap(), std::slice::from_ref(&b.recording));
        assert_eq!(f.db.recording(a.recording.id).unwrap(), Some(a.recording.clone()));
        assert_eq!(f.db.recording(RecordingId::new(f.sub, 1)).unwrap(), None);
        assert_eq!(f.db.video_index(a.recording.id).unwrap(), a.video_index);
        assert_eq!(f.db.film_hash(a.recording.id).unwrap(), Some(a.blake3));
        assert_eq!(f.db.video_index(RecordingId::new(f.sub, 1)).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(show(&f.db.oldest_recordings(f.main, 1, 1).unwrap()), "1/2");
    }

    #[test]
    fn indexes_come_in_one_go_or_the_missing_one_is_named() {
        let f = Fixture::new();
        let all = [1, 2, 3, 5, 6].map(|n| {
            let mut closed = f.closed(n, 1, i64::from(n) * 60, 60);
            closed.video_index = vec![n as u8; 3].into();
            closed
        });
        f.insert(&all);
        let read = |numbers: &[u32]| {
            let ids: Vec<_> = numbers.iter().map(|&n| RecordingId::new(f.main, n)).collect();
            let mut found = Vec::new();
            let read = f.db.video_indexes(&ids, |id, index| found.push((id.number(), index[2])));
            read.map(|()| found).map_err(|e| e.to_string())
        };
        assert_eq!(read(&[2, 3, 6, 5]).unwrap(), [(2, 2), (3, 3), (6, 6), (5, 5)]);
        assert_eq!(read(&[]).unwrap(), []);
        assert_eq!(read(&[2, 3, 4, 5]).unwrap_err(), "recording 1/4: read index");
        assert_eq!(read(&[6, 7]).unwrap_err(), "recording 1/7: read index");
    }

    #[test]
    fn the_order_is_by_start_then_sequence_even_when_the_clock_stepped_back() {
        let f = Fixture::new();
        f.insert([&f.closed(1, 1, 600, 60), &f.closed(2, 2, 0, 60), &f.closed(3, 3, 600, 60)]);
        let all = f.db.recordings(f.main, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
        assert_eq!(show(&all), "1/2 1/1 1/3");
    }

    #[test]
    fn a_stream_without_rows_has_no_last_number() {
        let f = Fixture::new();
        assert_eq!(f.db.last_number(f.main).unwrap(), None);
        f.insert([&f.closed(7, 7, 0, 60), &f.closed(9, 9, 60, 60)]);
        assert_eq!(f.db.last_number(f.main).unwrap(), Some((9, 9)));
        assert_eq!(f.db.last_number(f.sub).unwrap(), None);
        let mut ids = Vec::new();
        f.db.visit_ids(|id| ids.push(id.to_string())).unwrap();
        assert_eq!(ids, ["1/7", "1/9"]);
    }

    #[test]
    fn a_listing_touches_no_blob() {
        let f = Fixture::new();
        f.insert([&f.closed(1, 1, 0, 60)]);
        f.write_sql("DROP TABLE recording_index");
        assert_eq!(f.db.recordings(f.main, WallTime(0)..WallTime(i64::MAX)).unwrap().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_listing_is_what_a_full_scan_finds(
            recordings in prop::collection::vec((0i64..1000, 0i64..300), 1..20),
            (start, length) in (0i64..1300, 0i64..300),
        ) {
            let f = Fixture::new();
            let all: Vec<_> = (1..).zip(&recordings).map(|(n, &(start, secs))| f.closed(n, n, start, secs)).collect();
            f.insert(&all);
            let span = WallTime(start * 90_000)..WallTime((start + length) * 90_000);
            let mut expected: Vec<_> = all.into_iter().map(|c| c.recording).collect();
            expected.retain(|r| r.start < span.end && (r.end() > span.start || r.start == span.start));
            expected.sort_by_key(|r| (r.start, r.sequence));
            prop_assert_eq!(f.db.recordings(f.main, span).unwrap(), expected);
        }
    }
}
