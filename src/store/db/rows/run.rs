//! `Run`: a run as its row tells it, and rows of a listing made from sums and borders.

use super::Wanted;
use crate::base::{Error, Kind, MediaDuration, RecordingId, Result, WallDuration, WallTime};
use crate::media::recording::Flags;
use crate::media::rows::{Row, Rows};
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::{RECORDING_LIMIT, composite};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, named_params};
use std::ops::Range;
use std::sync::Arc;

/// The row of a run, and that of its last recording.
#[derive(Debug)]
pub(super) struct Run {
    id: RecordingId,
    first: RecordingId,
    last: RecordingId,
    recordings: u32,
    start: WallTime,
    wall_duration: WallDuration,
    media_duration: MediaDuration,
    bytes: u64,
    samples: u64,
    sample_entry_id: Option<i32>,
    newest: Option<Edge>,
}

/// A recording beside which a row of the listing may begin or end.
#[derive(Debug)]
struct Edge {
    before: Border,
    behind: Border,
}

/// The moment before a recording of a run, or behind its last.
#[derive(Clone, Debug)]
struct Border {
    /// The number of the recording behind it.
    number: u32,
    at: WallTime,
    /// Sums over what comes before it in the run.
    media: MediaDuration,
    bytes: u64,
    samples: u64,
    /// What the recording before it says of the run's end, where that is known.
    trailing_zero: bool,
    end_reason: Option<Arc<str>>,
}

impl Run {
    /// Tells `visit` all runs that may have one of the wanted recordings, newest first.
    pub(super) fn visit(
        conn: &Connection,
        wanted: &Wanted<'_>,
        mut visit: impl FnMut(Self) -> Result<()>,
    ) -> Result<()> {
        let what = || format!("list runs of stream {}", wanted.stream);
        let composite = |number| RecordingId::new(wanted.stream, number).composite();
        let (first, last) = (composite(wanted.extent.first), composite(wanted.extent.last));
        let params = named_params! {":stream_start": composite(0), ":first": first, ":last": last};
        let mut statement = conn.prepare_cached(RUNS_SQL).or_sql(what)?;
        let mut rows = statement.query(params).or_sql(what)?;
        while let Some(row) = rows.next().or_sql(what)? {
            visit(Self::read(row).or_sql(what)?)?;
        }
        Ok(())
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            newest: if row.get_ref(0)? == ValueRef::Null { None } else { Some(Edge::read(row)?) },
            id: composite(row, 11)?,
            first: composite(row, 12)?,
            last: composite(row, 13)?,
            recordings: row.get(14)?,
            start: WallTime(row.get(15)?),
            wall_duration: WallDuration(row.get(16)?),
            media_duration: MediaDuration(row.get(17)?),
            bytes: row.get(18)?,
            samples: row.get(19)?,
            sample_entry_id: row.get(20)?,
        })
    }

    /// The number that it is known by.
    pub(super) fn number(&self) -> u32 {
        self.id.number()
    }

    /// From the first to the last recording that is there.
    pub(super) fn ids(&self) -> (RecordingId, RecordingId) {
        (self.first, self.last)
    }

    /// When its first recording starts, and a moment after its last does.
    pub(super) fn starts(&self) -> Range<WallTime> {
        let last = self.newest.as_ref().map_or(WallTime(i64::MAX), |edge| edge.before.at + WallDuration(1));
        self.start..last
    }

    /// Adds the rows that its wanted recordings make. Says whether it could: only where it has no hole, and all of it
    /// is there and decoded alike, are borders enough to know.
    pub(super) fn add_to(&self, conn: &Connection, wanted: &Wanted<'_>, rows: &mut Rows) -> Result<bool> {
        let (Some(newest), Some(sample_entry_id)) = (&self.newest, self.sample_entry_id) else { return Ok(false) };
        let is_missing =
            || wanted.missing.is_some_and(|missing| missing.range(self.first..=self.last).next().is_some());
        let is_damaged = || wanted.damaged.range(self.first..=self.last).next().is_some();
        if !self.is_whole(newest) || is_missing() || is_damaged() {
            return Ok(false);
        }
        let span = &wanted.span;
        if self.start >= span.end || !newest.reaches(span.start) {
            return Ok(true);
        }
        let begin = if self.start >= span.start {
            self.begin(&newest.behind)
        } else {
            // What goes on then is wanted whole.
            let edge = self.edge_before(conn, span.start + WallDuration(1))?;
            if edge.reaches(span.start) { edge.before } else { edge.behind }
        };
        let end =
            if newest.before.at < span.end { newest.behind.clone() } else { self.edge_before(conn, span.end)?.behind };
        if begin.number >= end.number {
            return Ok(true);
        }
        let row = |from: &Border, to: &Border| Row {
            first: from.number,
            last: to.number - 1,
            run_start: self.number(),
            sample_entry_id,
            start: from.at,
            wall_duration: to.at - from.at,
            media_duration: to.media - from.media,
            sample_file_bytes: to.bytes.saturating_sub(from.bytes),
            video_samples: to.samples.saturating_sub(from.samples),
            growing: false,
            missing: false,
            damaged: false,
            has_trailing_zero: to.trailing_zero,
            end_reason: to.end_reason.clone(),
        };
        let Some(split) = wanted.terms.split else { return rows.add(row(&begin, &end)).map(|()| true) };
        // A row that was begun with what is not in the tables yet is filled first.
        let open = rows.oldest_of(self.number()).filter(|open| open.follows(&row(&begin, &end)));
        let mut row_end = open.map_or(end.at, Row::end);
        let mut end = end;
        while begin.number < end.number {
            let earliest = WallTime(row_end.0.saturating_sub(split.0));
            let cut = if earliest <= begin.at { begin.clone() } else { self.edge_before(conn, earliest)?.behind };
            if cut.number < end.number {
                rows.add(row(&cut, &end))?;
                end = cut;
            } else if row_end == end.at {
                return Err(Error::new(Kind::Corrupt, format!("recording before {}: longer than can be", end.number)));
            }
            row_end = end.at;
        }
        Ok(true)
    }

    fn is_whole(&self, newest: &Edge) -> bool {
        let numbers = i64::from(self.last.number()) - i64::from(self.first.number()) + 1;
        i64::from(self.recordings) == numbers && self.start + self.wall_duration == newest.behind.at
    }

    fn begin(&self, end: &Border) -> Border {
        Border {
            number: self.first.number(),
            at: self.start,
            media: end.media - self.media_duration,
            bytes: end.bytes.saturating_sub(self.bytes),
            samples: end.samples.saturating_sub(self.samples),
            trailing_zero: false,
            end_reason: None,
        }
    }

    /// The last recording that starts before a moment, which is after the start of the run and not after its end.
    fn edge_before(&self, conn: &Connection, moment: WallTime) -> Result<Edge> {
        let what = || format!("run {}: recording before {}", self.id, moment.0);
        let params = named_params! {
            ":stream": self.id.stream().get(),
            // It goes on until then.
            ":low": moment.0.saturating_sub(RECORDING_LIMIT.0 + 1),
            ":moment": moment.0,
            ":first": self.first.composite(),
            ":last": self.last.composite(),
        };
        let mut statement = conn.prepare_cached(EDGE_SQL).or_sql(what)?;
        let edge = statement.query_row(params, Edge::read).optional().or_sql(what)?;
        edge.ok_or_else(|| Error::new(Kind::Corrupt, what()))
    }
}

impl Edge {
    /// Eleven columns from the first on, those of [`edge_columns`].
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let before = Border {
            number: composite(row, 0)?.number(),
            at: WallTime(row.get(1)?),
            media: MediaDuration(row.get(4)?),
            bytes: row.get(5)?,
            samples: row.get(6)?,
            trailing_zero: false,
            end_reason: None,
        };
        let wall_duration: i64 = row.get(2)?;
        let media_delta: i64 = row.get(3)?;
        let behind = Border {
            number: before.number.saturating_add(1),
            at: before.at + WallDuration(wall_duration),
            media: before.media + MediaDuration(wall_duration.saturating_add(media_delta)),
            bytes: before.bytes + row.get::<_, u64>(7)?,
            samples: before.samples + row.get::<_, u64>(8)?,
            trailing_zero: Flags(row.get(9)?).contains(Flags::TRAILING_ZERO),
            end_reason: row.get_ref(10)?.as_str_or_null()?.map(Arc::from),
        };
        Ok(Self { before, behind })
    }

    /// It, or what comes behind it, is within a span that begins then.
    fn reaches(&self, start: WallTime) -> bool {
        self.behind.at > start || self.before.at >= start
    }
}

/// The columns of [`Edge::read`], of a table or its alias.
macro_rules! edge_columns {
    ($r:literal) => {
        concat!(
            $r,
            ".composite_id, ",
            $r,
            ".start_90k, ",
            $r,
            ".wall_duration_90k, ",
            $r,
            ".media_duration_delta_90k, ",
            $r,
            ".media_offset_90k, ",
            $r,
            ".bytes_offset, ",
            $r,
            ".samples_offset, ",
            $r,
            ".sample_file_bytes, ",
            $r,
            ".video_samples, ",
            $r,
            ".flags, ",
            $r,
            ".end_reason"
        )
    };
}

/// Bounded by numbers: the first run is that in which the first number is.
pub(super) const RUNS_SQL: &str = concat!(
    "SELECT ",
    edge_columns!("newest"),
    ", run.id, first_id, last_id, recordings, run.start_90k, run.wall_duration_90k, run.media_duration_90k,
        run.sample_file_bytes, run.video_samples, run.video_sample_entry_id
    FROM run LEFT JOIN recording newest ON newest.composite_id = last_id
    WHERE run.id >= ifnull((SELECT max(id) FROM run WHERE id > :stream_start AND id <= :first), :first)
        AND run.id <= :last
    ORDER BY run.id DESC"
);

/// The run may be overlapped by others.
pub(super) const EDGE_SQL: &str = concat!(
    "SELECT ",
    edge_columns!("recording"),
    " FROM recording WHERE composite_id = (
        SELECT composite_id FROM recording
        WHERE stream_id = :stream AND start_90k > :low AND start_90k < :moment
            AND composite_id BETWEEN :first AND :last
        ORDER BY start_90k DESC, sequence DESC LIMIT 1)"
);
