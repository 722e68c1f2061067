//! `Wanted`: a listing whose recordings are put together to rows (Fg2, Fc9).
//!
//! There are two ways to the same rows. One walks the index of recordings, newest first. The other goes from run to run:
//! of a run without a hole, whose recordings are decoded alike, only those are looked at that begin or end a row, and
//! sums are differences of what these count before them. Where a run is not so plain, it is walked.

mod run;
mod walk;

use crate::base::{RecordingId, Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::rows::{Row, Rows, Terms};
use crate::store::db::error::SqlResult;
use crate::store::db::recordings::RECORDING_LIMIT;
use crate::store::db::{Damage, Database};
use crate::store::stats::Extent;
use run::Run;
use rusqlite::{Connection, OptionalExtension, named_params};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What is to be listed of a stream.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Of which stream.
    pub stream: StreamId,
    /// What overlaps it is listed, and listed whole.
    pub span: Range<WallTime>,
    /// Where to look.
    pub extent: Extent,
    /// How rows are made.
    pub terms: Terms,
    /// Recordings whose film is gone.
    pub missing: Option<&'a BTreeSet<RecordingId>>,
    /// Recordings whose film is not what was recorded.
    pub damaged: &'a BTreeMap<RecordingId, Damage>,
}

impl Database {
    /// Recordings put together to rows, newest first. `unflushed` are those within the span that may not have a row in
    /// the tables yet, in the order of numbers. More rows than the terms allow are an `Err` of kind `BadInput`.
    pub fn rows(&self, wanted: &Wanted<'_>, unflushed: Vec<Recording>) -> Result<Vec<Row>> {
        let what = || format!("list recordings of stream {}", wanted.stream);
        self.read(|conn| {
            // One state of the tables, however many questions.
            let tx = conn.unchecked_transaction().or_sql(what)?;
            let unflushed = without_row(&tx, unflushed).or_sql(what)?;
            let mut rows = Rows::new(wanted.terms);
            if wanted.extent.has_short_pieces() || wanted.terms.split.is_some_and(|split| split < LONG_SPLIT) {
                walk::all(&tx, wanted, &unflushed, &mut rows)?;
            } else {
                by_run(&tx, wanted, unflushed, &mut rows)?;
            }
            Ok(rows.finish())
        })
    }
}

/// From here on a row has several recordings, and a look at its ends costs less than a walk. Longer than any recording.
const LONG_SPLIT: WallDuration = WallDuration(RECORDING_LIMIT.0 * 2);

/// What of these is in memory alone.
fn without_row(conn: &Connection, mut unflushed: Vec<Recording>) -> rusqlite::Result<Vec<Recording>> {
    let mut statement = conn.prepare_cached(HAS_ROW_SQL)?;
    let mut failed = None;
    unflushed.retain(|r| {
        let found = statement.query_row(named_params! {":id": r.id.composite()}, |_| Ok(())).optional();
        let found = found.unwrap_or_else(|e| {
            failed = Some(e);
            None
        });
        found.is_none()
    });
    failed.map_or(Ok(unflushed), Err)
}

const HAS_ROW_SQL: &str = "SELECT 1 FROM recording WHERE composite_id = :id";

fn by_run(conn: &Connection, wanted: &Wanted<'_>, unflushed: Vec<Recording>, rows: &mut Rows) -> Result<()> {
    let mut in_memory: BTreeMap<u32, Vec<Recording>> = BTreeMap::new();
    for recording in unflushed {
        in_memory.entry(recording.run_start.number()).or_default().push(recording);
    }
    Run::visit(conn, wanted, |run| {
        let in_memory = in_memory.remove(&run.number()).unwrap_or_default();
        let (_, last) = run.ids();
        if in_memory.first().is_some_and(|r| r.id < last) {
            return walk::run(conn, wanted, &run, &in_memory, rows);
        }
        add_all(rows, &in_memory)?;
        if run.add_to(conn, wanted, rows)? { Ok(()) } else { walk::run(conn, wanted, &run, &[], rows) }
    })?;
    in_memory.values().rev().try_for_each(|run| add_all(rows, run))
}

fn add_all(rows: &mut Rows, recordings: &[Recording]) -> Result<()> {
    recordings.iter().rev().try_for_each(|r| rows.add(r.into()))
}

#[cfg(test)]
mod tests;
