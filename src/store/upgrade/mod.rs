//! `upgrade`: a database of the original system becomes one of ours, a version at a time.
//!
//! Each step is one transaction, so a step that was cut off has not happened, and the next call begins with it again.
//! What is odd in a recording is told and never stops a step. Sample files stay where they are, under their names.

mod cameras;
mod directory;
mod odd;
mod one;
mod recordings;
mod reserved;
mod survey;
mod zero;

use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::catalog::{self, Catalog};
use crate::store::db::{Access, Database, Found, Old, SqlResult, look};
use crate::store::dir::SampleDir;
use crate::store::kept;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Where lines for the owner go: steps, and what is odd.
pub(super) type Say<'a> = &'a mut dyn FnMut(&str);

/// Brings the database in `db_dir` to the newest version, if it is not there yet; with `dry_run` only tells what that
/// would be, and changes nothing. Takes the lock of both directories.
///
/// `NotFound` when there is no database or no sample directory; `Conflict` when somebody uses them, when it is no
/// database that can be upgraded, or when the directory is not that of its film.
pub fn upgrade(db_dir: &Path, sample_dir: &Path, dry_run: bool, say: Say<'_>) -> Result<()> {
    let file = db_dir.join(Database::FILE_NAME);
    upgrade_file(&file, db_dir, sample_dir, dry_run, say).map_err(|e| e.on(format!("database {}", file.display())))
}

fn upgrade_file(file: &Path, db_dir: &Path, sample_dir: &Path, dry_run: bool, say: Say<'_>) -> Result<()> {
    if !file.exists() {
        return Err(Error::new(Kind::NotFound, "there is none: `lunette init` makes a new one"));
    }
    let _lock = lock(db_dir)?;
    let mut conn = open(file, dry_run)?;
    let old = match look(&conn)? {
        Found::Old(old) => old,
        Found::Ours => {
            // An upgrade may have been cut off behind its last step.
            if let Ok(dir) = SampleDir::open(sample_dir, !dry_run)
                && !dry_run
                && dir.stat(catalog::NAME)?.is_none()
            {
                write_catalog(db_dir, &dir)?;
            }
            say("the database is of the newest version: nothing to do");
            return Ok(());
        }
        Found::Empty => return Err(Error::new(Kind::NotFound, "is empty")),
    };
    say(&format!("the database is of {old}"));
    let directory = directory::find(&conn, old, sample_dir)?;
    if dry_run {
        return survey::tell(&conn, old, say);
    }
    let dir = directory::take(directory)?;
    say("taking the write-ahead log back: journal_mode = delete");
    set(&conn, "journal_mode", "delete")?;
    set(&conn, "foreign_keys", "0")?;
    let version = if old == Old::One { 1 } else { 0 };
    match kept::keep(db_dir, version)? {
        Some(kept) => say(&format!("the database as it was is kept in {}, until the next upgrade", kept.display())),
        None => say("no copy of the database as it was is kept: there is too little room"),
    }
    if old != Old::One {
        step(&mut conn, "0 to 1", say, zero::to_one)?;
    }
    step(&mut conn, "1 to 2", say, |tx, say| one::to_two(tx, &dir, say))?;
    // The passwords of cameras are in it.
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).or_fail(Kind::Disk, || "set its mode to 0600")?;
    write_catalog(db_dir, &dir)?;
    say("done: sample files stay where they are, `lunette run` plays and deletes them like its own");
    Ok(())
}

/// What is not in the film of the database, beside the film; not into another database's directory.
fn write_catalog(db_dir: &Path, dir: &SampleDir) -> Result<()> {
    let db = Database::open(db_dir, Access::Write)?;
    if dir.uuid().is_none() || db.meta()?.directory != dir.uuid() {
        return Ok(());
    }
    dir.replace_private(catalog::NAME, &Catalog::of(&db)?.encode())
}

/// All of a step or nothing of it.
fn step(
    conn: &mut Connection,
    versions: &str,
    say: Say<'_>,
    work: impl FnOnce(&Transaction<'_>, Say<'_>) -> Result<()>,
) -> Result<()> {
    say(&format!("version {versions}: begun"));
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive).or_sql(|| "begin")?;
    work(&tx, say).map_err(|e| e.on(format!("upgrade from version {versions}")))?;
    say(&format!("version {versions}: looking at the references"));
    check_references(&tx)?;
    tx.commit().or_sql(|| "commit")?;
    say(&format!("version {versions}: done"));
    Ok(())
}

fn check_references(conn: &Connection) -> Result<()> {
    let what = || "check foreign keys";
    let mut statement = conn.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check").or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    let Some(row) = rows.next().or_sql(what)? else { return Ok(()) };
    let read = || -> rusqlite::Result<String> {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let id: Option<i64> = row.get(1)?;
        Ok(format!("{table} {} refers to a row of {parent} that is not there", id.unwrap_or_default()))
    };
    Err(Error::new(Kind::Corrupt, read().or_sql(what)?))
}

/// As the original system locks it while it runs.
fn lock(db_dir: &Path) -> Result<File> {
    let what = || format!("lock {}", db_dir.display());
    let dir = File::open(db_dir).or_fail(Kind::Disk, what)?;
    match dir.try_lock() {
        Ok(()) => Ok(dir),
        Err(TryLockError::WouldBlock) => Err(Error::new(Kind::Conflict, "is in use: stop the daemon first")),
        Err(TryLockError::Error(e)) => Err(Error::caused(Kind::Disk, what(), e)),
    }
}

fn open(file: &Path, dry_run: bool) -> Result<Connection> {
    let access = if dry_run { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    let conn = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).or_sql(|| "open")?;
    conn.busy_timeout(Duration::from_secs(5)).or_sql(|| "busy timeout")?;
    conn.set_prepared_statement_cache_capacity(64);
    set(&conn, "synchronous", "2")?;
    set(&conn, "temp_store", "2")?;
    set(&conn, "cell_size_check", "1")?;
    set(&conn, "trusted_schema", "0")?;
    set(&conn, "cache_size", "-8192")?;
    Ok(conn)
}

/// Sets a pragma, and reads it back: SQLite refuses silently.
fn set(conn: &Connection, name: &str, value: &str) -> Result<()> {
    let what = || format!("pragma {name} = {value}");
    conn.execute_batch(&format!("PRAGMA {name} = {value}")).or_sql(what)?;
    let actual = conn.query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), (), |row| row.get(0));
    let actual: String = actual.or_sql(what)?;
    match actual {
        actual if actual == *value => Ok(()),
        actual => Err(Error::new(Kind::Busy, format!("{}: SQLite says {actual:?}; is it in use?", what()))),
    }
}

/// Runs statements without parameters.
fn batch(conn: &Connection, what: &str, sql: &str) -> Result<()> {
    conn.execute_batch(sql).or_sql(|| what)
}

/// Makes room for a new table of a name: the old one is called `old_NAME` from here on, and has no index any more but
/// those that its columns need.
fn put_away(conn: &Connection, table: &str) -> Result<()> {
    const INDEXES_SQL: &str =
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL";
    let what = || format!("rename table {table}");
    let mut statement = conn.prepare(INDEXES_SQL).or_sql(what)?;
    let names = statement.query_map(&[(":table", table)], |row| row.get::<_, String>(0)).or_sql(what)?;
    for name in names.collect::<rusqlite::Result<Vec<_>>>().or_sql(what)? {
        conn.execute_batch(&format!("DROP INDEX \"{}\"", name.replace('"', "\"\""))).or_sql(what)?;
    }
    conn.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}")).or_sql(what)
}

/// Notes that the database is of this version now.
fn note_version(conn: &Connection, version: i64) -> Result<()> {
    const SQL: &str = "INSERT INTO version (id, unix_time, notes) VALUES (:id, unixepoch(), :notes)";
    let notes = concat!("upgraded by lunette ", env!("CARGO_PKG_VERSION"));
    conn.execute(SQL, rusqlite::named_params! {":id": version, ":notes": notes}).or_sql(|| "note the version")?;
    Ok(())
}

/// The directory of film, while it is worked in.
type Dir = SampleDir;
