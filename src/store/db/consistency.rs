//! Whether the tables agree with themselves, and what puts them right again.

use crate::base::{RecordingId, Result, StreamId, WallDuration, WallTime};
use crate::store::ClosedRecording;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use crate::store::db::{Database, runs};
use crate::store::gap::Gap;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// Rows of a table that refer to a row that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strays {
    /// Whose rows they are.
    pub table: String,
    /// What they refer to.
    pub parent: String,
    /// How many.
    pub rows: u64,
}

/// Numbers that count what is before a recording in its run, and do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongOffset {
    /// Which recording.
    pub id: RecordingId,
    /// The first recording of its run.
    pub run: RecordingId,
    /// Bytes and frames that its row tells.
    pub told: (i64, i64),
    /// Bytes and frames that are before it.
    pub found: (i64, i64),
}

impl Database {
    /// What SQLite finds wrong with the file, a line each: pages, indexes, constraints. Reads all of it.
    pub fn integrity(&self) -> Result<Vec<String>> {
        self.texts("PRAGMA integrity_check(100)", || "check the database").map(|lines| match &lines[..] {
            [ok] if ok == "ok" => Vec::new(),
            _ => lines,
        })
    }

    /// References to nothing, by table.
    pub fn strays(&self) -> Result<Vec<Strays>> {
        let what = || "check references";
        self.read(|conn| {
            let mut statement = conn.prepare(STRAYS_SQL).or_sql(what)?;
            let read = |row: &Row<'_>| Ok(Strays { table: row.get(0)?, parent: row.get(1)?, rows: row.get(2)? });
            statement.query_map((), read).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Recordings of which a row that they need is not there: stream, opening, sample entry, run, or index.
    pub(crate) fn incomplete(&self) -> Result<Vec<RecordingId>> {
        self.ids(INCOMPLETE_SQL, || "look for incomplete recordings")
    }

    /// Runs without a row that recordings are of.
    pub(crate) fn lost_runs(&self) -> Result<Vec<RecordingId>> {
        self.ids(LOST_RUNS_SQL, || "look for lost runs")
    }

    /// Runs that begin within another one.
    pub(crate) fn overlapping_runs(&self) -> Result<Vec<(RecordingId, RecordingId)>> {
        let what = || "look for runs within runs";
        self.read(|conn| {
            let mut statement = conn.prepare(OVERLAPPING_SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| Ok((composite(row, 0)?, composite(row, 1)?))).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Recordings whose numbers of bytes and frames before them are others than their run has.
    pub(crate) fn wrong_offsets(&self) -> Result<Vec<WrongOffset>> {
        let what = || "compare what is before recordings";
        self.read(|conn| {
            let mut statement = conn.prepare(OFFSETS_SQL).or_sql(what)?;
            let read = |row: &Row<'_>| {
                Ok(WrongOffset {
                    id: composite(row, 0)?,
                    run: composite(row, 1)?,
                    told: (row.get(2)?, row.get(3)?),
                    found: (row.get(4)?, row.get(5)?),
                })
            };
            statement.query_map((), read).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Sequences that several recordings have, with the first and the last of these.
    pub(crate) fn repeated_sequences(&self) -> Result<Vec<(u64, RecordingId, RecordingId)>> {
        let what = || "look for sequences given twice";
        self.read(|conn| {
            let mut statement = conn.prepare(SEQUENCES_SQL).or_sql(what)?;
            let read = |row: &Row<'_>| Ok((row.get(0)?, composite(row, 1)?, composite(row, 2)?));
            statement.query_map((), read).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Garbage that has a row: the next start would unlink film that is listed.
    pub(crate) fn listed_garbage(&self) -> Result<Vec<RecordingId>> {
        self.ids(LISTED_SQL, || "look for garbage that is listed")
    }

    /// Sample entries that no recording needs.
    pub(crate) fn unused_sample_entries(&self) -> Result<Vec<i32>> {
        let what = || "look for unused sample entries";
        self.read(|conn| {
            let mut statement = conn.prepare(UNUSED_SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| row.get(0)).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Builds all indexes of the tables anew.
    pub(crate) fn reindex(&self) -> Result<()> {
        self.write(|tx| tx.execute_batch("REINDEX").or_sql(|| "build indexes anew"))
    }

    /// Takes rows away that refer to nothing and that nothing needs: all but recordings and streams.
    pub(crate) fn remove_strays(&self) -> Result<()> {
        self.write(|tx| {
            let what = || "remove rows that refer to nothing";
            REMOVE_STRAYS_SQL.into_iter().try_for_each(|sql| tx.execute(sql, ()).or_sql(what).map(|_| ()))
        })
    }

    pub(crate) fn remove_unused_sample_entries(&self) -> Result<()> {
        self.write(|tx| tx.execute_batch(REMOVE_UNUSED_SQL).or_sql(|| "remove unused sample entries"))
    }

    /// This is no garbage: its file stays.
    pub(crate) fn take_from_garbage(&self, id: RecordingId) -> Result<()> {
        self.write(|tx| {
            tx.execute(TAKE_SQL, named_params! {":id": id.composite()}).or_sql(|| "take from garbage")?;
            Ok(())
        })
    }

    /// All gaps of a stream as they are, also those that end before they begin.
    pub(crate) fn all_gaps(&self, stream: StreamId) -> Result<Vec<Gap>> {
        let what = || "list all gaps";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(GAPS_SQL).or_sql(what)?;
            let read = |row: &Row<'_>| {
                let end = row.get::<_, Option<i64>>(1)?.map(WallTime);
                Ok(Gap { start: WallTime(row.get(0)?), end, cause: row.get(2)?, detail: row.get(3)? })
            };
            let rows = statement.query_map(named_params! {":stream": stream.get()}, read).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Takes all rows of a recording away, whatever they say; its file stays. Its run is summed up anew.
    pub(crate) fn forget_recording(&self, id: RecordingId) -> Result<()> {
        let what = || format!("recording {id}: remove rows");
        self.write(|tx| {
            let params = named_params! {":id": id.composite()};
            let run: Option<i64> = tx.query_row(RUN_OF_SQL, params, |row| row.get(0)).optional().or_sql(what)?;
            for sql in FORGET_SQL {
                tx.execute(sql, named_params! {":id": id.composite()}).or_sql(what)?;
            }
            match run.and_then(RecordingId::from_composite) {
                Some(run) => sum_up(tx, run, None),
                None => Ok(()),
            }
        })
    }

    /// Sums a run up anew from its recordings; one whose row was lost gets its facts from the trailer of one of them.
    pub(crate) fn sum_up_run(&self, run: RecordingId, told: Option<&ClosedRecording>) -> Result<()> {
        self.write(|tx| sum_up(tx, run, told))
    }

    fn ids(&self, sql: &str, what: impl Fn() -> &'static str) -> Result<Vec<RecordingId>> {
        self.read(|conn| {
            let mut statement = conn.prepare(sql).or_sql(&what)?;
            let rows = statement.query_map((), |row| composite(row, 0)).or_sql(&what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(&what)
        })
    }

    fn texts(&self, sql: &str, what: impl Fn() -> &'static str) -> Result<Vec<String>> {
        self.read(|conn| {
            let mut statement = conn.prepare(sql).or_sql(&what)?;
            let rows = statement.query_map((), |row| row.get(0)).or_sql(&what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(&what)
        })
    }
}

const STRAYS_SQL: &str = "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2";

const INCOMPLETE_SQL: &str = "SELECT composite_id FROM recording r
            WHERE NOT EXISTS (SELECT 1 FROM stream JOIN camera ON camera.id = camera_id WHERE stream.id = r.stream_id)
            OR NOT EXISTS (SELECT 1 FROM open WHERE id = r.open_id)
            OR NOT EXISTS (SELECT 1 FROM video_sample_entry WHERE id = r.video_sample_entry_id)
            OR NOT EXISTS (SELECT 1 FROM run WHERE id = r.composite_id - r.run_offset)
            OR NOT EXISTS (SELECT 1 FROM recording_index i WHERE i.composite_id = r.composite_id)
            ORDER BY composite_id";

const LOST_RUNS_SQL: &str = "SELECT DISTINCT composite_id - run_offset FROM recording
            WHERE NOT EXISTS (SELECT 1 FROM run WHERE id = composite_id - run_offset) ORDER BY 1";

const OVERLAPPING_SQL: &str =
    "SELECT b.id, a.id FROM run a JOIN run b ON b.id > a.id AND b.id <= a.last_id ORDER BY 1, 2";

const SEQUENCES_SQL: &str = "SELECT sequence, min(composite_id), max(composite_id) FROM recording
            GROUP BY sequence HAVING count(*) > 1 ORDER BY 1";

const LISTED_SQL: &str = "SELECT composite_id FROM garbage JOIN recording USING (composite_id) ORDER BY 1";

const UNUSED_SQL: &str = "SELECT id FROM video_sample_entry
            WHERE id NOT IN (SELECT video_sample_entry_id FROM recording) ORDER BY id";

const REMOVE_STRAYS_SQL: [&str; 9] = [
    "DELETE FROM recording_index WHERE composite_id NOT IN (SELECT composite_id FROM recording)",
    "DELETE FROM damage WHERE composite_id NOT IN (SELECT composite_id FROM recording)",
    "DELETE FROM onvif WHERE camera_id NOT IN (SELECT id FROM camera)",
    "DELETE FROM event WHERE camera_id NOT IN (SELECT id FROM camera)",
    "DELETE FROM gap WHERE stream_id NOT IN (SELECT id FROM stream)",
    "DELETE FROM protected_span WHERE stream_id NOT IN (SELECT id FROM stream)",
    "DELETE FROM session WHERE user_id NOT IN (SELECT id FROM user)",
    "DELETE FROM user_camera WHERE user_id NOT IN (SELECT id FROM user) OR camera_id NOT IN (SELECT id FROM camera)",
    "DELETE FROM token_camera WHERE token_id NOT IN (SELECT id FROM token) OR camera_id NOT IN (SELECT id FROM camera)",
];

const REMOVE_UNUSED_SQL: &str =
    "DELETE FROM video_sample_entry WHERE id NOT IN (SELECT video_sample_entry_id FROM recording)";

const TAKE_SQL: &str = "DELETE FROM garbage WHERE composite_id = :id";

const GAPS_SQL: &str = "SELECT start_90k, end_90k, cause, detail FROM gap WHERE stream_id = :stream ORDER BY 1";

const RUN_OF_SQL: &str = "SELECT composite_id - run_offset FROM recording WHERE composite_id = :id";

const FORGET_SQL: [&str; 3] = [
    "DELETE FROM damage WHERE composite_id = :id",
    "DELETE FROM recording_index WHERE composite_id = :id",
    "DELETE FROM recording WHERE composite_id = :id",
];

/// Two that follow each other in a run, and the first of a run.
const OFFSETS_SQL: &str = "
    SELECT r.composite_id, r.composite_id - r.run_offset, r.bytes_offset, r.samples_offset,
        before.bytes_offset + before.sample_file_bytes, before.samples_offset + before.video_samples
    FROM recording r JOIN recording before ON before.composite_id = r.composite_id - 1
    WHERE r.run_offset = before.run_offset + 1 AND (r.bytes_offset, r.samples_offset) IS NOT
        (before.bytes_offset + before.sample_file_bytes, before.samples_offset + before.video_samples)
    UNION ALL SELECT composite_id, composite_id, bytes_offset, samples_offset, 0, 0 FROM recording
    WHERE run_offset = 0 AND (bytes_offset, samples_offset) IS NOT (0, 0) ORDER BY 1";

/// The row of a run, made anew; without recordings it goes. What is before each is counted anew too.
fn sum_up(conn: &Connection, run: RecordingId, told: Option<&ClosedRecording>) -> Result<()> {
    let what = || format!("sum up run {run}");
    let kept = conn
        .query_row(KEPT_SQL, named_params! {":run": run.composite()}, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()
        .or_sql(what)?;
    let told =
        told.map(|c| (c.clock_offset.0, c.recording.flags.contains(crate::media::recording::Flags::UNPROVEN_TIME)));
    let (clock_offset, unproven) = kept.or(told).unwrap_or_default();
    conn.execute("DELETE FROM run WHERE id = :run", named_params! {":run": run.composite()}).or_sql(what)?;
    let params = named_params! {
        ":run": run.composite(),
        ":stream": run.stream().get(),
        ":last": RecordingId::new(run.stream(), u32::MAX).composite(),
        ":clock_offset": WallDuration(clock_offset).0,
        ":unproven": unproven,
    };
    conn.execute(SUM_UP_SQL, params).or_sql(what)?;
    runs::count_before(conn, run)
}

const KEPT_SQL: &str = "SELECT clock_offset_90k, unproven FROM run WHERE id = :run";

const SUM_UP_SQL: &str = "INSERT INTO run (id, stream_id, open_id, clock_offset_90k, unproven, first_id, last_id,
        start_90k, recordings, wall_duration_90k, media_duration_90k, sample_file_bytes, video_samples,
        video_sync_samples, video_sample_entry_id)
    SELECT :run, :stream, min(open_id), :clock_offset, :unproven, min(composite_id), max(composite_id),
        (SELECT start_90k FROM recording f WHERE f.composite_id BETWEEN :run AND :last
            AND f.composite_id - f.run_offset = :run ORDER BY f.composite_id LIMIT 1),
        count(*), sum(wall_duration_90k), sum(wall_duration_90k + media_duration_delta_90k), sum(sample_file_bytes), sum(video_samples),
        sum(video_sync_samples),
        iif(min(video_sample_entry_id) = max(video_sample_entry_id), min(video_sample_entry_id), NULL)
    FROM recording r WHERE composite_id BETWEEN :run AND :last AND composite_id - run_offset = :run
    HAVING count(*) > 0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::plan;

    #[test]
    fn what_looks_at_all_rows_goes_through_them_by_key() {
        let look = [INCOMPLETE_SQL, LOST_RUNS_SQL, OVERLAPPING_SQL, SEQUENCES_SQL, LISTED_SQL, UNUSED_SQL, OFFSETS_SQL]
            .map(plan);
        assert_eq!(
            look.join("\n--\n"),
            "SCAN r
CORRELATED SCALAR SUBQUERY 1
SEARCH stream USING INTEGER PRIMARY KEY (rowid=?)
SEARCH camera USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 2
SEARCH open USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 3
SEARCH video_sample_entry USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 4
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 5
SEARCH i USING INTEGER PRIMARY KEY (rowid=?)
--
SCAN recording USING COVERING INDEX recording_cover
CORRELATED SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
USE TEMP B-TREE FOR DISTINCT
--
SCAN b
SEARCH a USING INTEGER PRIMARY KEY (rowid<?)
--
SCAN recording USING COVERING INDEX recording_cover
USE TEMP B-TREE FOR GROUP BY
--
SCAN garbage
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
--
SCAN video_sample_entry
LIST SUBQUERY 1
SCAN recording USING COVERING INDEX recording_cover
CREATE BLOOM FILTER
--
MERGE (UNION ALL)
LEFT
SCAN r
SEARCH before USING INTEGER PRIMARY KEY (rowid=?)
RIGHT
SCAN recording"
        );
    }

    #[test]
    fn what_mends_one_recording_or_run_goes_by_keys() {
        let mend = [RUN_OF_SQL, KEPT_SQL, SUM_UP_SQL, REMOVE_UNUSED_SQL].map(plan);
        assert_eq!(
            mend.join("\n--\n"),
            "SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
--
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
--
SEARCH r USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCALAR SUBQUERY 1
SEARCH f USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
--
SCAN video_sample_entry
LIST SUBQUERY 1
SCAN recording USING COVERING INDEX recording_cover
CREATE BLOOM FILTER
SCAN recording USING COVERING INDEX recording_cover
SCAN run"
        );
        assert_eq!(
            FORGET_SQL.map(plan).join("\n--\n"),
            "SEARCH damage USING INTEGER PRIMARY KEY (rowid=?)
--
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)
--
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SEARCH damage USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording_index USING INTEGER PRIMARY KEY (rowid=?)"
        );
        assert_eq!(
            REMOVE_STRAYS_SQL.map(plan).join("\n--\n"),
            "SCAN recording_index
USING ROWID SEARCH ON TABLE recording FOR IN-OPERATOR
--
SCAN damage
USING ROWID SEARCH ON TABLE recording FOR IN-OPERATOR
--
SCAN onvif
USING ROWID SEARCH ON TABLE camera FOR IN-OPERATOR
--
SCAN event
USING ROWID SEARCH ON TABLE camera FOR IN-OPERATOR
--
SCAN gap
USING ROWID SEARCH ON TABLE stream FOR IN-OPERATOR
--
SCAN protected_span
USING ROWID SEARCH ON TABLE stream FOR IN-OPERATOR
--
SCAN session USING INDEX session_by_user
USING ROWID SEARCH ON TABLE user FOR IN-OPERATOR
--
SCAN user_camera
USING ROWID SEARCH ON TABLE user FOR IN-OPERATOR
USING ROWID SEARCH ON TABLE camera FOR IN-OPERATOR
--
SCAN token_camera
USING ROWID SEARCH ON TABLE token FOR IN-OPERATOR
USING ROWID SEARCH ON TABLE camera FOR IN-OPERATOR"
        );
    }
}
