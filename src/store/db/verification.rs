//! The row of verification: how far the film has been read again in the background.

use crate::base::{Result, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// How far the film has been read again. It survives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// How many times all film was read.
    pub rounds: u64,
    /// When this round began.
    pub began: WallTime,
    /// Every recording of this sequence and below is done in this round.
    pub done_sequence: u64,
}

impl Database {
    /// How far the film has been read again; `None` before that began.
    pub fn verified(&self) -> Result<Option<Place>> {
        const SQL: &str = "SELECT rounds, began_90k, done_sequence FROM verification";
        let read =
            |row: &Row<'_>| Ok(Place { rounds: row.get(0)?, began: WallTime(row.get(1)?), done_sequence: row.get(2)? });
        self.read(|conn| conn.query_row(SQL, (), read).optional().or_sql(|| "read the place of the verification"))
    }
}

/// Writes how far the film has been read again.
pub(super) fn put(conn: &Connection, place: &Place) -> Result<()> {
    const SQL: &str = "INSERT INTO verification (id, rounds, began_90k, done_sequence)
        VALUES (1, :rounds, :began, :done)
        ON CONFLICT (id) DO UPDATE SET rounds = :rounds, began_90k = :began, done_sequence = :done";
    let params = named_params! {":rounds": place.rounds, ":began": place.began.0, ":done": place.done_sequence};
    let what = || "write the place of the verification";
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Batch;
    use crate::store::db::testing::Fixture;

    #[test]
    fn the_place_is_written_with_a_flush_and_replaces_the_one_before() {
        let f = Fixture::new();
        assert_eq!(f.db.verified().unwrap(), None);
        for done_sequence in [7, 9] {
            let place = Place { rounds: 1, began: WallTime(5), done_sequence };
            f.db.commit(&Batch { verified: Some(place), ..Batch::default() }).unwrap();
            assert_eq!(f.db.verified().unwrap(), Some(place));
        }
    }
}
