//! Opening SQLite with the settings that everything else relies on, each read back.

use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::db::error::SqlResult;
use rusqlite::{Connection, OpenFlags};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// Makes the directory (mode 0700) and an empty file (mode 0600: passwords of cameras are in it) where there is none.
pub(super) fn create_files(dir: &Path, file: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .or_fail(Kind::Disk, || format!("create directory {}", dir.display()))?;
    // Write-ahead log and shared memory get the mode of this file from SQLite.
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(file);
    opened.or_fail(Kind::Disk, || format!("create database {}", file.display()))?;
    Ok(())
}

/// The connection that writes. There is one, so nothing in this process waits for a lock of SQLite.
pub(super) fn open_writer(file: &Path) -> Result<Connection> {
    let conn = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Only a database that is still empty takes it. A minute's index blob is one leaf and one overflow page.
    set(&conn, "page_size", "4096", None)?;
    Ok(conn)
}

/// Turns on the write-ahead log, where readers and the writer do not wait for each other. A database that is not
/// ours is never given to this.
pub(super) fn use_wal(conn: &Connection) -> Result<()> {
    set(conn, "journal_mode", "wal", Some("wal"))?;
    // After a large deletion the log shrinks again.
    set(conn, "journal_size_limit", "8388608", Some("8388608"))
}

/// A connection that only reads.
pub(super) fn open_reader(file: &Path) -> Result<Connection> {
    open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(file: &Path, access: OpenFlags) -> Result<Connection> {
    // No mutex: a `Connection` is never used by two threads at once.
    let conn = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).or_sql(|| "open")?;
    // Only other programs can make us wait: the owner with the sqlite3 shell.
    conn.busy_timeout(Duration::from_secs(5)).or_sql(|| "busy timeout")?;
    conn.set_prepared_statement_cache_capacity(64);
    set(&conn, "foreign_keys", "on", Some("1"))?;
    set(&conn, "synchronous", "full", Some("2"))?;
    // The root of the device is read-only: no temporary files.
    set(&conn, "temp_store", "memory", Some("2"))?;
    // A damaged page is an error, not a wild read.
    set(&conn, "cell_size_check", "on", Some("1"))?;
    set(&conn, "trusted_schema", "off", Some("0"))?;
    set(&conn, "cache_size", "-1024", Some("-1024"))?;
    Ok(conn)
}

/// Sets a pragma, and reads it back where SQLite might have silently refused.
fn set(conn: &Connection, name: &str, value: &str, expected: Option<&str>) -> Result<()> {
    let what = || format!("pragma {name} = {value}");
    conn.execute_batch(&format!("PRAGMA {name} = {value}")).or_sql(what)?;
    let Some(expected) = expected else { return Ok(()) };
    let actual = conn.query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), (), |row| row.get(0));
    let actual: String = actual.or_sql(what)?;
    if actual != expected {
        return Err(Error::new(Kind::Internal, format!("{}: SQLite says {actual}", what())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_can_read_the_database_and_its_log() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("a/db");
        create_files(&dir, &dir.join("db")).unwrap();
        let conn = open_writer(&dir.join("db")).unwrap();
        use_wal(&conn).unwrap();
        conn.execute_batch("CREATE TABLE t (x)").unwrap();
        let mode = |name: &str| dir.join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!([mode("."), mode("db"), mode("db-wal"), mode("db-shm")], [0o700, 0o600, 0o600, 0o600]);
    }

    #[test]
    fn foreign_keys_and_extended_codes_are_on() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("db");
        create_files(temp.path(), &file).unwrap();
        let conn = open_writer(&file).unwrap();
        conn.execute_batch("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id))").unwrap();
        let e = conn.execute("INSERT INTO c VALUES (7)", ()).unwrap_err();
        assert_eq!(e.sqlite_error().unwrap().extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
    }

    #[test]
    fn a_reader_cannot_write() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("db");
        create_files(temp.path(), &file).unwrap();
        use_wal(&open_writer(&file).unwrap()).unwrap();
        assert!(open_reader(&file).unwrap().execute_batch("CREATE TABLE t (x)").is_err());
    }
}
