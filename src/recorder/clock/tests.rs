//! Clocks of all kinds, judged.

use super::verdict::{Reading, Witness};
use super::*;
use crate::base::{MonoTime, WallTime};
use crate::store::Options;

const SECOND: i64 = 90_000;
/// 2026-11-22T12:00:00Z
const NOON: i64 = 1_795_348_800;

/// A minute after the start of the machine, by a clock that says this.
fn judge(says: i64, witness: &Witness, newest_film: Option<i64>, proof: Option<i64>) -> Verdict {
    let wall = |secs: i64| WallTime(secs * SECOND);
    let mono = MonoTime(60 * SECOND);
    let floor = Floor::new(newest_film.map(wall), MonoTime(50 * SECOND));
    let reading = Reading { mono, clock_offset: WallDuration(wall(says).0 - mono.0) };
    floor.judge(reading, witness, proof.map(|secs| WallDuration((secs - 60) * SECOND)))
}

fn server() -> Witness {
    Witness::Says("a server".to_owned(), Some(0.25))
}

fn nobody() -> Witness {
    Witness::Silent("nobody".to_owned())
}

/// When film of this moment begins, in seconds from `NOON`.
fn tied_to(verdict: &Verdict, says: i64) -> i64 {
    let offset = WallDuration((says - 60) * SECOND);
    let offset = if offset < verdict.least { verdict.instead } else { offset };
    offset.0 / SECOND + 60 - NOON
}

#[test]
fn who_keeps_the_clock_proves_it_even_where_older_film_says_otherwise() {
    let verdict = judge(NOON, &server(), Some(NOON + 3600), None);
    assert!(verdict.proven);
    assert_eq!((verdict.detail.as_str(), verdict.max_error_seconds), ("a server", Some(0.25)));
    assert_eq!(tied_to(&verdict, NOON), 0);
}

#[test]
fn a_clock_that_nobody_keeps_is_not_known_to_be_right() {
    let verdict = judge(NOON, &nobody(), Some(NOON - 60), None);
    assert_eq!((verdict.proven, verdict.detail.as_str()), (false, "nobody"));
    assert_eq!(tied_to(&verdict, NOON), 0, "it may be right, so it is taken");
}

#[test]
fn the_owner_is_believed_as_long_as_the_battery_lasts() {
    assert!(judge(NOON, &Witness::Owner, Some(NOON - 60), None).proven);
    let behind = judge(NOON, &Witness::Owner, Some(NOON + 60), None);
    let words = "the system's clock is before 2026-11-22T12:01:00:00000+00:00, where the newest film ends";
    assert_eq!(behind.detail, words);
    let empty = judge(90, &Witness::Owner, None, None);
    assert_eq!(empty.detail, "the system's clock is before 2026, which cannot be");
    assert_eq!(judge(91, &Witness::Owner, None, None).detail, empty.detail, "or the log would be told each second");
    assert!(!behind.proven && !empty.proven);
}

#[test]
fn an_impossible_time_is_not_written_down() {
    // Of 1970, with film until noon: it goes on ten seconds after the recorder began, which is the best guess.
    for witness in [nobody(), server(), Witness::Owner] {
        let verdict = judge(90, &witness, Some(NOON), None);
        assert!(!verdict.proven, "{verdict:?}");
        assert_eq!(tied_to(&verdict, 90), 10);
    }
    let built = judge(90, &nobody(), None, None);
    assert_eq!(tied_to(&built, 90) + NOON, 1_767_225_600 + 10);
}

#[test]
fn what_was_known_once_in_a_boot_stays_known() {
    let verdict = judge(NOON + 5, &nobody(), None, Some(NOON));
    assert_eq!((verdict.proven, verdict.detail.as_str()), (true, "it was known in this boot before"));
    assert_eq!(tied_to(&verdict, NOON + 5), 5, "it may have been set since");
    let nonsense = judge(90, &nobody(), None, Some(NOON));
    assert!(nonsense.proven && nonsense.detail.contains("which cannot be"), "{nonsense:?}");
    assert_eq!(tied_to(&nonsense, 90), 0);
}

#[test]
fn the_watch_notices_when_the_time_becomes_known_and_keeps_it() {
    let disk = tempfile::tempdir().unwrap();
    let sure = disk.path().join("sure");
    let open = || Store::open(Options::new(disk.path().join("db"), disk.path().join("film"), || WallTime(0))).unwrap();
    let (store, live) = (open(), Arc::<Live>::default());
    assert!(live.clock.anchor(WallDuration(7)).unproven, "nobody has looked yet");
    let mut watcher = Watcher::new(store.clone(), live.clone(), Witnesses::File(sure.clone()));
    watcher.look();
    let status = live.clock.status().unwrap();
    assert_eq!((status.proven, status.detail), (false, format!("there is no {}", sure.display())));
    assert_eq!(store.clock_proof(), None);
    std::fs::write(&sure, "").unwrap();
    watcher.look();
    assert!(live.clock.status().unwrap().proven && store.clock_proof().is_some());
    assert!(!live.clock.anchor(kernel::reading().clock_offset).unproven);
    // A server that is not heard any more takes nothing away, nor does a restart of the recorder.
    std::fs::remove_file(&sure).unwrap();
    watcher.look();
    assert!(live.clock.status().unwrap().proven);
    let proof = store.clock_proof();
    store.shutdown(WallTime(0), Duration::from_secs(5)).unwrap();
    drop((watcher, store));
    let store = open();
    assert_eq!(store.clock_proof(), proof);
    let live = Arc::<Live>::default();
    Watcher::new(store, live.clone(), Witnesses::File(sure)).look();
    assert_eq!(live.clock.status().unwrap().detail, "it was known in this boot before");
}

#[test]
fn the_kernel_is_asked_without_an_error() {
    let witness = kernel::ask(&Witnesses::Auto);
    let refused = matches!(&witness, Witness::Silent(why) if why.contains("does not tell"));
    assert!(!refused, "{witness:?}");
    let reading = kernel::reading();
    let now = crate::camera::clock::wall_now();
    assert!((now - reading.wall()).0.abs() < 90_000, "{reading:?}");
}
