//! What an upgrade would do, told without doing it.

use super::Say;
use super::odd::Sums;
use super::reserved::Reserved;
use crate::base::Result;
use crate::store::db::{Old, SqlResult};
use rusqlite::Connection;

/// Reads all rows, and no film.
pub(super) fn tell(conn: &Connection, old: Old, say: Say<'_>) -> Result<()> {
    let what = || "read recordings";
    let sql = match old {
        Old::One => ONE_SQL,
        _ => ZERO_SQL,
    };
    let cameras: i64 =
        conn.query_row("SELECT count(*) FROM camera", (), |row| row.get(0)).or_sql(|| "count cameras")?;
    let (mut recordings, mut bytes, mut odd) = (0u64, 0u64, 0u64);
    let mut statement = conn.prepare(sql).or_sql(what)?;
    let mut rows = statement.query(()).or_sql(what)?;
    while let Some(row) = rows.next().or_sql(what)? {
        recordings += 1;
        bytes += row.get_ref(1).or_sql(what)?.as_i64().ok().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        if let Err(e) = Sums::of(row.get_ref(2).or_sql(what)?.as_blob().unwrap_or_default()) {
            odd += 1;
            let name: String = row.get(0).or_sql(what)?;
            say(&format!("recording {name}: it would be kept, but cannot be played whole: {e}"));
        }
    }
    let (writing, deleting) = Reserved::read(conn, "reserved_sample_files")?.counts();
    say(&format!(
        "{cameras} cameras, {recordings} recordings of {bytes} bytes would be upgraded, {odd} of them odd; \
         {deleting} sample files deleted, {writing} set aside"
    ));
    say("this was a dry run: nothing is changed");
    Ok(())
}

const ZERO_SQL: &str = "SELECT CAST(id AS TEXT), sample_file_bytes, video_index FROM recording ORDER BY id";

const ONE_SQL: &str =
    "SELECT (composite_id >> 32) || '/' || (composite_id & 0xffffffff), sample_file_bytes, video_index
    FROM recording LEFT JOIN recording_playback USING (composite_id) ORDER BY composite_id";
