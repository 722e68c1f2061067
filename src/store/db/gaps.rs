//! Rows of gaps.

use crate::base::{Result, StreamId, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::gap::Gap;
use crate::store::patch::Patch;
use rusqlite::{Connection, Row, named_params};
use std::ops::Range;

impl Database {
    /// The gaps of a stream that overlap a span, ascending by start.
    pub fn gaps(&self, stream: StreamId, span: Range<WallTime>) -> Result<Vec<Gap>> {
        let mut gaps = self.newest_gaps(stream, span, u32::MAX)?;
        gaps.reverse();
        Ok(gaps)
    }

    /// The newest gaps of a stream that overlap a span, newest first.
    pub fn newest_gaps(&self, stream: StreamId, span: Range<WallTime>, limit: u32) -> Result<Vec<Gap>> {
        let what = || format!("list gaps of stream {stream}");
        let (start, end) = (span.start.0, span.end.0);
        let params = named_params! {":stream": stream.get(), ":start": start, ":end": end, ":limit": limit};
        self.read(|conn| {
            let mut statement = conn.prepare_cached(LIST_SQL).or_sql(what)?;
            let rows = statement.query_map(params, from_row).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }
}

/// What touches an edge of the span is not within it.
const LIST_SQL: &str = "SELECT start_90k, end_90k, cause, detail FROM gap
    WHERE stream_id = :stream AND start_90k < :end AND ifnull(end_90k, :end) > :start
    ORDER BY start_90k DESC LIMIT :limit";

/// Writes a gap in the place of one that starts at the same time. The gap of a stream that is gone is forgotten; an
/// end before the start, as a clock that was set back can make it, counts as the start.
pub(super) fn put(conn: &Connection, stream: StreamId, gap: &Gap) -> Result<()> {
    const SQL: &str = "INSERT INTO gap (stream_id, start_90k, end_90k, cause, detail)
        SELECT id, :start, max(:end, :start), :cause, :detail FROM stream WHERE id = :stream
        ON CONFLICT DO UPDATE SET end_90k = excluded.end_90k, cause = excluded.cause, detail = excluded.detail";
    let params = named_params! {
        ":stream": stream.get(),
        ":start": gap.start.0,
        ":end": gap.end.map(|end| end.0),
        ":cause": gap.cause,
        ":detail": gap.detail,
    };
    let what = || format!("write gap of stream {stream}");
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

impl Database {
    /// Puts gaps in the place of those that start then, in one transaction.
    pub(crate) fn patch_gaps(&self, stream: StreamId, patch: &Patch) -> Result<()> {
        self.write(|tx| {
            patch.gone.iter().try_for_each(|&start| remove(tx, stream, start))?;
            patch.come.iter().try_for_each(|gap| put(tx, stream, gap))
        })
    }

    /// Ends the gaps of a stream that last and begin before the one that begins at this moment, if there is one: where film
    /// goes on, or where it begins. A stream is in one hole at a time.
    pub(crate) fn end_gaps_before(&self, stream: StreamId, start: WallTime) -> Result<()> {
        let what = || format!("end gaps of stream {stream}");
        let params = named_params! {":stream": stream.get(), ":start": start.0};
        self.write(|tx| {
            tx.prepare_cached(END_BEFORE_SQL).or_sql(what)?.execute(params).or_sql(what)?;
            Ok(())
        })
    }

    /// Forgets the gap that starts then.
    pub(crate) fn remove_gap(&self, stream: StreamId, start: WallTime) -> Result<()> {
        self.write(|tx| remove(tx, stream, start))
    }
}

fn remove(conn: &Connection, stream: StreamId, start: WallTime) -> Result<()> {
    const SQL: &str = "DELETE FROM gap WHERE stream_id = :stream AND start_90k = :start";
    let params = named_params! {":stream": stream.get(), ":start": start.0};
    conn.prepare_cached(SQL).or_sql(|| "remove gap")?.execute(params).or_sql(|| "remove gap")?;
    Ok(())
}

const END_BEFORE_SQL: &str = "UPDATE gap SET end_90k = min(:start, ifnull((SELECT start_90k FROM recording
        WHERE stream_id = :stream AND start_90k >= gap.start_90k ORDER BY start_90k LIMIT 1), :start))
    WHERE stream_id = :stream AND start_90k < :start AND end_90k IS NULL
    AND EXISTS (SELECT 1 FROM gap WHERE stream_id = :stream AND start_90k = :start)";

/// Forgets the gaps of a stream that ended before its first film. Without any film they stay.
pub(super) fn prune(conn: &Connection, stream: StreamId) -> Result<()> {
    let what = || format!("prune gaps of stream {stream}");
    conn.prepare_cached(PRUNE_SQL).or_sql(what)?.execute(named_params! {":stream": stream.get()}).or_sql(what)?;
    Ok(())
}

const PRUNE_SQL: &str = "DELETE FROM gap WHERE stream_id = :stream AND end_90k <=
    (SELECT start_90k FROM recording WHERE stream_id = :stream ORDER BY start_90k LIMIT 1)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Gap> {
    let end = row.get::<_, Option<i64>>(1)?.map(WallTime);
    Ok(Gap { start: WallTime(row.get(0)?), end, cause: row.get(2)?, detail: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Batch;
    use crate::store::db::testing::{Fixture, plan};

    #[test]
    fn gaps_are_listed_in_their_order_and_pruning_looks_at_one_recording() {
        assert_eq!(
            [LIST_SQL, PRUNE_SQL, END_BEFORE_SQL].map(plan).join("\n"),
            "SEARCH gap USING PRIMARY KEY (stream_id=? AND start_90k<?)
SEARCH gap USING PRIMARY KEY (stream_id=?)
SCALAR SUBQUERY 1
SEARCH recording USING COVERING INDEX recording_cover (stream_id=?)
SEARCH gap USING PRIMARY KEY (stream_id=? AND start_90k<?)
SCALAR SUBQUERY 2
SEARCH gap USING PRIMARY KEY (stream_id=? AND start_90k=?)
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING COVERING INDEX recording_cover (stream_id=? AND start_90k>?)"
        );
    }

    #[test]
    fn no_more_gaps_are_read_than_are_wanted() {
        let f = Fixture::new();
        let gap = |n: i64| {
            let (start, end) = (WallTime(n * 10), Some(WallTime(n * 10 + 5)));
            (f.main, Gap { start, end, cause: "camera silent".into(), detail: String::new() })
        };
        f.db.commit(&Batch { gaps: (0..9).map(gap).collect(), ..Batch::default() }).unwrap();
        let newest = |start, end, limit| {
            let gaps = f.db.newest_gaps(f.main, WallTime(start)..WallTime(end), limit).unwrap();
            gaps.iter().map(|gap| gap.start.0).collect::<Vec<_>>()
        };
        assert_eq!(newest(0, 1000, 2), [80, 70]);
        assert_eq!(newest(15, 50, 9), [40, 30, 20]);
        assert_eq!(newest(14, 41, 9), [40, 30, 20, 10]);
    }

    #[test]
    fn a_gap_begins_open_and_ends_in_place() {
        let f = Fixture::new();
        let gap = |end| Gap { start: WallTime(10), end, cause: "camera silent".into(), detail: "for 10 s".into() };
        let put = |end| f.db.commit(&Batch { gaps: vec![(f.main, gap(end))], ..Batch::default() }).unwrap();
        let list = |start, end| f.db.gaps(f.main, WallTime(start)..WallTime(end)).unwrap();
        put(None);
        assert_eq!(list(100, 200), [gap(None)]);
        assert_eq!(list(0, 10), []);
        put(Some(WallTime(20)));
        assert_eq!(list(19, 200), [gap(Some(WallTime(20)))]);
        assert_eq!(list(20, 200), []);
        put(Some(WallTime(3)));
        assert_eq!(list(0, 200), [gap(Some(WallTime(10)))]);
    }
}
