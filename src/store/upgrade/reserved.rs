//! Sample files that the original system had reserved: being written, or to be deleted, when it last stopped.

use super::{Dir, Say};
use crate::base::Result;
use crate::store::db::SqlResult;
use crate::store::old_file::OldFile;
use rusqlite::Connection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What was reserved, without what turns out to be a recording's.
#[derive(Debug, Default)]
pub(super) struct Reserved(BTreeMap<Uuid, State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Writing,
    Deleting,
}

impl Reserved {
    /// All of this table.
    pub(super) fn read(conn: &Connection, table: &str) -> Result<Self> {
        let what = || "list reserved sample files";
        let mut statement = conn.prepare(&format!("SELECT uuid, state FROM {table}")).or_sql(what)?;
        let mut rows = statement.query(()).or_sql(what)?;
        let mut reserved = BTreeMap::new();
        while let Some(row) = rows.next().or_sql(what)? {
            let uuid = row.get_ref(0).or_sql(what)?.as_blob().ok().and_then(|bytes| Uuid::from_slice(bytes).ok());
            let deleting = row.get_ref(1).or_sql(what)?.as_i64() == Ok(1);
            if let Some(uuid) = uuid {
                reserved.insert(uuid, if deleting { State::Deleting } else { State::Writing });
            }
        }
        Ok(Self(reserved))
    }

    /// This file is a recording's, whatever was reserved.
    pub(super) fn is_recorded(&mut self, uuid: Uuid) {
        self.0.remove(&uuid);
    }

    /// How many were being written, and how many were to be deleted.
    pub(super) fn counts(&self) -> (usize, usize) {
        let writing = self.0.values().filter(|&&state| state == State::Writing).count();
        (writing, self.0.len() - writing)
    }

    /// Deletes what was to be deleted. What was being written has no index, so it cannot be played: it is set aside.
    /// Done twice it changes nothing more.
    pub(super) fn settle(&self, dir: &Dir, say: Say<'_>) -> Result<()> {
        let (mut deleted, mut aside) = (0, 0);
        for (&uuid, state) in &self.0 {
            let name = OldFile { uuid, sha1: [0; 20] }.file_name();
            match state {
                State::Deleting => deleted += u32::from(dir.unlink(&name)?),
                State::Writing if dir.stat(&name)?.is_some() => {
                    dir.set_aside(&name)?;
                    aside += 1;
                }
                State::Writing => {}
            }
        }
        dir.sync_all()?;
        if deleted > 0 {
            say(&format!("{deleted} sample files that were to be deleted are deleted"));
        }
        if aside > 0 {
            say(&format!("{aside} sample files were being written and have no index: set aside as `aside.…`"));
        }
        Ok(())
    }
}
