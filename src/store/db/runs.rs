//! Rows of runs: sums over the recordings of each that are there, kept with every change of these.

use crate::base::{RecordingId, Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::store::ClosedRecording;
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use crate::store::stats::Piece;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

impl Database {
    /// The film of a stream in pieces without a hole, by number. Reads one row a run, unless somebody deleted from
    /// its middle.
    pub fn pieces(&self, stream: StreamId) -> Result<Vec<Piece>> {
        let what = || format!("sums of stream {stream}");
        let numbers = [0, u32::MAX].map(|number| RecordingId::new(stream, number).composite());
        let runs: Vec<(Piece, u32)> = self.read(|conn| {
            let mut statement = conn.prepare_cached(PIECES_SQL).or_sql(what)?;
            let rows = statement.query_map(named_params! {":first": numbers[0], ":last": numbers[1]}, |row| {
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

const PIECES_SQL: &str = "SELECT first_id, last_id, recordings, start_90k, wall_duration_90k, sample_file_bytes
    FROM run WHERE id BETWEEN :first AND :last ORDER BY id";

/// A run that says something else than its recordings, or whose recordings count wrongly what is before them; and the run that a recording should be counted in and is not.
/// Goes through all rows by key, without sorting them.
const WRONG_SQL: &str = "
    SELECT id FROM run WHERE (first_id, last_id, recordings, wall_duration_90k, media_duration_90k,
        sample_file_bytes, video_samples, video_sync_samples) IS NOT (
            SELECT min(composite_id), max(composite_id), count(*), sum(wall_duration_90k),
                sum(wall_duration_90k + media_duration_delta_90k), sum(sample_file_bytes), sum(video_samples),
                sum(video_sync_samples)
            FROM recording WHERE composite_id BETWEEN run.id AND run.last_id
        ) OR start_90k IS NOT (SELECT start_90k FROM recording WHERE composite_id = run.first_id)
        OR EXISTS (
            SELECT 1 FROM recording WHERE composite_id BETWEEN run.id AND run.last_id
            AND video_sample_entry_id <> run.video_sample_entry_id
        ) OR EXISTS (
            SELECT 1 FROM recording r JOIN recording before ON before.composite_id = r.composite_id - 1
            WHERE r.composite_id BETWEEN run.id + 1 AND run.last_id
            AND (r.bytes_offset, r.samples_offset) IS NOT
                (before.bytes_offset + before.sample_file_bytes, before.samples_offset + before.video_samples)
        )
    UNION SELECT composite_id - run_offset FROM recording WHERE NOT EXISTS (
        SELECT 1 FROM run WHERE id = composite_id - run_offset AND last_id >= composite_id
    ) ORDER BY 1";

/// Adds a recording to its run, which begins with it or has begun.
pub(super) fn add(conn: &Connection, closed: &ClosedRecording, sample_entry_id: i32) -> Result<()> {
    const SQL: &str = "INSERT INTO run (id, stream_id, open_id, clock_offset_90k, unproven, first_id, last_id,
            start_90k, recordings, wall_duration_90k, media_duration_90k, sample_file_bytes, video_samples,
            video_sync_samples, video_sample_entry_id)
        VALUES (:run, :stream, :open, :clock_offset, :unproven, :id, :id, :start, 1, :wall_duration,
            :media_duration, :bytes, :samples, :sync_samples, :sample_entry)
        ON CONFLICT (id) DO UPDATE SET
            start_90k = iif(excluded.first_id < first_id, excluded.start_90k, start_90k),
            first_id = min(first_id, excluded.first_id),
            last_id = max(last_id, excluded.last_id),
            recordings = recordings + 1,
            wall_duration_90k = wall_duration_90k + excluded.wall_duration_90k,
            media_duration_90k = media_duration_90k + excluded.media_duration_90k,
            sample_file_bytes = sample_file_bytes + excluded.sample_file_bytes,
            video_samples = video_samples + excluded.video_samples,
            video_sync_samples = video_sync_samples + excluded.video_sync_samples,
            video_sample_entry_id =
                iif(video_sample_entry_id = excluded.video_sample_entry_id, video_sample_entry_id, NULL)";
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
        ":sample_entry": sample_entry_id,
    };
    let what = || "add to run";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    shift_later(conn, r)
}

/// A recording may get its row after later ones of its run, when it was lost and found: what these count before them
/// goes on from it then. Offsets of a run ascend, so none becomes less than nothing.
fn shift_later(conn: &Connection, r: &Recording) -> Result<()> {
    let what = || "sums of the run behind it";
    let (id, run) = (r.id.composite(), r.run_start.composite());
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mut statement = conn.prepare_cached(NEXT_SQL).or_sql(what)?;
    let next = statement.query_row(named_params! {":id": id, ":run": run}, read).optional().or_sql(what)?;
    let Some((is_adjacent, bytes, samples)): Option<(bool, i64, i64)> = next else { return Ok(()) };
    let shift = |by: i64| if is_adjacent { by } else { by.max(0) };
    let (bytes, samples) = (shift(bytes), shift(samples));
    if (bytes, samples) != (0, 0) {
        let params = named_params! {":id": id, ":run": run, ":bytes": bytes, ":samples": samples};
        conn.prepare_cached(SHIFT_SQL).or_sql(what)?.execute(params).or_sql(what)?;
    }
    Ok(())
}

const NEXT_SQL: &str = "SELECT next.composite_id = r.composite_id + 1,
        r.bytes_offset + r.sample_file_bytes - next.bytes_offset,
        r.samples_offset + r.video_samples - next.samples_offset
    FROM recording r JOIN recording next ON next.composite_id > r.composite_id
        AND next.composite_id <= (SELECT last_id FROM run WHERE id = :run)
    WHERE r.composite_id = :id ORDER BY next.composite_id LIMIT 1";

const SHIFT_SQL: &str = "UPDATE recording
    SET bytes_offset = bytes_offset + :bytes, samples_offset = samples_offset + :samples
    WHERE composite_id > :id AND composite_id <= (SELECT last_id FROM run WHERE id = :run)";

/// Counts what is before each recording of a run anew, from the first that is there: what was deleted before that is
/// known to its own row alone.
pub(super) fn count_before(conn: &Connection, run: RecordingId) -> Result<()> {
    let what = || format!("count what is before the recordings of run {run}");
    let params = named_params! {":run": run.composite()};
    let mut statement = conn.prepare_cached(MEMBERS_SQL).or_sql(what)?;
    let mut rows = statement.query(params).or_sql(what)?;
    let mut before: Option<(i64, i64, i64)> = None;
    while let Some(row) = rows.next().or_sql(what)? {
        let read =
            || -> rusqlite::Result<[i64; 5]> { Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]) };
        let [id, told_bytes, told_samples, bytes, samples] = read().or_sql(what)?;
        let found = match before {
            Some((last, bytes, samples)) if last + 1 == id => (bytes, samples),
            Some((_, bytes, samples)) => (told_bytes.max(bytes), told_samples.max(samples)),
            None if id == run.composite() => (0, 0),
            None => (told_bytes, told_samples),
        };
        if found != (told_bytes, told_samples) {
            let params = named_params! {":id": id, ":bytes": found.0, ":samples": found.1};
            conn.execute(SET_OFFSETS_SQL, params).or_sql(what)?;
        }
        before = Some((id, found.0 + bytes, found.1 + samples));
    }
    Ok(())
}

const MEMBERS_SQL: &str = "SELECT composite_id, bytes_offset, samples_offset, sample_file_bytes, video_samples
    FROM recording WHERE composite_id BETWEEN :run AND (SELECT last_id FROM run WHERE id = :run)
    AND composite_id - run_offset = :run ORDER BY composite_id";

const SET_OFFSETS_SQL: &str =
    "UPDATE recording SET bytes_offset = :bytes, samples_offset = :samples WHERE composite_id = :id";

/// What a recording that gets its row has before it in its run: bytes of film and frames.
pub(super) fn sums_before(conn: &Connection, r: &Recording) -> Result<(u64, u64)> {
    let what = || "sums of the run before it";
    let mut statement = conn.prepare_cached(SUMS_BEFORE_SQL).or_sql(what)?;
    let params = named_params! {":run": r.run_start.composite(), ":id": r.id.composite()};
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(statement.query_row(params, read).optional().or_sql(what)?.unwrap_or((0, 0)))
}

const SUMS_BEFORE_SQL: &str = "SELECT bytes_offset + sample_file_bytes, samples_offset + video_samples FROM recording
    WHERE composite_id >= :run AND composite_id < :id ORDER BY composite_id DESC LIMIT 1";

/// Takes a deleted recording from the sums of its run; with the last one the run goes. [`trim`] follows.
pub(super) fn subtract(conn: &Connection, r: &Recording) -> Result<()> {
    let run = r.run_start.composite();
    let what = || "subtract from run";
    let deleted = conn.prepare_cached(EMPTY_SQL).or_sql(what)?.execute(named_params! {":run": run}).or_sql(what)?;
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
    conn.prepare_cached(SUBTRACT_SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// Before the subtraction: its last recording goes.
const EMPTY_SQL: &str = "DELETE FROM run WHERE id = :run AND recordings = 1";

const SUBTRACT_SQL: &str = "UPDATE run SET
    recordings = recordings - 1,
    wall_duration_90k = wall_duration_90k - :wall_duration,
    media_duration_90k = media_duration_90k - :media_duration,
    sample_file_bytes = sample_file_bytes - :bytes,
    video_samples = video_samples - :samples,
    video_sync_samples = video_sync_samples - :sync_samples
    WHERE id = :run";

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

#[cfg(test)]
mod tests;
