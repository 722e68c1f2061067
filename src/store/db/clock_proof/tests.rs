//! What moves with a proof, and what does not.

use super::*;
use crate::base::WallTime;
use crate::media::recording::Flags;
use crate::store::db::Batch;
use crate::store::db::testing::{Fixture, plan};
use crate::store::gap::Gap;
use std::sync::Arc;

const SECOND: i64 = 90_000;

/// A minute of the run that begins with the number `run`, of this boot, told in its own time.
fn unproven(f: &Fixture, number: u32, run: u32, start: i64, own_offset: i64) -> Arc<ClosedRecording> {
    let mut closed = f.closed(number, run, start, 60);
    closed.recording.flags = Flags::UNPROVEN_TIME.with(Flags::TRAILING_ZERO);
    closed.clock_offset = WallDuration::from_secs(own_offset);
    Arc::new(closed)
}

fn gap(start: i64, end: Option<i64>) -> Gap {
    let end = end.map(|end| WallTime(end * SECOND));
    Gap { start: WallTime(start * SECOND), end, cause: "x".into(), detail: String::new() }
}

fn prove(f: &Fixture, offset: i64) -> Vec<(u32, i64)> {
    let proof = ClockProof { boot_id: f.boot_id, clock_offset: WallDuration::from_secs(offset) };
    let moved = f.db.prove_clock(proof).unwrap();
    assert_eq!(f.db.wrong_runs().unwrap(), []);
    moved.iter().map(|m| (m.run.number(), m.shift.0 / SECOND)).collect()
}

/// Number, start in seconds, flags.
fn rows(f: &Fixture) -> Vec<(u32, i64, u32)> {
    let mut rows: Vec<_> = f.all().iter().map(|r| (r.id.number(), r.start.0 / SECOND, r.flags.0)).collect();
    rows.sort_unstable();
    rows
}

fn gaps(f: &Fixture) -> Vec<(i64, Option<i64>, String)> {
    let gaps = f.db.gaps(f.main, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    gaps.into_iter().map(|g| (g.start.0 / SECOND, g.end.map(|end| end.0 / SECOND), g.cause)).collect()
}

#[test]
fn runs_are_looked_for_in_all_and_moved_by_key() {
    assert_eq!(
        [NEWEST_SQL, FORGET_SQL, UNPROVEN_SQL, MOVE_GAPS_SQL, MOVE_SQL, MOVE_RUN_SQL, END_GAP_SQL].map(plan).join("\n"),
        "SEARCH run USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
CORRELATED SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid=?)
SEARCH open USING INTEGER PRIMARY KEY (rowid=?)
SCAN clock_proof
LIST SUBQUERY 2
SEARCH open USING INTEGER PRIMARY KEY (rowid>?)
SCALAR SUBQUERY 1
SEARCH run
CREATE BLOOM FILTER
SCAN run
SEARCH open USING INTEGER PRIMARY KEY (rowid=?)
SEARCH gap USING PRIMARY KEY (stream_id=? AND start_90k>? AND start_90k<?)
SCALAR SUBQUERY 1
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SCALAR SUBQUERY 2
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH run USING INTEGER PRIMARY KEY (rowid=?)
SEARCH gap USING PRIMARY KEY (stream_id=? AND start_90k=?)
SCALAR SUBQUERY 1
SEARCH recording USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "the scans are once a boot, of a row for each run or boot"
    );
}

#[test]
fn unproven_runs_of_this_boot_move_to_the_proven_time() {
    let f = Fixture::new();
    let mut before = f.closed(3, 3, 900, 60);
    before.recording.flags = Flags::UNPROVEN_TIME;
    (before.recording.open_id, before.boot_id) = (7, Uuid::from_u128(7));
    let closed =
        vec![unproven(&f, 1, 1, 0, 1), unproven(&f, 2, 1, 60, 1), before.into(), Arc::new(f.closed(4, 4, 1800, 60))];
    let gaps_then = vec![(f.main, gap(120, None)), (f.main, gap(960, None))];
    f.db.commit(&Batch { closed, gaps: gaps_then, ..Batch::default() }).unwrap();

    assert_eq!(prove(&f, 8), [(1, 7)]);
    assert_eq!(rows(&f), [(1, 7, 1), (2, 67, 1), (3, 900, 2), (4, 1800, 0)]);
    assert_eq!(gaps(&f), [(127, None, "x".to_owned()), (960, None, "x".to_owned())]);
    assert_eq!(prove(&f, 2000), [], "a boot is proven once");
    assert_eq!(f.db.clock_proof(f.boot_id).unwrap(), Some(WallDuration::from_secs(8)));
}

#[test]
fn holes_lie_between_the_runs_again() {
    let f = Fixture::new();
    // Film until 10 000 s; a boot that knows no time, with two sessions and a step of 300 s by hand between them, and
    // one after the clock was right.
    let closed = vec![
        Arc::new(f.closed(1, 1, 9_940, 60)),
        unproven(&f, 2, 2, 50, 0),
        unproven(&f, 3, 3, 420, 300),
        Arc::new(f.closed(4, 4, 20_400, 60)),
    ];
    let told = [gap(10_000, Some(10_000)), gap(110, Some(420)), gap(480, Some(20_400))];
    let told = told.into_iter().map(|gap| (f.main, gap)).collect();
    f.db.commit(&Batch { closed, gaps: told, ..Batch::default() }).unwrap();
    assert_eq!(prove(&f, 20_000), [(2, 20_000), (3, 19_700)]);
    assert_eq!(rows(&f).iter().map(|r| r.1).collect::<Vec<_>>(), [9_940, 20_050, 20_120, 20_400]);
    let x = || "x".to_owned();
    let between = [(10_000, Some(20_050), x()), (20_110, Some(20_120), x()), (20_180, Some(20_400), x())];
    assert_eq!(gaps(&f), between);
}

#[test]
fn film_before_that_was_of_a_wrong_clock_is_told_as_such() {
    let f = Fixture::new();
    let closed = vec![Arc::new(f.closed(1, 1, 9_940, 60)), unproven(&f, 2, 2, 50, 0)];
    f.db.commit(&Batch { closed, gaps: vec![(f.main, gap(10_000, Some(10_000)))], ..Batch::default() }).unwrap();
    prove(&f, 5_000);
    assert_eq!(gaps(&f), [(10_000, Some(10_000), "clock moved".to_owned())]);
}

#[test]
fn what_gets_its_row_after_the_proof_is_moved_too() {
    let f = Fixture::new();
    assert_eq!(prove(&f, 8), []);
    let mut other = (*unproven(&f, 2, 2, 60, 1)).clone();
    (other.recording.open_id, other.boot_id) = (7, Uuid::from_u128(7));
    let closed = vec![unproven(&f, 1, 1, 0, 1), other.into()];
    f.db.commit(&Batch { closed, ..Batch::default() }).unwrap();
    assert_eq!(rows(&f), [(1, 7, 1), (2, 60, 3)]);
    assert_eq!(f.db.wrong_runs().unwrap(), []);
    let row = f.db.closed_recording(RecordingId::new(f.main, 1)).unwrap();
    assert_eq!(row.clock_offset, WallDuration::from_secs(8));
}

#[test]
fn the_newest_film_is_that_which_was_recorded_last() {
    let f = Fixture::new();
    let newest = || f.db.newest_run(f.main, f.boot_id).unwrap().map(|(last, own)| (last.number(), own.map(|o| o.0)));
    assert_eq!(newest(), None);
    let mut old = f.closed(1, 1, 90_000, 60);
    (old.recording.open_id, old.boot_id) = (7, Uuid::from_u128(7));
    let mut never_known = old.clone();
    never_known.recording = f.closed(2, 2, 10, 60).recording;
    (never_known.recording.open_id, never_known.recording.flags) = (7, Flags::UNPROVEN_TIME);
    f.insert([&old, &never_known]);
    assert_eq!(newest(), Some((1, None)));
    f.db.commit(&Batch { closed: vec![unproven(&f, 3, 3, 5, 0)], ..Batch::default() }).unwrap();
    assert_eq!(newest(), Some((3, Some(0))), "earlier by its clock, and yet newer");
}

#[test]
fn a_clock_that_was_right_all_the_time_moves_nothing() {
    let f = Fixture::new();
    f.db.commit(&Batch { closed: vec![unproven(&f, 1, 1, 50, 8)], ..Batch::default() }).unwrap();
    let proof = ClockProof { boot_id: f.boot_id, clock_offset: WallDuration(8 * SECOND + 3) };
    assert_eq!(f.db.prove_clock(proof).unwrap()[0].shift, WallDuration::ZERO);
    assert_eq!(f.all()[0].start, WallTime(50 * SECOND));
    assert_eq!(rows(&f), [(1, 50, 1)]);
}

#[test]
fn proofs_are_kept_as_long_as_there_is_film_of_their_boot() {
    let f = Fixture::new();
    let boot = |n| ClockProof { boot_id: Uuid::from_u128(n), clock_offset: WallDuration(n as i64) };
    let mut old = f.closed(1, 1, 0, 60);
    (old.recording.open_id, old.boot_id) = (7, boot(7).boot_id);
    f.insert([&old]);
    f.db.add_clock_proofs(&[boot(5), boot(7)]).unwrap();
    prove(&f, 1);
    let known: Vec<_> = f.db.clock_proofs().unwrap().iter().map(|p| p.clock_offset.0).collect();
    assert_eq!(known.len(), 2, "{known:?}");
    assert!(known.contains(&7) && known.contains(&SECOND), "{known:?}");
}
