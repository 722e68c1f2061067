//! Rows of runs.

use super::*;
use crate::store::db::Batch;
use crate::store::db::testing::{Fixture, plan, show};
use proptest::prelude::*;

#[test]
fn trimming_a_run_touches_only_its_own_rows() {
    assert_eq!(
        [TRIM_SQL, SUMS_BEFORE_SQL, NEXT_SQL, SHIFT_SQL, PIECES_SQL].map(plan).join("\n"),
        "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 2
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH r USING INTEGER PRIMARY KEY (rowid=?)
SEARCH next USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH run USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    );
}

#[test]
fn a_subtraction_goes_by_key() {
    assert_eq!(
        [EMPTY_SQL, SUBTRACT_SQL].map(plan).join("\n"),
        "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)"
    );
}

#[test]
fn checking_runs_sorts_no_recordings() {
    assert_eq!(
        plan(WRONG_SQL),
        "MERGE (UNION)
LEFT
SCAN run
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 2
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
CORRELATED SCALAR SUBQUERY 3
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 4
SEARCH r USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH before USING INTEGER PRIMARY KEY (rowid=?)
RIGHT
SCAN recording USING COVERING INDEX recording_cover
CORRELATED SCALAR SUBQUERY 6
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
USE TEMP B-TREE FOR ORDER BY",
        "the sort is of what was found wrong"
    );
}

#[test]
fn a_run_is_one_piece_until_somebody_deletes_from_its_middle() {
    let f = Fixture::new();
    let all = [1, 2, 3, 4].map(|n| f.closed(n, 1, i64::from(n) * 60, 60));
    f.insert(&all);
    let pieces = || {
        let pieces = f.db.pieces(f.main).unwrap();
        let text = pieces.iter().map(|p| format!("{}-{} {}..{}", p.first, p.last, p.start.0, p.end.0));
        text.collect::<Vec<_>>().join(", ").replace("00000", "")
    };
    let condemn = |number| {
        let condemned = vec![RecordingId::new(f.main, number)];
        f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
    };
    assert_eq!(pieces(), "1-4 54..270");
    condemn(1);
    assert_eq!(pieces(), "2-4 108..270");
    condemn(3);
    assert_eq!(pieces(), "2-2 108..162, 4-4 216..270");
    condemn(4);
    assert_eq!(pieces(), "2-2 108..162");
    condemn(2);
    assert_eq!(pieces(), "");
}

#[test]
fn a_wrong_sum_is_found() {
    let f = Fixture::new();
    f.insert([&f.closed(1, 1, 0, 60), &f.closed(2, 2, 60, 60), &f.closed(3, 3, 120, 60)]);
    assert_eq!(f.db.wrong_runs().unwrap(), []);
    f.write_sql("UPDATE run SET sample_file_bytes = sample_file_bytes + 1 WHERE first_id & 0xffff = 2");
    f.write_sql("DELETE FROM run WHERE first_id & 0xffff = 3");
    assert_eq!(f.db.wrong_runs().unwrap(), [2, 3].map(|n| RecordingId::new(f.main, n)));
    f.insert([&f.closed(4, 4, 180, 60), &f.closed(5, 4, 240, 60), &f.closed(6, 6, 300, 60)]);
    f.write_sql("UPDATE recording SET samples_offset = samples_offset + 1 WHERE composite_id & 0xffff = 5");
    f.write_sql("INSERT INTO video_sample_entry SELECT 7, x'07', 1, 1, 1, 1, 'avc1' FROM meta");
    f.write_sql("UPDATE run SET video_sample_entry_id = 7 WHERE first_id & 0xffff = 6");
    assert_eq!(f.db.wrong_runs().unwrap(), [2, 3, 4, 6].map(|n| RecordingId::new(f.main, n)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn sums_are_those_of_the_recordings_whatever_comes_and_goes(
        order in Just((1u32..=12).collect::<Vec<_>>()).prop_shuffle(),
        deletions in prop::collection::vec(prop::collection::vec(1u32..=12, 1..5), 0..5),
    ) {
        let f = Fixture::new();
        // Runs of four, a recording a minute, inserted in any order as recovery may do.
        let minute = |number| f.closed(number, (number - 1) / 4 * 4 + 1, i64::from(number) * 60, 60);
        for number in order {
            f.insert([&minute(number)]);
        }
        prop_assert_eq!(f.db.wrong_runs().unwrap(), []);
        for numbers in deletions {
            let condemned = numbers.iter().map(|&n| RecordingId::new(f.main, n)).collect();
            f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
            prop_assert_eq!(f.db.wrong_runs().unwrap(), [], "left: {}", show(&f.all()));
            // Some come back, as a repair brings them.
            let mut back: Vec<u32> = numbers.into_iter().filter(|n| n % 2 == 0).collect();
            back.retain(|&n| f.all().iter().all(|r| r.id.number() != n));
            back.sort();
            back.dedup();
            f.insert(back.into_iter().rev().map(minute));
            prop_assert_eq!(f.db.wrong_runs().unwrap(), [], "back: {}", show(&f.all()));
        }
    }
}

#[test]
fn what_is_before_the_recordings_of_a_run_is_counted_by_keys() {
    assert_eq!(
        [MEMBERS_SQL, SET_OFFSETS_SQL].map(plan).join("\n"),
        "SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)"
    );
}
