//! Garbage: sample files that are to be unlinked, or may have been.

use crate::base::{RecordingId, Result};
use crate::store::db::Database;
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::composite;
use rusqlite::{Connection, named_params};

impl Database {
    /// All of it, ascending.
    pub fn garbage(&self) -> Result<Vec<RecordingId>> {
        const SQL: &str = "SELECT composite_id FROM garbage ORDER BY composite_id";
        let what = || "list garbage";
        self.read(|conn| {
            let mut statement = conn.prepare_cached(SQL).or_sql(what)?;
            let rows = statement.query_map((), |row| composite(row, 0)).or_sql(what)?;
            rows.collect::<rusqlite::Result<_>>().or_sql(what)
        })
    }
}

/// This file is to go.
pub(super) fn add(conn: &Connection, id: RecordingId) -> Result<()> {
    const SQL: &str = "INSERT INTO garbage (composite_id) VALUES (:id) ON CONFLICT DO NOTHING";
    let what = || "add to garbage";
    conn.prepare_cached(SQL).or_sql(what)?.execute(named_params! {":id": id.composite()}).or_sql(what)?;
    Ok(())
}

/// This file is gone.
pub(super) fn remove(conn: &Connection, id: RecordingId) -> Result<()> {
    const SQL: &str = "DELETE FROM garbage WHERE composite_id = :id";
    let what = || "take from garbage";
    conn.prepare_cached(SQL).or_sql(what)?.execute(named_params! {":id": id.composite()}).or_sql(what)?;
    Ok(())
}
