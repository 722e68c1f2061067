//! Walking recordings, newest first, without holding them.

use super::Wanted;
use super::run::Run;
use crate::base::{MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::media::rows::{Row, Rows};
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::{RECORDING_LIMIT, composite, out_of_range};
use rusqlite::{Connection, named_params};
use std::ops::Range;
use std::sync::Arc;

/// All that is wanted of the stream.
pub(super) fn all(conn: &Connection, wanted: &Wanted<'_>, unflushed: &[Recording], rows: &mut Rows) -> Result<()> {
    let id = |number| RecordingId::new(wanted.stream, number);
    walk(conn, wanted, (id(0), id(u32::MAX)), wanted.span.clone(), unflushed, rows)
}

/// What is wanted of one run.
pub(super) fn run(
    conn: &Connection,
    wanted: &Wanted<'_>,
    run: &Run,
    unflushed: &[Recording],
    rows: &mut Rows,
) -> Result<()> {
    let starts = run.starts();
    let span = wanted.span.start.max(starts.start)..wanted.span.end.min(starts.end);
    walk(conn, wanted, run.ids(), span, unflushed, rows)
}

fn walk(
    conn: &Connection,
    wanted: &Wanted<'_>,
    ids: (RecordingId, RecordingId),
    span: Range<WallTime>,
    unflushed: &[Recording],
    rows: &mut Rows,
) -> Result<()> {
    let what = || format!("list recordings of stream {}", wanted.stream);
    let params = named_params! {
        ":stream": wanted.stream.get(),
        ":low": span.start.0.saturating_sub(RECORDING_LIMIT.0),
        ":start": span.start.0,
        ":end": span.end.0,
        ":first": ids.0.composite(),
        ":last": ids.1.composite(),
    };
    let mut unflushed: Vec<&Recording> = unflushed.iter().collect();
    unflushed.sort_by_key(|r| (r.start, r.sequence));
    let mut statement = conn.prepare_cached(WALK_SQL).or_sql(what)?;
    let mut found = statement.query(params).or_sql(what)?;
    while let Some(row) = found.next().or_sql(what)? {
        if !unflushed.is_empty() {
            let here = (WallTime(row.get(1).or_sql(what)?), row.get(2).or_sql(what)?);
            while let Some(newer) = unflushed.pop_if(|r| (r.start, r.sequence) > here) {
                rows.add(newer.into())?;
            }
        }
        rows.add(read(row, wanted).or_sql(what)?)?;
    }
    unflushed.into_iter().rev().try_for_each(|r| rows.add(r.into()))
}

/// Bounded from both sides like the listing of recordings, whose order it turns around; all that it reads is in the
/// index. Two numbers that the schema keeps within 32 bits come as one: a column costs more than what SQLite does for it.
/// Only where film may have begun before the span is it asked how long it lasts.
pub(super) const WALK_SQL: &str = "SELECT composite_id, start_90k, sequence,
        wall_duration_90k << 32 | wall_duration_90k + media_duration_delta_90k,
        sample_file_bytes, run_offset << 32 | video_samples, video_sample_entry_id << 32 | flags, end_reason
    FROM recording WHERE stream_id = :stream AND start_90k > :low AND start_90k < :end
        AND (start_90k >= :start OR start_90k + max(wall_duration_90k, 1) > :start)
        AND composite_id BETWEEN :first AND :last
    ORDER BY start_90k DESC, sequence DESC";

/// A row of [`WALK_SQL`].
fn read(row: &rusqlite::Row<'_>, wanted: &Wanted<'_>) -> rusqlite::Result<Row> {
    let id = composite(row, 0)?;
    let number = id.number();
    let (wall_duration, media_duration) = two(row, 3)?;
    let (run_offset, video_samples) = two(row, 5)?;
    let (sample_entry_id, flags) = two(row, 6)?;
    Ok(Row {
        first: number,
        last: number,
        run_start: number.checked_sub(run_offset).ok_or_else(|| out_of_range(5, run_offset.into()))?,
        sample_entry_id: sample_entry_id.try_into().map_err(|_| out_of_range(6, sample_entry_id.into()))?,
        start: WallTime(row.get(1)?),
        wall_duration: WallDuration(wall_duration.into()),
        media_duration: MediaDuration(media_duration.into()),
        sample_file_bytes: row.get(4)?,
        video_samples: video_samples.into(),
        growing: false,
        missing: wanted.missing.is_some_and(|missing| missing.contains(&id)),
        damaged: wanted.damaged.contains_key(&id),
        has_trailing_zero: Flags(flags).contains(Flags::TRAILING_ZERO),
        end_reason: row.get_ref(7)?.as_str_or_null()?.map(Arc::from),
    })
}

/// The upper and the lower half of a column.
fn two(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<(u32, u32)> {
    let both: i64 = row.get(column)?;
    Ok(((both >> 32) as u32, both as u32))
}
