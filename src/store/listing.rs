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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallTime;
    use crate::store::testing::facts;

    fn recording(number: u32, start: i64, growing: bool) -> Recording {
        let r = facts(number).recording;
        Recording { start: WallTime(start), sequence: number.into(), growing, ..r }
    }

    fn show(all: &[Recording]) -> String {
        let one = |r: &Recording| format!("{}{}", r.id.number(), if r.growing { "+" } else { "" });
        all.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_row_wins_and_the_order_is_kept() {
        let rows = || vec![recording(1, 0, false), recording(3, 5, false)];
        let memory = || vec![recording(2, 9, false), recording(3, 5, true), recording(4, 5, true)];
        assert_eq!(show(&by_time(rows(), memory())), "1 3 4+ 2");
        assert_eq!(show(&by_number(rows(), memory())), "1 2 3 4+");
        assert_eq!(show(&by_number(rows(), Vec::new())), "1 3");
    }
}
