//! Rows of damage: film that was read again and is not what was recorded.

use crate::base::{RecordingId, Result, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use rusqlite::named_params;

/// A recording whose film is known to be damaged. It is still played: most of its frames are whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Which one.
    pub id: RecordingId,
    /// When it was found.
    pub found: WallTime,
    /// What is wrong with it, in words.
    pub what: String,
}

impl Damage {
    /// What is told of film whose hash is another.
    pub const WRONG: &str = "its film is not what was recorded";
    /// What is told of film that the disk does not give, before its reason.
    pub const UNREADABLE: &str = "its film cannot be read";

    /// It was found by reading, and reading may find that it is over. Frames that were cut off do not come back.
    pub fn is_of_reading(&self) -> bool {
        self.what == Self::WRONG || self.what.starts_with(Self::UNREADABLE)
    }
}

impl Database {
    /// All damage, by recording.
    pub fn damaged(&self) -> Result<Vec<Damage>> {
        const SQL: &str = "SELECT composite_id, found_90k, what FROM damage ORDER BY composite_id";
        let what = || "list damage";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| {
                Ok(Damage { id: composite(row, 0)?, found: WallTime(row.get(1)?), what: row.get(2)? })
            });
            rows.or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Notes damage. What was noted before stays; a recording that is gone has none. True if it is news.
    pub fn note_damage(&self, damage: &Damage) -> Result<bool> {
        let params = named_params! {
            ":id": damage.id.composite(),
            ":found": damage.found.0,
            ":what": damage.what,
        };
        self.write(|tx| {
            Ok(tx.execute(NOTE_SQL, params).or_sql(|| format!("recording {}: note damage", damage.id))? == 1)
        })
    }

    /// The recording is not damaged after all.
    pub fn clear_damage(&self, id: RecordingId) -> Result<()> {
        const SQL: &str = "DELETE FROM damage WHERE composite_id = :id";
        self.write(|tx| {
            tx.execute(SQL, named_params! {":id": id.composite()})
                .or_sql(|| format!("recording {id}: clear damage"))?;
            Ok(())
        })
    }
}

const NOTE_SQL: &str = "INSERT INTO damage (composite_id, found_90k, what)
    SELECT composite_id, :found, :what FROM recording WHERE composite_id = :id ON CONFLICT DO NOTHING";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Batch;
    use crate::store::db::testing::{Fixture, plan};

    #[test]
    fn a_recording_is_looked_up_by_its_key() {
        assert_eq!(plan(NOTE_SQL), "SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)");
    }

    #[test]
    fn damage_is_told_once_and_goes_with_its_recording() {
        let f = Fixture::new();
        f.insert([f.closed(1, 1, 0, 60)]);
        let damage = |number| Damage { id: RecordingId::new(f.main, number), found: WallTime(7), what: "torn".into() };
        assert_eq!([1, 1, 2].map(|n| f.db.note_damage(&damage(n)).unwrap()), [true, false, false]);
        assert_eq!(f.db.damaged().unwrap(), [damage(1)]);
        f.db.clear_damage(damage(1).id).unwrap();
        assert_eq!(f.db.damaged().unwrap(), []);
        assert!(f.db.note_damage(&damage(1)).unwrap());
        f.db.commit(&Batch { condemned: vec![damage(1).id], ..Batch::default() }).unwrap();
        assert_eq!(f.db.damaged().unwrap(), []);
    }
}
