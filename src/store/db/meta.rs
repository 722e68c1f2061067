//! The database's identity, that of its sample directory, and when it was opened.

use crate::base::{Error, Kind, Result, WallDuration, WallTime};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use rusqlite::{OptionalExtension, named_params};
use uuid::Uuid;

/// Who this database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its own identity, which it keeps for life.
    pub database: Uuid,
    /// The sample directory that belongs to it, once there was one.
    pub directory: Option<Uuid>,
}

/// An opening of the database to record.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The machine's boot.
    pub boot_id: Uuid,
    /// Now.
    pub time: WallTime,
    /// The id is to be higher than this: the highest that a file in the sample directory names.
    pub above: u32,
    /// The version of the program.
    pub software: &'static str,
}

/// The version of this program.
pub const SOFTWARE: &str = env!("CARGO_PKG_VERSION");

impl Database {
    /// Who this database is.
    pub fn meta(&self) -> Result<Meta> {
        const SQL: &str = "SELECT database_uuid, directory_uuid FROM meta";
        let read = |row: &rusqlite::Row<'_>| {
            let directory = row.get::<_, Option<[u8; 16]>>(1)?;
            Ok(Meta { database: Uuid::from_bytes(row.get(0)?), directory: directory.map(Uuid::from_bytes) })
        };
        self.read(|conn| conn.query_row(SQL, (), read).or_sql(|| "read identity"))
    }

    /// Binds the database to its sample directory.
    pub fn set_directory(&self, uuid: Uuid) -> Result<()> {
        const SQL: &str = "UPDATE meta SET directory_uuid = :uuid";
        self.write(|tx| {
            tx.execute(SQL, named_params! {":uuid": uuid.as_bytes()}).or_sql(|| "set directory")?;
            Ok(())
        })
    }

    /// Notes that recording begins, and gives the id that tells this opening from all others.
    pub fn begin_open(&self, opening: Opening) -> Result<u32> {
        const SQL: &str = "INSERT INTO open (id, boot_id, start_90k, software)
            SELECT max(:above, ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'open'), 0)) + 1, :boot_id, :time,
            :software RETURNING id";
        let Opening { boot_id, time, above, software } = opening;
        let params = named_params! {
            ":above": above,
            ":boot_id": boot_id.as_bytes(),
            ":time": time.0,
            ":software": software,
        };
        self.write(|tx| tx.query_row(SQL, params, |row| row.get(0)).or_sql(|| "note opening"))
    }

    /// The highest id that any opening had; 0 before the first.
    pub fn last_open(&self) -> Result<u32> {
        const SQL: &str = "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'open'";
        self.read(|conn| conn.query_row(SQL, (), |row| row.get(0)).or_sql(|| "read the last opening"))
    }

    /// Whether the last opening ended in good order; there may have been none.
    pub fn ended_well(&self) -> Result<bool> {
        const SQL: &str = "SELECT end_90k IS NOT NULL FROM open ORDER BY id DESC LIMIT 1";
        let what = || "read the end of the last opening";
        self.read(|conn| conn.query_row(SQL, (), |row| row.get(0)).optional().or_sql(what))
            .map(|end| end.unwrap_or(true))
    }

    /// Which other version than this one the program had that opened so, ended in good order, and was followed by this
    /// one and no third.
    pub fn replaced(&self, id: u32, software: &str) -> Result<Option<String>> {
        const SQL: &str = "SELECT software FROM open WHERE id = :id AND end_90k IS NOT NULL AND software <> :software
            AND NOT EXISTS (SELECT 1 FROM open WHERE id > :id AND software IS NOT :software)";
        let params = named_params! {":id": id, ":software": software};
        self.read(|conn| conn.query_row(SQL, params, |row| row.get(0)).optional().or_sql(|| "read an opening"))
    }

    /// Notes that this opening ended in good order.
    pub fn end_open(&self, id: u32, time: WallTime, duration: WallDuration) -> Result<()> {
        const SQL: &str = "UPDATE open SET end_90k = :time, duration_90k = :duration WHERE id = :id";
        let params = named_params! {":id": id, ":time": time.0, ":duration": duration.0};
        self.write(|tx| match tx.execute(SQL, params).or_sql(|| "note the end of an opening")? {
            0 => Err(Error::new(Kind::NotFound, format!("opening {id}"))),
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::temp_db;

    #[test]
    fn openings_have_ids_above_all_that_were_ever_seen() {
        let (_dir, db) = temp_db();
        let begin =
            |above| db.begin_open(Opening { boot_id: Uuid::nil(), time: WallTime(7), above, software: "1" }).unwrap();
        assert_eq!([begin(0), begin(0), begin(57), begin(3)], [1, 2, 58, 59]);
        assert!(!db.ended_well().unwrap());
        db.end_open(58, WallTime(9), WallDuration(2)).unwrap();
        assert!(!db.ended_well().unwrap());
        db.end_open(59, WallTime(9), WallDuration(2)).unwrap();
        assert!(db.ended_well().unwrap());
        assert_eq!(db.end_open(60, WallTime(9), WallDuration(2)).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn a_version_is_replaced_by_the_next_that_opens_after_a_stop() {
        let (_dir, db) = temp_db();
        let open = |software, ends| {
            let id = db.begin_open(Opening { boot_id: Uuid::nil(), time: WallTime(7), above: 0, software }).unwrap();
            if ends {
                db.end_open(id, WallTime(9), WallDuration(2)).unwrap();
            }
        };
        let replaced = |id, now| db.replaced(id, now).unwrap();
        open("1", true);
        assert_eq!((replaced(1, "1"), replaced(1, "2").as_deref()), (None, Some("1")));
        open("2", false);
        assert_eq!((replaced(1, "2").as_deref(), replaced(1, "3")), (Some("1"), None));
        assert_eq!(replaced(2, "3"), None, "it was killed");
        assert_eq!(replaced(7, "3"), None);
    }

    #[test]
    fn the_sample_directory_is_remembered() {
        let (_dir, db) = temp_db();
        assert_eq!(db.meta().unwrap().directory, None);
        db.set_directory(Uuid::from_u128(7)).unwrap();
        assert_eq!(db.meta().unwrap().directory, Some(Uuid::from_u128(7)));
    }
}
