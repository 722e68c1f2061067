//! Proofs of the clock: what moves when the time that film was recorded by becomes known.

use crate::base::{RecordingId, Result, StreamId, WallDuration};
use crate::media::anchor::shift;
use crate::media::recording::Cause;
use crate::store::ClosedRecording;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use std::borrow::Cow;
use uuid::Uuid;

/// A boot whose clock was known to be right from some moment on. It is known once a boot: what was recorded before it is
/// moved, and what comes after is right from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockProof {
    /// The machine's boot.
    pub boot_id: Uuid,
    /// Realtime − monotonic then.
    pub clock_offset: WallDuration,
}

/// A run whose time became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The first recording of the run.
    pub run: RecordingId,
    /// What was added to all its times.
    pub shift: WallDuration,
}

impl Database {
    /// The proof of a boot, if there was one.
    pub fn clock_proof(&self, boot_id: Uuid) -> Result<Option<WallDuration>> {
        self.read(|conn| find(conn, boot_id))
    }

    /// All proofs of boots that there is film of, and of the newest.
    pub fn clock_proofs(&self) -> Result<Vec<ClockProof>> {
        const SQL: &str = "SELECT boot_id, clock_offset_90k FROM clock_proof ORDER BY boot_id";
        let what = || "list proofs of the clock";
        let read = |row: &Row<'_>| {
            Ok(ClockProof { boot_id: Uuid::from_bytes(row.get(0)?), clock_offset: WallDuration(row.get(1)?) })
        };
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            statement.query_map((), read).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Adds proofs that another database knew of, before what was recorded then gets its rows.
    pub fn add_clock_proofs(&self, proofs: &[ClockProof]) -> Result<()> {
        self.write(|tx| proofs.iter().try_for_each(|proof| put(tx, *proof)))
    }

    /// The last recording of the newest run of a stream, but for runs of other boots that never learned the time, and
    /// imported ones; and realtime − monotonic of that run, if it is of this boot. Reads a row for each such run at the end.
    pub fn newest_run(&self, stream: StreamId, boot_id: Uuid) -> Result<Option<(RecordingId, Option<WallDuration>)>> {
        let numbers = [0, u32::MAX].map(|number| RecordingId::new(stream, number).composite());
        let params = named_params! {":first": numbers[0], ":last": numbers[1], ":boot_id": boot_id.as_bytes()};
        let read = |row: &Row<'_>| Ok((composite(row, 0)?, row.get::<_, Option<i64>>(1)?.map(WallDuration)));
        let what = || format!("newest run of stream {stream}");
        self.read(|conn| {
            let mut statement = conn.prepare_cached(NEWEST_SQL).or_sql(what)?;
            statement.query_row(params, read).optional().or_sql(what)
        })
    }

    /// The system's clock is right, and was proven in this boot: every run of it that was recorded before it was known
    /// is moved, with the holes around it, so that it begins when it did by this difference of real and monotonic time.
    /// Of the second and later proofs of a boot nothing is kept. All in one transaction.
    pub(crate) fn prove_clock(&self, proof: ClockProof) -> Result<Vec<Moved>> {
        self.write(|tx| {
            tx.execute(FORGET_SQL, ()).or_sql(|| "forget proofs of the clock")?;
            put(tx, proof)?;
            let proven = find(tx, proof.boot_id)?.expect("it was put there just now");
            move_all(tx, ClockProof { clock_offset: proven, ..proof })
        })
    }
}

/// A closed recording, moved if its boot's clock was proven after it had begun.
pub(super) fn in_proven_time<'a>(conn: &Connection, closed: &'a ClosedRecording) -> Result<Cow<'a, ClosedRecording>> {
    let proven = if closed.is_unproven() { find(conn, closed.boot_id)? } else { None };
    Ok(proven.map_or(Cow::Borrowed(closed), |proven| Cow::Owned(closed.clone().in_proven_time(proven))))
}

fn find(conn: &Connection, boot_id: Uuid) -> Result<Option<WallDuration>> {
    const SQL: &str = "SELECT clock_offset_90k FROM clock_proof WHERE boot_id = :boot_id";
    let what = || "find a proof of the clock";
    let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
    let read = |row: &Row<'_>| row.get(0).map(WallDuration);
    statement.query_row(named_params! {":boot_id": boot_id.as_bytes()}, read).optional().or_sql(what)
}

fn put(conn: &Connection, proof: ClockProof) -> Result<()> {
    const SQL: &str = "INSERT INTO clock_proof (boot_id, clock_offset_90k) VALUES (:boot_id, :offset)
        ON CONFLICT (boot_id) DO NOTHING";
    let params = named_params! {":boot_id": proof.boot_id.as_bytes(), ":offset": proof.clock_offset.0};
    conn.execute(SQL, params).or_sql(|| "write a proof of the clock")?;
    Ok(())
}

/// Starts first, then the ends of the holes before them: a run and the one before it may have moved by different times.
fn move_all(conn: &Connection, proof: ClockProof) -> Result<Vec<Moved>> {
    let what = || "move runs to the proven time";
    let mut statement = conn.prepare_cached(UNPROVEN_SQL).or_sql(what)?;
    let read = |row: &Row<'_>| Ok((composite(row, 0)?, composite(row, 1)?, WallDuration(row.get(2)?)));
    let rows = statement.query_map(named_params! {":boot_id": proof.boot_id.as_bytes()}, read).or_sql(what)?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>().or_sql(what)?;
    let mut moved = Vec::new();
    for (run, last, own) in rows {
        let shift = shift(own, proof.clock_offset);
        move_run(conn, run, last, shift).or_sql(|| format!("move run {run} to the proven time"))?;
        moved.push(Moved { run, shift });
    }
    for Moved { run, .. } in &moved {
        end_hole_before(conn, *run).or_sql(|| format!("move the hole before run {run}"))?;
    }
    Ok(moved)
}

/// The numbers of a run are consecutive, so a range of ids is all of it.
fn move_run(conn: &Connection, run: RecordingId, last: RecordingId, shift: WallDuration) -> rusqlite::Result<()> {
    let (shift, run_id) = (shift.0, run.composite());
    conn.execute(MOVE_GAPS_SQL, named_params! {":shift": shift, ":run": run_id, ":stream": run.stream().get()})?;
    conn.execute(MOVE_SQL, named_params! {":shift": shift, ":run": run_id, ":last": last.composite()})?;
    conn.execute(MOVE_RUN_SQL, named_params! {":shift": shift, ":run": run_id})?;
    Ok(())
}

/// The hole behind the recording before a run lasts until the run.
fn end_hole_before(conn: &Connection, run: RecordingId) -> rusqlite::Result<()> {
    let stream = run.stream();
    conn.execute(
        END_GAP_SQL,
        named_params! {
            ":run": run.composite(),
            ":stream": stream.get(),
            ":first": RecordingId::new(stream, 0).composite(),
            ":moved": Cause::ClockMoved.words(),
        },
    )?;
    Ok(())
}

const NEWEST_SQL: &str = "SELECT last_id, iif(open.boot_id = :boot_id, clock_offset_90k, NULL) FROM run
    JOIN open ON open.id = run.open_id
    WHERE run.id BETWEEN :first AND :last AND (unproven = 0 OR open.boot_id = :boot_id)
        AND (SELECT flags & 16 FROM recording WHERE composite_id = last_id) = 0 -- not imported
    ORDER BY run.id DESC LIMIT 1";

/// Of boots that there is nothing left of: a box without a clock is started often.
const FORGET_SQL: &str = "DELETE FROM clock_proof WHERE boot_id NOT IN (SELECT boot_id FROM open WHERE id >=
    (SELECT ifnull(min(open_id), 0) FROM run))";

const UNPROVEN_SQL: &str = "SELECT run.id, last_id, clock_offset_90k FROM run
    JOIN open ON open.id = run.open_id AND open.boot_id = :boot_id WHERE unproven = 1 ORDER BY run.id";

const MOVE_GAPS_SQL: &str = "UPDATE OR REPLACE gap SET start_90k = start_90k + :shift,
        end_90k = max(end_90k, start_90k + :shift)
    WHERE stream_id = :stream AND start_90k BETWEEN
        (SELECT start_90k FROM run WHERE id = :run) AND
        (SELECT start_90k + wall_duration_90k FROM run WHERE id = :run)";

const MOVE_RUN_SQL: &str = "UPDATE run SET start_90k = start_90k + :shift, unproven = 0,
    clock_offset_90k = clock_offset_90k + :shift WHERE id = :run";

/// Flag 2 is [`crate::media::recording::Flags::UNPROVEN_TIME`].
const MOVE_SQL: &str = "UPDATE recording SET start_90k = start_90k + :shift, flags = flags & ~2
    WHERE composite_id BETWEEN :run AND :last";

/// A run that still begins before the film before it ended is no hole: one of the two clocks was wrong.
const END_GAP_SQL: &str = "UPDATE gap SET end_90k = max(gap.start_90k, run.start_90k),
        cause = iif(run.start_90k < gap.start_90k, :moved, cause)
    FROM run WHERE run.id = :run AND run.first_id = run.id AND gap.stream_id = :stream AND gap.start_90k =
        (SELECT start_90k + wall_duration_90k FROM recording
         WHERE composite_id > :first AND composite_id < :run ORDER BY composite_id DESC LIMIT 1)";

#[cfg(test)]
mod tests;
