//! `Database`: one connection that writes, some that read.

use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::db::connection::{create_files, open_reader, open_writer, use_wal};
use crate::store::db::error::SqlResult;
use crate::store::db::version::{Content, SCHEMA, VERSION, examine};
use crate::store::sample_entries::SampleEntries;
use rusqlite::{Connection, Transaction, TransactionBehavior, named_params};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The SQLite database of a directory. Its methods block on the disk unless they say otherwise, and can be called
/// from any thread.
///
/// Errors: `Disk` and `Busy` may pass; `Corrupt` will not; `Conflict` is what a constraint refused.
#[derive(Debug)]
pub struct Database {
    file: PathBuf,
    /// Device and inode of the file that was opened.
    place: (u64, u64),
    /// Reading connections that nobody uses just now, at most [`IDLE_READERS`]. Above the writer, so that they are
    /// closed before it: the last one to go empties the write-ahead log, and a reader cannot.
    idle: Mutex<Vec<Connection>>,
    /// Asked again and again whether something was written: the answer is one connection's.
    watcher: Mutex<Watcher>,
    /// `None` when it was opened to be read.
    writer: Option<Mutex<Connection>>,
    pub(super) sample_entries: Mutex<SampleEntries>,
    /// That wrote, since it was opened.
    transactions: AtomicU64,
}

#[derive(Debug, Default)]
struct Watcher {
    conn: Option<Connection>,
    /// The last answer, and when it was asked for.
    seen: Option<(u64, Instant)>,
}

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To read and write; it is made if there is none.
    Write,
    /// To read; nothing that is stored is changed. SQLite may still lay its log and shared memory beside the file.
    Read,
}

impl Database {
    /// The original's name, so that `lunette upgrade` finds its databases where they are.
    pub(crate) const FILE_NAME: &str = "db";

    /// Opens `db` in `dir`. A file that is not a database of our version is refused in words.
    pub fn open(dir: &Path, access: Access) -> Result<Self> {
        let file = dir.join(Self::FILE_NAME);
        Self::open_file(&file, dir, access).map_err(|e| {
            let e = if e.kind() == Kind::Corrupt { e.on(DAMAGED) } else { e };
            e.on(format!("database {}", file.display()))
        })
    }

    fn open_file(file: &Path, dir: &Path, access: Access) -> Result<Self> {
        let writer = match access {
            Access::Write => {
                create_files(dir, file)?;
                let mut conn = open_writer(file)?;
                let content = examine(&conn)?;
                use_wal(&conn)?;
                if content == Content::Empty {
                    create(&mut conn)?;
                }
                Some(Mutex::new(conn))
            }
            Access::Read => {
                if !file.exists() {
                    return Err(Error::new(Kind::NotFound, "there is none: `lunette init` makes it"));
                }
                if examine(&open_reader(file)?)? == Content::Empty {
                    return Err(Error::new(Kind::NotFound, "is empty"));
                }
                None
            }
        };
        let db = Self {
            file: file.to_owned(),
            place: place(file)?,
            writer,
            idle: Mutex::default(),
            watcher: Mutex::default(),
            sample_entries: Mutex::default(),
            transactions: AtomicU64::new(0),
        };
        db.load_sample_entries()?;
        Ok(db)
    }

    /// Reads with a connection of its own: neither waits for the writer nor for other readers.
    pub(super) fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => {
                self.must_be_in_place()?;
                open_reader(&self.file)?
            }
        };
        let result = f(&conn)?;
        // One that failed is not used again.
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_READERS {
            idle.push(conn);
        }
        Ok(result)
    }

    /// Another number than before: somebody has written meanwhile. Reads shared memory, as a rule.
    pub(crate) fn data_version(&self) -> Result<u64> {
        let mut watcher = lock(&self.watcher);
        let now = Instant::now();
        let conn = match watcher.conn.take() {
            Some(conn) => conn,
            None => open_reader(&self.file)?,
        };
        let version = conn.query_row("PRAGMA data_version", (), |row| row.get(0)).or_sql(|| "pragma data_version")?;
        *watcher = Watcher { conn: Some(conn), seen: Some((version, now)) };
        Ok(version)
    }

    /// What [`Self::data_version`] said last, unless that was longer ago than `age`, or somebody asks just now. From
    /// memory.
    pub(crate) fn last_data_version(&self, age: Duration) -> Option<u64> {
        let (version, seen) = self.watcher.try_lock().ok()?.seen?;
        (seen.elapsed() < age).then_some(version)
    }

    /// How many transactions wrote since it was opened. From memory.
    pub(crate) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Writes in one transaction: all of it is durable when this returns, or nothing of it happened.
    pub(super) fn write<T>(&self, f: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        let writer = self.writer.as_ref();
        let writer = writer.ok_or_else(|| Error::new(Kind::Conflict, "the database is open for reading only"))?;
        self.must_be_in_place()?;
        let mut conn = lock(writer);
        let mut transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).or_sql(|| "begin")?;
        let result = f(&mut transaction)?;
        transaction.commit().or_sql(|| "commit")?;
        self.transactions.fetch_add(1, Ordering::Relaxed);
        Ok(result)
    }
}

impl Database {
    /// A file that was deleted or moved away takes rows as ever, and then they are gone with it.
    fn must_be_in_place(&self) -> Result<()> {
        match place(&self.file) {
            Ok(found) if found == self.place => Ok(()),
            Ok(_) => Err(Error::new(Kind::Disk, format!("another file is in the place of {}", self.file.display()))),
            Err(e) => Err(e),
        }
    }
}

/// Device and inode.
fn place(file: &Path) -> Result<(u64, u64)> {
    let found = file.metadata().or_fail(Kind::Disk, || format!("the database {} is not there", file.display()))?;
    Ok((found.dev(), found.ino()))
}

/// Makes the tables and the rows that are always there, all or nothing.
fn create(conn: &mut Connection) -> Result<()> {
    const VERSION_SQL: &str = "INSERT INTO version (id, notes) VALUES (:version, :notes)";
    const META_SQL: &str = "INSERT INTO meta (id, database_uuid) VALUES (1, :uuid)";
    let notes = concat!("created by lunette ", env!("CARGO_PKG_VERSION"));
    let uuid = Uuid::new_v4();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).or_sql(|| "begin")?;
    tx.execute_batch(SCHEMA).or_sql(|| "create tables")?;
    tx.execute(VERSION_SQL, named_params! {":version": VERSION, ":notes": notes}).or_sql(|| "insert version")?;
    tx.execute(META_SQL, named_params! {":uuid": uuid.as_bytes()}).or_sql(|| "insert meta")?;
    tx.commit().or_sql(|| "create tables")
}

/// A panic while it was held leaves nothing half done: SQLite rolls an unfinished transaction back.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an owner can do about it.
const DAMAGED: &str = "is damaged, and `lunette adopt` makes it anew from the film";

/// Each holds a cache of up to 1 MiB.
const IDLE_READERS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{RecordingId, WallTime};
    use crate::store::db::testing::Fixture;
    use std::fs;

    fn refusal(dir: &Path, access: Access) -> (Kind, String) {
        let e = Database::open(dir, access).unwrap_err();
        (e.kind(), e.to_string().replace(&dir.display().to_string(), "DIR"))
    }

    #[test]
    fn a_database_is_made_once_and_keeps_its_identity() {
        let dir = tempfile::tempdir().unwrap();
        let first = Database::open(dir.path(), Access::Write).unwrap().meta().unwrap();
        let again = Database::open(dir.path(), Access::Write).unwrap().meta().unwrap();
        let read = Database::open(dir.path(), Access::Read).unwrap().meta().unwrap();
        assert_eq!([&again, &read], [&first, &first]);
    }

    #[test]
    fn reading_makes_no_database_and_changes_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(refusal(dir.path(), Access::Read).0, Kind::NotFound);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(Database::open(dir.path(), Access::Write).unwrap());
        let db = Database::open(dir.path(), Access::Read).unwrap();
        let e = db.set_directory(Uuid::nil()).unwrap_err();
        assert_eq!(e.to_string(), "the database is open for reading only");
    }

    #[test]
    fn who_only_reads_learns_that_another_wrote() {
        let f = Fixture::new();
        let reader = Database::open(f.dir(), Access::Read).unwrap();
        let before = reader.data_version().unwrap();
        assert_eq!(reader.data_version().unwrap(), before);
        f.insert([f.closed(1, 1, 0, 60)]);
        assert_eq!(reader.last_data_version(Duration::MAX), Some(before), "nobody has asked");
        assert_eq!(reader.last_data_version(Duration::ZERO), None);
        assert_ne!(reader.data_version().unwrap(), before);
        assert_ne!(reader.last_data_version(Duration::MAX), Some(before));
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("db");
        fs::write(&file, "Dear diary, ".repeat(1000)).unwrap();
        let expected = (
            Kind::Corrupt,
            format!("database DIR/db: {DAMAGED}: pragma foreign_keys = on: file is not a database (SQLite 26)"),
        );
        assert_eq!(refusal(dir.path(), Access::Write), expected);
        assert_eq!(fs::read(&file).unwrap().len(), 12_000);

        fs::remove_file(&file).unwrap();
        let moonfire = Connection::open(&file).unwrap();
        moonfire.execute_batch("CREATE TABLE version (id INTEGER); INSERT INTO version VALUES (7)").unwrap();
        let before = fs::read(&file).unwrap();
        assert!(refusal(dir.path(), Access::Write).1.contains("Moonfire NVR"));
        assert_eq!(fs::read(&file).unwrap(), before);
    }

    #[test]
    fn a_reader_sees_what_is_committed_and_does_not_wait_for_the_writer() {
        let f = Fixture::new();
        f.insert([f.closed(1, 1, 0, 60)]);
        let seen = f.db.write(|tx| {
            tx.execute_batch("DELETE FROM recording_index; DELETE FROM recording").or_sql(|| "test")?;
            Ok(f.all().len())
        });
        assert_eq!((seen.unwrap(), f.all().len()), (1, 0));
    }

    #[test]
    fn closing_leaves_nothing_but_the_database() {
        let dir = Fixture::new().close();
        let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["db"]);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let f = Fixture::new();
        f.insert((1..100).map(|n| f.closed(n, 1, i64::from(n) * 60, 60)));
        let (main, dir) = (f.main, f.close());
        let file = dir.path().join("db");
        let whole = fs::read(&file).unwrap();
        let pages = whole.len() / 4096;
        let mut noticed = 0;
        for page in 0..pages {
            let mut bytes = whole.clone();
            let start = page * 4096 + if page == 0 { 100 } else { 0 };
            bytes[start..(page + 1) * 4096].fill(0xa5);
            fs::write(&file, &bytes).unwrap();
            let read_all = |db: Database| {
                db.cameras()?;
                db.garbage()?;
                db.pieces(main)?;
                db.visit_ids(|_| ())?;
                db.video_index(RecordingId::new(main, 1))?;
                db.recordings(main, WallTime(i64::MIN)..WallTime(i64::MAX))
            };
            if let Err(e) = Database::open(dir.path(), Access::Write).and_then(read_all) {
                assert_eq!(e.kind(), Kind::Corrupt, "page {page}: {e}");
                noticed += 1;
            }
        }
        assert!(noticed > pages / 3, "{noticed} of {pages}");
    }
}
