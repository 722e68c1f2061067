//! One listing out of rows and of what is not a row yet: each recording exactly once.
//!
//! Who lists looks at memory first and at the rows then. A recording goes one way, from memory to a row, and leaves
//! memory only after its row is there: so none can be missed, and one that is found twice is a row by now.

use crate::base::RecordingId;
use crate::media::Recording;
use std::collections::HashSet;

/// Ascending by start, then sequence.
pub(crate) fn by_time(rows: Vec<Recording>, unflushed: Vec<Recording>) -> Vec<Recording> {
    let mut all = merge(rows, unflushed);
    all.sort_by_key(|r| (r.start, r.sequence));
    all
}

/// Ascending by number within a stream.
pub(crate) fn by_number(rows: Vec<Recording>, unflushed: Vec<Recording>) -> Vec<Recording> {
    let mut all = merge(rows, unflushed);
    all.sort_by_key(|r| r.id);
    all
}

fn merge(mut rows: Vec<Recording>, unflushed: Vec<Recording>) -> Vec<Recording> {
    if unflushed.is_empty() {
        return rows;
    }
    let oldest = unflushed.iter().map(|r| r.id).min();
    let known: HashSet<RecordingId> = rows.iter().map(|r| r.id).filter(|&id| Some(id) >= oldest).collect();
    rows.extend(unflushed.into_iter().filter(|r| !known.contains(&r.id)));
    rows
}
