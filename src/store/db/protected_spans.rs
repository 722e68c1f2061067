//! Rows of protected spans.

use crate::base::{Result, StreamId, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use rusqlite::{Row, named_params};
use std::ops::Range;

impl Database {
    /// The spans of a stream whose film is kept, ascending; they neither touch nor overlap.
    pub fn protected_spans(&self, stream: StreamId) -> Result<Vec<Range<WallTime>>> {
        let what = || format!("list protected spans of stream {stream}");
        self.read(|conn| {
            let mut statement = conn.prepare_cached(LIST_SQL).or_sql(what)?;
            let read = |row: &Row<'_>| Ok(WallTime(row.get(0)?)..WallTime(row.get(1)?));
            let rows = statement.query_map(named_params! {":stream": stream.get()}, read).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// The protected spans of a stream are these from now on.
    pub fn set_protected_spans(&self, stream: StreamId, spans: &[Range<WallTime>]) -> Result<()> {
        let what = || format!("write protected spans of stream {stream}");
        self.write(|tx| {
            tx.execute(CLEAR_SQL, named_params! {":stream": stream.get()}).or_sql(what)?;
            let mut statement = tx.prepare_cached(INSERT_SQL).or_sql(what)?;
            for span in spans {
                let params = named_params! {":stream": stream.get(), ":start": span.start.0, ":end": span.end.0};
                statement.execute(params).or_sql(what)?;
            }
            Ok(())
        })
    }
}

const LIST_SQL: &str = "SELECT start_90k, end_90k FROM protected_span WHERE stream_id = :stream ORDER BY start_90k";

const CLEAR_SQL: &str = "DELETE FROM protected_span WHERE stream_id = :stream";

const INSERT_SQL: &str = "INSERT INTO protected_span (stream_id, start_90k, end_90k) VALUES (:stream, :start, :end)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::Fixture;

    #[test]
    fn spans_are_of_their_stream_and_written_as_a_whole() {
        let f = Fixture::new();
        let [a, b, c] = [(1, 2), (5, 9), (3, 4)].map(|(start, end)| WallTime(start)..WallTime(end));
        f.db.set_protected_spans(f.main, &[b.clone(), a.clone()]).unwrap();
        f.db.set_protected_spans(f.sub, std::slice::from_ref(&c)).unwrap();
        assert_eq!(f.db.protected_spans(f.main).unwrap(), [a, b]);
        f.db.set_protected_spans(f.main, &[]).unwrap();
        assert_eq!((f.db.protected_spans(f.main).unwrap(), f.db.protected_spans(f.sub).unwrap()), (vec![], vec![c]));
    }
}
