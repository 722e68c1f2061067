//! Rows of runs: sums over the recordings of each that are there, kept with every change of these.

use crate::base::{RecordingId, Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::store::ClosedRecording;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use crate::store::stats::Piece;
use rusqlite::{Connection, Row, named_params};
use uuid::Uuid;

/// A run whose time became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The first recording of the run.
    pub run: RecordingId,
    /// What was added to all its times.
    pub shift: WallDuration,
}

impl Database {
    /// The film of a stream in pieces without a hole, by number. Reads one row a run, unless somebody deleted from
    /// its middle.
    pub fn pieces(&self, stream: StreamId) -> Result<Vec<Piece>> {
        const SQL: &str = "SELECT first_id, last_id, recordings, start_90k, wall_duration_90k, sample_file_bytes
            FROM run WHERE stream_id = :stream ORDER BY id";
        let what = || format!("sums of stream {stream}");
        let runs: Vec<(Piece, u32)> = self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            let rows = statement.query_map(named_params! {":stream": stream.get()}, |row| {
                let start = WallTime(row.get(3)?);
                let end = start + WallDuration(row.get(4)?);
                let (first, last) = (composite(row, 0)?.number(), composite(row, 1)?.number());
                Ok((Piece { first, last, start, end, sample_file_bytes: row.get(5)? }, row.get(2)?))
            });
            rows.or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })?;
        let mut pieces = Vec::new();
        for (piece, recordings) in runs {
            if piece.last - piece.first + 1 == recordings {
                pieces.push(piece);
            } else {
                let rows = self.recordings_by_number(stream, piece.first..=piece.last)?;
                pieces.extend(rows.iter().map(Piece::from));
            }
        }
        Ok(pieces)
    }

    /// The system clock of this boot is right from now on: every run that was recorded before it was is moved, with
    /// the gaps behind it, so that it begins when it did by today's difference of real and monotonic time.
    pub fn prove_clock(&self, boot_id: Uuid, clock_offset: WallDuration) -> Result<Vec<Moved>> {
        const SQL: &str = "SELECT run.id, last_id, :offset - clock_offset_90k FROM run
            JOIN open ON open.id = run.open_id AND open.boot_id = :boot_id WHERE unproven = 1 ORDER BY run.id";
        let what = || "move runs to the proven time";
        let params = named_params! {":boot_id": boot_id.as_bytes(), ":offset": clock_offset.0};
        self.write(|tx| {
            let mut statement = tx.prepare_cached(SQL).or_sql(what)?;
            let read = |row: &Row<'_>| Ok((composite(row, 0)?, composite(row, 1)?, WallDuration(row.get(2)?)));
            let rows = statement.query_map(params, read).or_sql(what)?;
            let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>().or_sql(what)?;
            let mut moved = Vec::new();
            for (run, last, shift) in rows {
                move_run(tx, run, last, shift).or_sql(|| format!("move run {run} to the proven time"))?;
                moved.push(Moved { run, shift });
            }
            Ok(moved)
        })
    }

    /// Runs whose sums are not those of their recordings, and runs without a row: there should be none.
    pub fn wrong_runs(&self) -> Result<Vec<RecordingId>> {
        let what = || "compare runs with their recordings";
        self.read(|conn| {
            let mut statement = conn.prepare(WRONG_SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| composite(row, 0)).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }
}

/// A run that says something else than its recordings, and the run that a recording should be counted in and is not.
/// Goes through all rows by key, without sorting them.
const WRONG_SQL: &str = "
    SELECT id FROM run WHERE (first_id, last_id, recordings, wall_duration_90k, media_duration_90k,
        sample_file_bytes, video_samples, video_sync_samples) IS NOT (
            SELECT min(composite_id), max(composite_id), count(*), sum(wall_duration_90k),
                sum(wall_duration_90k + media_duration_delta_90k), sum(sample_file_bytes), sum(video_samples),
                sum(video_sync_samples)
            FROM recording WHERE composite_id BETWEEN run.id AND run.last_id
        ) OR start_90k IS NOT (SELECT start_90k FROM recording WHERE composite_id = run.first_id)
    UNION SELECT composite_id - run_offset FROM recording WHERE NOT EXISTS (
        SELECT 1 FROM run WHERE id = composite_id - run_offset AND last_id >= composite_id
    ) ORDER BY 1";

/// Adds a recording to its run, which begins with it or has begun.
pub(super) fn add(conn: &Connection, closed: &ClosedRecording) -> Result<()> {
    const SQL: &str = "INSERT INTO run (id, stream_id, open_id, clock_offset_90k, unproven, first_id, last_id,
            start_90k, recordings, wall_duration_90k, media_duration_90k, sample_file_bytes, video_samples,
            video_sync_samples)
        VALUES (:run, :stream, :open, :clock_offset, :unproven, :id, :id, :start, 1, :wall_duration,
            :media_duration, :bytes, :samples, :sync_samples)
        ON CONFLICT (id) DO UPDATE SET
            start_90k = iif(excluded.first_id < first_id, excluded.start_90k, start_90k),
            first_id = min(first_id, excluded.first_id),
            last_id = max(last_id, excluded.last_id),
            recordings = recordings + 1,
            wall_duration_90k = wall_duration_90k + excluded.wall_duration_90k,
            media_duration_90k = media_duration_90k + excluded.media_duration_90k,
            sample_file_bytes = sample_file_bytes + excluded.sample_file_bytes,
            video_samples = video_samples + excluded.video_samples,
            video_sync_samples = video_sync_samples + excluded.video_sync_samples";
    let r = &closed.recording;
    let params = named_params! {
        ":run": r.run_start.composite(),
        ":stream": r.id.stream().get(),
        ":open": r.open_id,
        ":clock_offset": closed.clock_offset.0,
        ":unproven": r.flags.contains(Flags::UNPROVEN_TIME),
        ":id": r.id.composite(),
        ":start": r.start.0,
        ":wall_duration": r.wall_duration.0,
        ":media_duration": r.media_duration.0,
        ":bytes": r.sample_file_bytes,
        ":samples": r.video_samples,
        ":sync_samples": r.video_sync_samples,
    };
    let what = || "add to run";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// Takes a deleted recording from the sums of its run; with the last one the run goes. [`trim`] follows.
pub(super) fn subtract(conn: &Connection, r: &Recording) -> Result<()> {
    const LAST_SQL: &str = "DELETE FROM run WHERE id = :run AND recordings = 1";
    const SQL: &str = "UPDATE run SET
            recordings = recordings - 1,
            wall_duration_90k = wall_duration_90k - :wall_duration,
            media_duration_90k = media_duration_90k - :media_duration,
            sample_file_bytes = sample_file_bytes - :bytes,
            video_samples = video_samples - :samples,
            video_sync_samples = video_sync_samples - :sync_samples
        WHERE id = :run";
    let run = r.run_start.composite();
    let what = || "subtract from run";
    let deleted = conn.prepare_cached(LAST_SQL).or_sql(what)?.execute(named_params! {":run": run}).or_sql(what)?;
    if deleted == 1 {
        return Ok(());
    }
    let params = named_params! {
        ":run": run,
        ":wall_duration": r.wall_duration.0,
        ":media_duration": r.media_duration.0,
        ":bytes": r.sample_file_bytes,
        ":samples": r.video_samples,
        ":sync_samples": r.video_sync_samples,
    };
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// Lets a run begin and end with recordings that are there, after some were deleted.
pub(super) fn trim(conn: &Connection, run: RecordingId) -> Result<()> {
    let what = || format!("trim run {run}");
    let params = named_params! {":run": run.composite()};
    conn.prepare_cached(TRIM_SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

const TRIM_SQL: &str = "UPDATE run SET (first_id, start_90k) =
        (SELECT composite_id, start_90k FROM recording
         WHERE composite_id BETWEEN run.first_id AND run.last_id ORDER BY composite_id LIMIT 1),
    last_id =
        (SELECT composite_id FROM recording
         WHERE composite_id BETWEEN run.first_id AND run.last_id ORDER BY composite_id DESC LIMIT 1)
    WHERE id = :run";

/// The numbers of a run are consecutive, so a range of ids is all of it.
fn move_run(conn: &Connection, run: RecordingId, last: RecordingId, shift: WallDuration) -> rusqlite::Result<()> {
    const GAPS_SQL: &str = "UPDATE OR REPLACE gap SET start_90k = start_90k + :shift, end_90k = end_90k + :shift
        WHERE stream_id = :stream AND start_90k BETWEEN
            (SELECT start_90k FROM run WHERE id = :run) AND
            (SELECT start_90k + wall_duration_90k FROM run WHERE id = :run)";
    const RUN_SQL: &str = "UPDATE run SET start_90k = start_90k + :shift, unproven = 0,
        clock_offset_90k = clock_offset_90k + :shift WHERE id = :run";
    let (shift, run_id) = (shift.0, run.composite());
    conn.execute(GAPS_SQL, named_params! {":shift": shift, ":run": run_id, ":stream": run.stream().get()})?;
    conn.execute(MOVE_SQL, named_params! {":shift": shift, ":run": run_id, ":last": last.composite()})?;
    conn.execute(RUN_SQL, named_params! {":shift": shift, ":run": run_id})?;
    Ok(())
}

/// Flag 2 is [`Flags::UNPROVEN_TIME`].
const MOVE_SQL: &str = "UPDATE recording SET start_90k = start_90k + :shift, flags = flags & ~2
    WHERE composite_id BETWEEN :run AND :last";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Batch;
    use crate::store::db::testing::{Fixture, plan, show};
    use crate::store::gap::Gap;
    use proptest::prelude::*;
    use std::sync::Arc;

    #[test]
    fn trimming_and_moving_a_run_touch_only_its_own_rows() {
        assert_eq!(
            [TRIM_SQL, MOVE_SQL].map(plan).join("\n"),
            "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 2
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
        );
    }

    #[test]
    fn checking_runs_sorts_no_recordings() {
        assert_eq!(
            plan(WRONG_SQL),
            "MERGE (UNION)
LEFT
SCAN run
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 2
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
RIGHT
SCAN recording
CORRELATED SCALAR SUBQUERY 4
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
USE TEMP B-TREE FOR ORDER BY",
            "the sort is of what was found wrong"
        );
    }

    #[test]
    fn a_run_is_one_piece_until_somebody_deletes_from_its_middle() {
        let f = Fixture::new();
        let all = [1, 2, 3, 4].map(|n| f.closed(n, 1, i64::from(n) * 60, 60));
        f.insert(&all);
        let pieces = || {
            let pieces = f.db.pieces(f.main).unwrap();
            let text = pieces.iter().map(|p| format!("{}-{} {}..{}", p.first, p.last, p.start.0, p.end.0));
            text.collect::<Vec<_>>().join(", ").replace("00000", "")
        };
        let condemn = |number| {
            let condemned = vec![RecordingId::new(f.main, number)];
            f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
        };
        assert_eq!(pieces(), "1-4 54..270");
        condemn(1);
        assert_eq!(pieces(), "2-4 108..270");
        condemn(3);
        assert_eq!(pieces(), "2-2 108..162, 4-4 216..270");
        condemn(4);
        assert_eq!(pieces(), "2-2 108..162");
        condemn(2);
        assert_eq!(pieces(), "");
    }

    #[test]
    fn unproven_runs_of_this_boot_move_to_the_proven_time() {
        let f = Fixture::new();
        let unproven = |number, run, start| {
            let mut closed = f.closed(number, run, start, 60);
            closed.recording.flags = Flags::UNPROVEN_TIME.with(Flags::TRAILING_ZERO);
            closed.clock_offset = WallDuration(1000);
            Arc::new(closed)
        };
        let mut before = f.closed(3, 3, 900, 60);
        before.recording.flags = Flags::UNPROVEN_TIME;
        (before.recording.open_id, before.boot_id) = (7, Uuid::from_u128(7));
        let gap = |start: i64| Gap { start: WallTime(start), end: None, cause: "x".into(), detail: String::new() };
        let closed = vec![unproven(1, 1, 0), unproven(2, 1, 60), before.into(), Arc::new(f.closed(4, 4, 1800, 60))];
        let gaps = vec![(f.main, gap(120 * 90_000)), (f.main, gap(960 * 90_000))];
        f.db.commit(&Batch { closed, gaps, ..Batch::default() }).unwrap();

        let moved = f.db.prove_clock(f.boot_id, WallDuration(1007)).unwrap();
        let first = RecordingId::new(f.main, 1);
        assert_eq!(moved, [Moved { run: first, shift: WallDuration(7) }]);
        let rows: Vec<_> = f.all().iter().map(|r| (r.id.number(), r.start.0 % 90_000, r.flags.0)).collect();
        assert_eq!(rows, [(1, 7, 1), (2, 7, 1), (3, 0, 2), (4, 0, 0)]);
        let gaps = f.db.gaps(f.main, WallTime(0)..WallTime(i64::MAX)).unwrap();
        assert_eq!(gaps, [gap(120 * 90_000 + 7), gap(960 * 90_000)]);
        assert_eq!(f.db.wrong_runs().unwrap(), []);
        assert_eq!(f.db.prove_clock(f.boot_id, WallDuration(2000)).unwrap(), []);
    }

    #[test]
    fn a_wrong_sum_is_found() {
        let f = Fixture::new();
        f.insert([&f.closed(1, 1, 0, 60), &f.closed(2, 2, 60, 60), &f.closed(3, 3, 120, 60)]);
        assert_eq!(f.db.wrong_runs().unwrap(), []);
        f.write_sql("UPDATE run SET sample_file_bytes = sample_file_bytes + 1 WHERE first_id & 0xffff = 2");
        f.write_sql("DELETE FROM run WHERE first_id & 0xffff = 3");
        assert_eq!(f.db.wrong_runs().unwrap(), [2, 3].map(|n| RecordingId::new(f.main, n)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn sums_are_those_of_the_recordings_whatever_comes_and_goes(
            order in Just((1u32..=12).collect::<Vec<_>>()).prop_shuffle(),
            deletions in prop::collection::vec(prop::collection::vec(1u32..=12, 1..5), 0..5),
        ) {
            let f = Fixture::new();
            // Runs of four, a recording a minute, inserted in any order as recovery may do.
            for number in order {
                f.insert([&f.closed(number, (number - 1) / 4 * 4 + 1, i64::from(number) * 60, 60)]);
            }
            prop_assert_eq!(f.db.wrong_runs().unwrap(), []);
            for numbers in deletions {
                let condemned = numbers.iter().map(|&n| RecordingId::new(f.main, n)).collect();
                f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
                prop_assert_eq!(f.db.wrong_runs().unwrap(), [], "left: {}", show(&f.all()));
            }
        }
    }
}
