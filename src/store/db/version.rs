//! Whose database a file is, and of which version.

use crate::base::{Error, Kind, Result};
use crate::store::db::connection::open_reader;
use crate::store::db::error::SqlResult;
use rusqlite::{Connection, OptionalExtension};
use std::fmt;
use std::path::Path;

/// The version of `schema.sql`.
pub const VERSION: i64 = 2;

/// `schema.sql`: all of it, for a new database.
pub(crate) const SCHEMA: &str = include_str!("../schema.sql");

/// What can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing yet.
    Empty,
    /// Our own, of our version.
    Ours,
}

/// What can be opened or upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Empty,
    /// Our own, of our version.
    Ours,
    /// The original's.
    Old(Old),
}

/// A version that can be upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Old {
    /// Version 0, before versions were noted.
    Unversioned,
    /// Version 0.
    Zero,
    /// Version 1.
    One,
}

impl fmt::Display for Old {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unversioned => "version 0, though it does not say so",
            Self::Zero => "version 0",
            Self::One => "version 1",
        })
    }
}

/// Looks at a database. One that is of another version or not ours is an error in words for its owner.
pub(super) fn examine(conn: &Connection) -> Result<Content> {
    match look(conn)? {
        Found::Empty => Ok(Content::Empty),
        Found::Ours => Ok(Content::Ours),
        Found::Old(_) => Err(needs_upgrade("an older version")),
    }
}

/// The same for who can upgrade.
pub(crate) fn look(conn: &Connection) -> Result<Found> {
    let pragma =
        |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).or_sql(|| format!("read {name}"));
    match pragma("application_id")? {
        APPLICATION_ID => match pragma("user_version")? {
            VERSION => Ok(Found::Ours),
            older if older < VERSION => Err(needs_upgrade(&format!("version {older}"))),
            newer => {
                let why = format!(
                    "its version {newer} is newer than this lunette, which knows {VERSION}: install the newer lunette"
                );
                Err(Error::new(Kind::Conflict, why))
            }
        },
        0 => examine_foreign(conn),
        id => Err(Error::new(Kind::Conflict, format!("is not Lunette's: its application id is {id:#x}"))),
    }
}

/// Of which version a database is that a newer lunette has upgraded; `None` for any other, and where there is none. What is
/// wrong with it is found when it is opened.
pub(crate) fn newer_version(file: &Path) -> Result<Option<i64>> {
    if !file.exists() {
        return Ok(None);
    }
    let read = || -> Result<(i64, i64)> {
        let conn = open_reader(file)?;
        let pragma = |name| conn.pragma_query_value(None, name, |row| row.get(0)).or_sql(|| format!("read {name}"));
        Ok((pragma("application_id")?, pragma("user_version")?))
    };
    Ok(read().ok().filter(|&(id, version)| id == APPLICATION_ID && version > VERSION).map(|(_, version)| version))
}

/// Without our application id: the databases of the original, versions 0 and 1, had none, and neither have those of
/// Moonfire NVR, which came from the same root and counts on from 2 in its own way.
fn examine_foreign(conn: &Connection) -> Result<Found> {
    if !has_any_table(conn)? {
        return Ok(Found::Empty);
    }
    if has_table(conn, "version")? {
        return Err(match newest_version(conn)? {
            Some(0) => return Ok(Found::Old(Old::Zero)),
            Some(1) => return Ok(Found::Old(Old::One)),
            Some(v) if v >= 2 => Error::new(
                Kind::Conflict,
                format!("is a Moonfire NVR database (schema {v}), which lunette cannot use: choose another db_dir"),
            ),
            _ => not_ours(),
        });
    }
    match has_table(conn, "camera")? && has_table(conn, "recording")? {
        true => Ok(Found::Old(Old::Unversioned)),
        false => Err(not_ours()),
    }
}

fn needs_upgrade(which: &str) -> Error {
    Error::new(Kind::Conflict, format!("is of {which}: run `lunette upgrade` first"))
}

fn not_ours() -> Error {
    Error::new(Kind::Conflict, "is not Lunette's: choose another db_dir")
}

fn has_any_table(conn: &Connection) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
    conn.query_row(SQL, (), |row| row.get(0)).or_sql(|| "read schema")
}

fn has_table(conn: &Connection, name: &str) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = :name)";
    conn.query_row(SQL, &[(":name", name)], |row| row.get(0)).or_sql(|| "read schema")
}

fn newest_version(conn: &Connection) -> Result<Option<i64>> {
    const SQL: &str = "SELECT id FROM version ORDER BY id DESC LIMIT 1";
    conn.query_row(SQL, (), |row| row.get(0)).optional().or_sql(|| "read version")
}

const APPLICATION_ID: i64 = 0x4c75_6e65;

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(sql: &str) -> String {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        match examine(&conn) {
            Ok(content) => format!("{content:?}"),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn every_database_is_known_for_what_it_is() {
        const VERSION_TABLE: &str = "CREATE TABLE version (id INTEGER PRIMARY KEY, unix_time, notes);";
        let versioned = |v: i64| opening(&format!("{VERSION_TABLE} INSERT INTO version VALUES ({v}, 0, '')"));
        let ours = |v: i64| opening(&format!("{SCHEMA} PRAGMA user_version = {v}"));
        let all = [
            opening(""),
            ours(2),
            ours(1),
            ours(3),
            versioned(0),
            versioned(1),
            versioned(2),
            versioned(7),
            opening(VERSION_TABLE),
            opening("CREATE TABLE camera (id); CREATE TABLE recording (id)"),
            opening("CREATE TABLE places (id)"),
            opening("PRAGMA application_id = 7"),
        ];
        assert_eq!(
            all.join("\n"),
            "Empty
Ours
is of version 1: run `lunette upgrade` first
its version 3 is newer than this lunette, which knows 2: install the newer lunette
is of an older version: run `lunette upgrade` first
is of an older version: run `lunette upgrade` first
is a Moonfire NVR database (schema 2), which lunette cannot use: choose another db_dir
is a Moonfire NVR database (schema 7), which lunette cannot use: choose another db_dir
is not Lunette's: choose another db_dir
is of an older version: run `lunette upgrade` first
is not Lunette's: choose another db_dir
is not Lunette's: its application id is 0x7"
        );
    }
}
