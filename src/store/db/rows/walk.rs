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
        let (row, sequence) = read(row, wanted).or_sql(what)?;
        while let Some(newer) = unflushed.pop_if(|r| (r.start, r.sequence) > (row.start, sequence)) {
            rows.add(newer.into())?;
        }
        rows.add(row)?;
    }
    unflushed.into_iter().rev().try_for_each(|r| rows.add(r.into()))
}

/// Bounded from both sides like the listing of recordings, whose order it turns around; all that it reads is in the
/// index.
pub(super) const WALK_SQL: &str = "SELECT composite_id, start_90k, sequence, wall_duration_90k,
        media_duration_delta_90k, sample_file_bytes, video_samples, video_sample_entry_id, run_offset, flags, end_reason
    FROM recording WHERE stream_id = :stream AND start_90k > :low AND start_90k < :end
        AND start_90k + max(wall_duration_90k, 1) > :start AND composite_id BETWEEN :first AND :last
    ORDER BY start_90k DESC, sequence DESC";

/// A row of [`WALK_SQL`], and its sequence.
fn read(row: &rusqlite::Row<'_>, wanted: &Wanted<'_>) -> rusqlite::Result<(Row, u64)> {
    let id = composite(row, 0)?;
    let number = id.number();
    let run_offset: u32 = row.get(8)?;
    let wall_duration: i64 = row.get(3)?;
    let media_delta: i64 = row.get(4)?;
    let read = Row {
        first: number,
        last: number,
        run_start: number.checked_sub(run_offset).ok_or_else(|| out_of_range(8, run_offset.into()))?,
        sample_entry_id: row.get(7)?,
        start: WallTime(row.get(1)?),
        wall_duration: WallDuration(wall_duration),
        media_duration: MediaDuration(wall_duration.saturating_add(media_delta)),
        sample_file_bytes: row.get(5)?,
        video_samples: row.get(6)?,
        growing: false,
        missing: wanted.missing.is_some_and(|missing| missing.contains(&id)),
        has_trailing_zero: Flags(row.get(9)?).contains(Flags::TRAILING_ZERO),
        end_reason: row.get_ref(10)?.as_str_or_null()?.map(Arc::from),
    };
    Ok((read, row.get(2)?))
}
