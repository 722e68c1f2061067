//! Rows of what cameras noticed.

use crate::base::{Result, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::event::Event;
use rusqlite::{Row, named_params};
use std::ops::Range;
use uuid::Uuid;

impl Database {
    /// The newest events of a camera that overlap a span, newest first.
    pub fn newest_events(&self, camera: Uuid, span: Range<WallTime>, limit: u32) -> Result<Vec<Event>> {
        let what = || format!("list events of camera {camera}");
        let (start, end) = (span.start.0, span.end.0);
        let params = named_params! {":camera": camera.as_bytes(), ":start": start, ":end": end, ":limit": limit};
        self.read(|conn| {
            let mut statement = conn.prepare_cached(LIST_SQL).or_sql(what)?;
            let rows = statement.query_map(params, from_row).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Writes events, each in the place of what was known of it. Those of a camera that is gone are forgotten; an end
    /// before the start, as a clock that was set back can make it, counts as the start.
    pub fn put_events(&self, events: &[(Uuid, Event)]) -> Result<()> {
        self.write(|tx| {
            let mut statement = tx.prepare_cached(PUT_SQL).or_sql(|| "write events")?;
            for (camera, event) in events {
                let params = named_params! {
                    ":camera": camera.as_bytes(),
                    ":start": event.start.0,
                    ":end": event.end.map(|end| end.0),
                    ":kind": event.kind,
                    ":source": event.source,
                };
                statement.execute(params).or_sql(|| format!("write an event of camera {camera}"))?;
            }
            Ok(())
        })
    }

    /// Ends what a recorder left open that ended without a farewell: where it began, for nobody saw more.
    pub fn end_open_events(&self) -> Result<()> {
        self.write(|tx| tx.execute(END_OPEN_SQL, ()).or_sql(|| "end events").map(|_| ()))
    }

    /// Forgets the events of each camera that ended before its first film, and those of cameras without film that ended
    /// before `oldest`.
    pub fn prune_events(&self, oldest: WallTime) -> Result<usize> {
        let params = named_params! {":oldest": oldest.0};
        self.write(|tx| tx.execute(PRUNE_SQL, params).or_sql(|| "forget old events"))
    }
}

const LIST_SQL: &str = "SELECT start_90k, end_90k, kind, source FROM event
    WHERE camera_id = (SELECT id FROM camera WHERE uuid = :camera)
        AND start_90k < :end AND ifnull(end_90k, :end) > :start
    ORDER BY start_90k DESC LIMIT :limit";

const PUT_SQL: &str = "INSERT INTO event (camera_id, start_90k, end_90k, kind, source)
    SELECT id, :start, max(:end, :start), :kind, :source FROM camera WHERE uuid = :camera
    ON CONFLICT DO UPDATE SET end_90k = excluded.end_90k";

const END_OPEN_SQL: &str = "UPDATE event SET end_90k = start_90k WHERE end_90k IS NULL";

const PRUNE_SQL: &str = "DELETE FROM event WHERE end_90k < ifnull(
    (SELECT min((SELECT start_90k FROM recording WHERE stream_id = stream.id ORDER BY start_90k LIMIT 1))
        FROM stream WHERE stream.camera_id = event.camera_id), :oldest)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Event> {
    let end = row.get::<_, Option<i64>>(1)?.map(WallTime);
    Ok(Event { start: WallTime(row.get(0)?), end, kind: row.get(2)?, source: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::{Fixture, plan};

    fn event(start: i64, end: Option<i64>) -> Event {
        Event { start: WallTime(start), end: end.map(WallTime), kind: "motion".into(), source: "rule 1".into() }
    }

    #[test]
    fn events_are_found_by_time() {
        assert_eq!(
            plan(LIST_SQL),
            "SEARCH event USING PRIMARY KEY (camera_id=? AND start_90k<?)
SCALAR SUBQUERY 1
SEARCH camera USING COVERING INDEX sqlite_autoindex_camera_1 (uuid=?)"
        );
        assert!(plan(PRUNE_SQL).contains("SEARCH recording USING COVERING INDEX recording_cover (stream_id=?)"));
    }

    #[test]
    fn an_event_begins_open_ends_and_goes_with_the_film() {
        let f = Fixture::new();
        let list = |start, end| f.db.newest_events(f.camera, WallTime(start)..WallTime(end), 9).unwrap();
        let put = |events: &[Event]| {
            let events: Vec<_> = events.iter().map(|event| (f.camera, event.clone())).collect();
            f.db.put_events(&events).unwrap();
        };
        put(&[event(10, None)]);
        assert_eq!((list(0, 10), list(100, 200)), (vec![], vec![event(10, None)]));
        put(&[event(10, Some(20))]);
        assert_eq!((list(0, 200), list(20, 200)), (vec![event(10, Some(20))], vec![]));
        put(&[event(90 * 90_000, Some(0)), event(91 * 90_000, None)]);
        f.db.end_open_events().unwrap();
        assert_eq!(list(0, i64::MAX)[..2], [91, 90].map(|s| event(s * 90_000, Some(s * 90_000))));
        f.db.put_events(&[(Uuid::nil(), event(1, None))]).unwrap();

        // Without film by age alone, with film by the first of it.
        assert_eq!(f.db.prune_events(WallTime(20)).unwrap(), 0);
        f.insert([f.closed(1, 1, 60, 60)]);
        assert_eq!(f.db.prune_events(WallTime(i64::MAX)).unwrap(), 1);
        assert_eq!(list(0, i64::MAX).len(), 2);
    }
}
