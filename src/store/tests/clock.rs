//! The clock becomes known: all film of the boot moves, at whatever stage it is, and whatever the moment of a crash.

use super::*;
use crate::base::WallDuration;
use crate::media::growing::{Close, Head};
use crate::media::recording::{Cause, EndReason};
use crate::store::{Hole, Moment, trailer};

const UNPROVEN: Flags = Flags::UNPROVEN_TIME;
const DAY: WallDuration = WallDuration::from_secs(86_400);

/// Realtime − monotonic of the runs here, and what is added to their times by the proof.
fn own() -> WallDuration {
    head(StreamId::new(1).unwrap(), true, START).clock_offset
}

fn proven() -> WallDuration {
    own() + DAY
}

/// A recording of the unproven run, so many of its frames, where the one before ended.
fn begin_at(store: &Store, stream: StreamId, starts_run: bool, start: WallTime) -> (Growing, Script) {
    let head = Head { flags: UNPROVEN, ..head(stream, starts_run, start) };
    (store.begin(head).unwrap(), Script::new(start))
}

fn seconds(n: i64) -> WallDuration {
    WallDuration::from_secs(n)
}

/// Starts in seconds from `START`, days apart, with the flags.
fn starts(store: &Store, stream: StreamId) -> Vec<(u32, i64, bool)> {
    let mut all = store.recordings(stream, ALWAYS).unwrap();
    all.sort_by_key(|r| r.id);
    let start = |r: &Recording| (r.start - START).0 / 90_000;
    all.iter().map(|r| (r.id.number(), start(r), r.flags.contains(UNPROVEN))).collect()
}

/// A row, a closed recording without one, and one that grows; the first two of 1 s, the third listed up to 1 s.
struct Three {
    place: Place,
    store: Arc<Store>,
    stream: StreamId,
    growing: Growing,
    script: Script,
}

impl Three {
    fn new() -> Self {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        for n in 0..2 {
            let (mut growing, mut script) = begin_at(&store, stream, n == 0, START + seconds(n));
            add(&mut growing, script.frames(10));
            growing.close(Close { flags: UNPROVEN, ..script.close() });
            if n == 0 { store.flush().unwrap() } else { store.catch_up().unwrap() }
        }
        let (mut growing, mut script) = begin_at(&store, stream, false, START + seconds(2));
        add(&mut growing, script.frames(11));
        store.catch_up().unwrap();
        Self { place, store, stream, growing, script }
    }
}

#[test]
fn rows_what_waits_for_its_row_and_what_grows_move_at_once() {
    let Three { place, store, stream, mut growing, mut script } = Three::new();
    assert_eq!(starts(&store, stream), [(1, 0, true), (2, 1, true), (3, 2, true)]);
    let before = store.stream_stats(stream);
    let mark = store.mark(stream).unwrap();
    let moved = store.prove_clock(proven()).unwrap();
    assert_eq!(moved.iter().map(|m| m.shift).collect::<Vec<_>>(), [DAY]);
    let day = 86_400;
    assert_eq!(starts(&store, stream), [(1, day, false), (2, day + 1, false), (3, day + 2, false)]);
    assert!(store.has_changed(
        stream,
        &mark,
        &store.mark(stream).unwrap(),
        &crate::store::Part::Span(START..START + seconds(1))
    ));
    let after = store.stream_stats(stream);
    assert_eq!((after.first(), after.last()), (before.first().map(|t| t + DAY), before.last().map(|t| t + DAY)));

    // The one that grows goes on as it was begun; not a frame is missing, and its trailer tells the proven time.
    let id = growing.id();
    add(&mut growing, script.frames(10));
    store.catch_up().unwrap();
    assert_eq!(store.recording(id).unwrap().start, START + DAY + seconds(2));
    growing.close(Close { flags: UNPROVEN, ..script.close() });
    store.catch_up().unwrap();
    let file = fs::File::open(place.film().join(id.file_name())).unwrap();
    let told = trailer::read(&file).unwrap().unwrap();
    assert_eq!((told.recording.start, told.clock_offset), (START + DAY + seconds(2), proven()));
    assert!(!told.is_unproven());
    assert_eq!(film_of(&store, &store.recording(id).unwrap()), script.film);
    // The next is begun in proven time.
    let start = store.recording(id).unwrap().end();
    let next = Head { clock_offset: proven(), ..head(stream, false, start) };
    let (mut growing, mut script) = (store.begin(next).unwrap(), Script::new(start));
    add(&mut growing, script.frames(5));
    growing.close(script.close());
    store.catch_up().unwrap();
    let listed = store.recordings(stream, ALWAYS).unwrap();
    store.flush().unwrap();
    assert_eq!(store.prove_clock(proven() + DAY).unwrap(), [], "a boot is proven once");
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let everything = CheckOptions { hash: true, repair: false };
    assert_eq!(check(&place.options().db_dir, &place.film(), everything).unwrap(), [""; 0]);
    let store = place.open();
    assert_eq!(store.clock_proof(), Some(proven()));
    let strip = |r: &Recording| Recording { growing: false, ..r.clone() };
    assert_eq!(store.recordings(stream, ALWAYS).unwrap(), listed.iter().map(strip).collect::<Vec<_>>());
}

#[test]
fn whatever_the_moment_of_a_crash_all_is_moved_once() {
    let Three { place, store, stream, mut growing, mut script } = Three::new();
    let mut crashes = vec![place.crash()];
    // The transaction, and nothing of what is in memory.
    let proof = crate::store::db::ClockProof { boot_id: store.boot_id(), clock_offset: proven() };
    store.shared_for_tests().db.prove_clock(proof).unwrap();
    crashes.push(place.crash());
    store.prove_clock(proven()).unwrap();
    crashes.push(place.crash());
    add(&mut growing, script.frames(5));
    store.catch_up().unwrap();
    crashes.push(place.crash());
    growing.close(Close { flags: UNPROVEN, ..script.close() });
    store.catch_up().unwrap();
    crashes.push(place.crash());
    store.flush().unwrap();
    crashes.push(place.crash());
    let day = 86_400;
    let expected = [(1, day, false), (2, day + 1, false), (3, day + 2, false)];
    for (n, crash) in crashes.into_iter().enumerate() {
        let store = crash.open();
        // A database that knows the proof has moved all; else it is moved when this start proves the clock.
        assert_eq!(store.clock_proof().is_some(), n > 0, "crash {n}");
        for _ in 0..2 {
            if n == 0 {
                store.prove_clock(proven()).unwrap();
            }
            assert_eq!(starts(&store, stream), expected, "crash {n}");
            let stats = store.stream_stats(stream);
            assert_eq!(stats.first(), Some(START + DAY), "crash {n}");
        }
        assert_eq!(store.shared_for_tests().db.wrong_runs().unwrap(), []);
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let everything = CheckOptions { hash: true, repair: false };
        assert_eq!(check(&crash.options().db_dir, &crash.film(), everything).unwrap(), [""; 0], "crash {n}");
    }
}

#[test]
fn a_database_that_cannot_be_written_proves_nothing_and_moves_nothing() {
    let three = Three::new();
    let (store, stream) = (three.store.clone(), three.stream);
    store.shared_for_tests().db.write_sql("ALTER TABLE clock_proof RENAME TO away");
    store.prove_clock(proven()).unwrap_err();
    assert_eq!(store.clock_proof(), None);
    assert_eq!(starts(&store, stream), [(1, 0, true), (2, 1, true), (3, 2, true)]);
    store.shared_for_tests().db.write_sql("ALTER TABLE away RENAME TO clock_proof");
    store.prove_clock(proven()).unwrap();
    assert!(starts(&store, stream).iter().all(|&(_, start, unproven)| start >= 86_400 && !unproven));
}

#[test]
fn holes_that_wait_for_their_rows_move_with_their_runs() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let moment = |secs, unproven| Moment { time: START + seconds(secs), unproven };
    let hole = |start, end| Hole { start, end: Some(end), reason: EndReason::new(Cause::Silent, "") };
    store.hole(stream, hole(moment(100, None), moment(3, Some(own()))));
    let lasting = Hole { end: None, ..hole(moment(9, Some(own())), moment(0, None)) };
    store.hole(stream, lasting.clone());
    let told = |store: &Store| {
        let gaps = store.gaps(stream, ALWAYS).unwrap();
        let secs = |t: WallTime| (t - START).0 / 90_000;
        gaps.iter().map(|g| (secs(g.start), g.end.map(secs))).collect::<Vec<_>>()
    };
    assert_eq!(told(&store), [(9, None), (100, Some(100))]);
    store.shared_for_tests().db.write_sql("ALTER TABLE gap RENAME TO away");
    store.prove_clock(proven()).unwrap();
    let day = 86_400;
    // Who was told of it before does not learn of the proof.
    store.hole(stream, Hole { end: Some(moment(20, Some(own()))), ..lasting });
    store.shared_for_tests().db.write_sql("ALTER TABLE away RENAME TO gap");
    store.flush().unwrap();
    assert_eq!(told(&store), [(100, Some(day + 3)), (day + 9, Some(day + 20))]);
}

#[test]
fn the_catalog_tells_what_adopting_needs_to_move() {
    let three = Three::new();
    let (place, store) = (&three.place, three.store.clone());
    store.prove_clock(proven()).unwrap();
    store.flush().unwrap();
    let text = fs::read(place.film().join(crate::store::catalog::NAME)).unwrap();
    let catalog = crate::store::catalog::Catalog::decode(&text).unwrap();
    let proofs: Vec<_> = catalog.clock_proofs.iter().map(|p| p.proof()).collect();
    assert_eq!(proofs, store.db().clock_proofs().unwrap());
    assert_eq!(proofs[0].clock_offset, proven());
}

#[test]
fn nobody_sees_a_run_in_two_times_at_once() {
    let three = Three::new();
    let (store, stream) = (three.store.clone(), three.stream);
    let done = Arc::new(AtomicBool::new(false));
    let look = {
        let (store, done) = (store.clone(), done.clone());
        std::thread::spawn(move || {
            let mut seen = [0; 2];
            while !done.load(Ordering::Relaxed) || seen[1] == 0 {
                let all = starts(&store, stream);
                let moved = all.iter().filter(|(_, start, _)| *start >= 86_400).count();
                assert!(moved == 0 || moved == all.len(), "{all:?}");
                seen[usize::from(moved > 0)] += 1;
            }
            seen
        })
    };
    store.prove_clock(proven()).unwrap();
    done.store(true, Ordering::Relaxed);
    assert!(look.join().unwrap()[1] > 0);
}
