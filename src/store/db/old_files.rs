//! Sample files of the original system: which recordings have one.

use crate::base::{RecordingId, Result};
use crate::store::ClosedRecording;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use crate::store::db::{Database, commit, garbage};
use crate::store::old_file::OldFile;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use uuid::Uuid;

impl Database {
    /// The old file of a recording, or of garbage; `None` for one of our own.
    pub(crate) fn old_file(&self, id: RecordingId) -> Result<Option<OldFile>> {
        const SQL: &str = "SELECT uuid, sha1 FROM old_file WHERE composite_id = :id";
        let what = || format!("recording {id}: read the name of its file");
        let read = |row: &Row<'_>| Ok(OldFile { uuid: Uuid::from_bytes(row.get(0)?), sha1: row.get(1)? });
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            statement.query_row(named_params! {":id": id.composite()}, read).optional().or_sql(what)
        })
    }

    /// All old files by recording, ascending.
    pub(crate) fn old_files(&self) -> Result<Vec<(RecordingId, Uuid)>> {
        const SQL: &str = "SELECT composite_id, uuid FROM old_file ORDER BY composite_id";
        let what = || "list old files";
        self.read(|conn| {
            let mut statement = conn.prepare(SQL).or_sql(what)?;
            let read = |row: &Row<'_>| Ok((composite(row, 0)?, Uuid::from_bytes(row.get(1)?)));
            statement.query_map((), read).or_sql(what)?.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }

    /// Writes the rows of recordings whose files are old ones; their `blake3` is not looked at.
    pub(crate) fn adopt_old(&self, recordings: &[(OldFile, ClosedRecording)]) -> Result<()> {
        self.write(|tx| {
            for (old, closed) in recordings {
                let sample_entry = self.intern_sample_entry(&closed.sample_entry);
                commit::insert_old(tx, closed, sample_entry, old)?;
            }
            Ok(())
        })
    }
}

/// This recording has this file.
pub(super) fn insert(conn: &Connection, id: RecordingId, old: &OldFile) -> Result<()> {
    const SQL: &str = "INSERT INTO old_file (composite_id, uuid, sha1) VALUES (:id, :uuid, :sha1)";
    let params = named_params! {":id": id.composite(), ":uuid": old.uuid.as_bytes(), ":sha1": &old.sha1[..]};
    let what = || format!("recording {id}: name its file");
    conn.prepare_cached(SQL).or_sql(what)?.execute(params).or_sql(what)?;
    Ok(())
}

/// Its file is gone: the garbage goes, and the name with it.
pub(super) fn remove(conn: &Connection, id: RecordingId) -> Result<()> {
    const SQL: &str = "DELETE FROM old_file WHERE composite_id = :id";
    let what = || "forget an old file";
    conn.prepare_cached(SQL).or_sql(what)?.execute(named_params! {":id": id.composite()}).or_sql(what)?;
    garbage::remove(conn, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Batch;
    use crate::store::db::testing::{Fixture, show};

    #[test]
    fn an_old_file_keeps_its_name_until_it_is_unlinked() {
        let f = Fixture::new();
        let [mut old, new] = [f.closed(1, 1, 0, 60), f.closed(2, 2, 60, 60)];
        old.blake3 = [0; 32];
        let file = OldFile { uuid: Uuid::from_u128(7), sha1: [3; 20] };
        let (a, b) = (old.recording.id, new.recording.id);
        f.db.adopt_old(&[(file, old.clone())]).unwrap();
        f.insert([&new]);
        assert_eq!((f.db.old_file(a).unwrap(), f.db.old_file(b).unwrap()), (Some(file), None));
        assert_eq!(f.db.old_files().unwrap(), [(a, file.uuid)]);
        assert_eq!(f.db.closed_recording(a).unwrap(), old);
        assert_eq!(f.db.film_hash(a).unwrap(), None);
        assert_eq!(f.db.film_hash(b).unwrap(), Some(new.blake3));
        f.db.commit(&Batch { condemned: vec![a], ..Batch::default() }).unwrap();
        assert_eq!(f.db.old_file(a).unwrap(), Some(file), "its file is there still");
        f.db.commit(&Batch { unlinked: vec![a], ..Batch::default() }).unwrap();
        assert_eq!((f.db.old_file(a).unwrap(), show(&f.all())), (None, "1/2".into()));
    }
}
