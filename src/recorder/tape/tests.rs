//! Tapes with a store of their own.

use super::*;
use crate::live::Frames;
use crate::media::SampleEntry;
use crate::store::Options;
use crate::store::camera::{NewCamera, NewStream, PerKind};
use bytes::Bytes;

const SECOND: i64 = 90_000;

/// A store of one camera on a disk of its own, and the tape of its main stream.
fn tape(disk: &tempfile::TempDir) -> (Arc<Store>, Tape) {
    let store = Store::open(Options::new(disk.path().join("db"), disk.path().join("film"), || WallTime(0))).unwrap();
    let main = Some(NewStream::new("rtsp://127.0.0.1/"));
    let porch = NewCamera { name: "porch".into(), streams: PerKind { main, sub: None }, ..Default::default() };
    let stream = store.add_camera(&porch).unwrap().streams[0].id;
    (store.clone(), other_tape(store, stream, "porch/main"))
}

/// A tape that nobody watches.
fn other_tape(store: Arc<Store>, stream: StreamId, label: &str) -> Tape {
    Tape::new(store, Frames::default().publisher(stream), stream, label)
}

fn frame(second: i64, arrived: i64, entry: &Arc<SampleEntry>) -> Frame {
    Frame {
        pts_90k: second * SECOND,
        arrived: MonoTime(arrived),
        is_key: true,
        is_skipped_leading: false,
        is_bidirectional: false,
        data: Bytes::from_static(b"\0\0\0\x01\x65"),
        sample_entry: entry.clone(),
        lost_packets: 0,
    }
}

fn entry() -> Arc<SampleEntry> {
    SampleEntry::example(&b"\0\0\0\x08avc1"[..])
}

fn anchor() -> Anchor {
    Anchor { clock_offset: WallDuration(0), unproven: false }
}

/// What the store has of the stream: when it starts, how many frames, why it ended.
fn recorded(store: &Store, stream: StreamId) -> Vec<(i64, u32, Option<String>)> {
    store.flush().unwrap();
    let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    all.into_iter().map(|r| (r.start.0 / SECOND, r.video_samples, r.end_reason)).collect()
}

#[test]
fn what_the_run_says_is_done() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let entry = entry();
    for second in 0..10 {
        let taken = tape.push(&frame(second, second * SECOND, &entry), anchor()).unwrap();
        assert!(matches!(taken, Taken::Yes));
    }
    let reason = tape.push(&frame(9, 10 * SECOND, &entry), anchor()).unwrap_err();
    assert_eq!(reason.cause, Cause::BadTimestamps);
    tape.push(&frame(20, 20 * SECOND, &entry), anchor()).unwrap();
    tape.end(EndReason::new(Cause::Stopped, ""));
    let stopped = Some("recorder stopped".to_owned());
    let bad = Some("bad timestamps: repeated".to_owned());
    assert_eq!(recorded(&store, tape.stream), [(0, 10, bad), (20, 1, stopped)]);
}

#[test]
fn a_hole_is_told_while_it_lasts_and_when_it_ends() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let entry = entry();
    let holes = |store: &Store, stream| {
        let gaps = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
        let tell = |g: crate::store::Gap| (g.start.0 / SECOND, g.end.map(|end| end.0 / SECOND), g.cause);
        gaps.into_iter().map(tell).collect::<Vec<_>>()
    };
    for second in 0..5 {
        tape.push(&frame(second, second * SECOND, &entry), anchor()).unwrap();
    }
    tape.end(EndReason::new(Cause::Closed, ""));
    assert_eq!(holes(&store, tape.stream), [(4, None, "camera closed the stream".to_owned())]);
    tape.still_nothing(&EndReason::new(Cause::Unreachable, "no route"));
    assert_eq!(holes(&store, tape.stream), [(4, None, "camera unreachable".to_owned())]);
    store.flush().unwrap();

    // Another session finds the hole that it begins in.
    let mut tape = other_tape(store.clone(), tape.stream, "porch/main");
    tape.push(&frame(0, 20 * SECOND, &entry), anchor()).unwrap();
    store.flush().unwrap();
    assert_eq!(holes(&store, tape.stream), [(4, Some(20), "camera closed the stream".to_owned())]);
}

#[test]
fn a_hole_begins_where_the_disk_took_the_last_frame() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let entry = entry();
    for second in 0..5 {
        tape.push(&frame(second, second * SECOND, &entry), anchor()).unwrap();
    }
    store.flush().unwrap();
    store.refuse_writes(true);
    let taken: Vec<_> = (5..40)
        .map(|second| {
            let _ = store.catch_up();
            tape.push(&frame(second, second * SECOND, &entry), anchor()).unwrap()
        })
        .collect();
    assert!(taken.iter().any(|taken| matches!(taken, Taken::Refused(_))), "{taken:?}");
    store.refuse_writes(false);
    for second in 40..50 {
        tape.push(&frame(second, second * SECOND, &entry), anchor()).unwrap();
    }
    tape.end(EndReason::new(Cause::Stopped, ""));
    store.flush().unwrap();
    let always = WallTime(i64::MIN)..WallTime(i64::MAX);
    let film = store.recordings(tape.stream, always.clone()).unwrap();
    let gaps = store.gaps(tape.stream, always).unwrap();
    let (start, end) = (film[0].end(), film[1].start);
    // The last try may have been just before.
    assert!(start.0 == 4 * SECOND && end.0 >= 40 * SECOND, "{film:?}");
    // One, however often the disk was tried.
    let within = |gap: &crate::store::Gap| (gap.start, gap.end, gap.cause.clone());
    let told: Vec<_> = gaps.iter().take_while(|gap| gap.start < end).map(within).collect();
    assert_eq!(told, [(start, Some(end), "disk failed".to_owned())]);
}

#[test]
fn a_hole_outlives_the_film_before_it() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let (entry, stream) = (entry(), tape.stream);
    record(&mut tape, 0..5, anchor(), &entry);
    tape.end(EndReason::new(Cause::Closed, ""));
    store.flush().unwrap();
    let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    store.delete(all.iter().map(|r| r.id));
    store.flush().unwrap();
    assert_eq!(recorded(&store, stream), []);

    let mut tape = other_tape(store.clone(), stream, "porch/main");
    tape.still_nothing(&EndReason::new(Cause::Unreachable, "no route"));
    assert_eq!(gaps(&store, stream), [(4, None, "camera unreachable".to_owned())]);
    let mut tape = other_tape(store.clone(), stream, "porch/main");
    tape.push(&frame(0, 20 * SECOND, &entry), anchor()).unwrap();
    assert_eq!(gaps(&store, stream), [(4, Some(20), "camera unreachable".to_owned())]);
}

#[test]
fn clocks_too_far_apart_begin_a_new_run_with_the_same_frame() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let entry = entry();
    let mut frames = 0;
    for second in 0..400 {
        // 2 % slow: three seconds behind after two and a half minutes.
        tape.push(&frame(second, second * SECOND * 102 / 100, &entry), anchor()).unwrap();
        frames += 1;
        if second % 10 == 0 {
            store.flush().unwrap(); // days in a moment are more than a disk keeps up with
        }
    }
    tape.end(EndReason::new(Cause::Stopped, ""));
    let recorded = recorded(&store, tape.stream);
    assert_eq!(recorded.iter().map(|r| r.1).sum::<u32>(), frames, "{recorded:?}");
    let ends: Vec<_> = recorded.iter().filter_map(|r| r.2.as_deref()).map(|r| &r[..12]).collect();
    assert!(ends.len() >= 2 && ends[..ends.len() - 1].iter().all(|&end| end == "camera clock"), "{recorded:?}");
}

#[test]
fn a_stream_that_is_gone_is_refused_and_the_camera_goes_on() {
    let disk = tempfile::tempdir().unwrap();
    let (store, tape) = tape(&disk);
    let mut other = other_tape(store, StreamId::new(77).unwrap(), "gone/main");
    let taken = other.push(&frame(0, 0, &entry()), anchor()).unwrap();
    assert!(matches!(taken, Taken::Refused(_)), "{taken:?}");
    drop(tape);
}

const DAY: i64 = 86_400;

/// A boot that knows no time, and what is true.
fn unproven() -> Anchor {
    Anchor { clock_offset: WallDuration(0), unproven: true }
}

fn proven() -> Anchor {
    Anchor { clock_offset: WallDuration::from_secs(DAY), unproven: false }
}

fn record(tape: &mut Tape, seconds: std::ops::Range<i64>, anchor: Anchor, entry: &Arc<SampleEntry>) {
    for second in seconds {
        let taken = tape.push(&frame(second, second * SECOND, entry), anchor).unwrap();
        assert!(matches!(taken, Taken::Yes));
        if second % 10 == 0 {
            tape.store.catch_up().unwrap(); // minutes in a moment are more than a disk keeps up with
        }
    }
}

fn gaps(store: &Store, stream: StreamId) -> Vec<(i64, Option<i64>, String)> {
    let gaps = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    gaps.into_iter().map(|g| (g.start.0 / SECOND, g.end.map(|end| end.0 / SECOND), g.cause)).collect()
}

/// Numbers of frames, starts in seconds and whether these are unproven, in the order of recording.
fn runs(store: &Store, stream: StreamId) -> Vec<(u32, i64, bool)> {
    store.flush().unwrap();
    let mut all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    all.sort_by_key(|r| r.id);
    all.iter().map(|r| (r.video_samples, r.start.0 / SECOND, r.flags.contains(Flags::UNPROVEN_TIME))).collect()
}

#[test]
fn the_session_goes_on_while_its_run_moves_and_loses_no_frame() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let (entry, stream) = (entry(), tape.stream);
    record(&mut tape, 0..200, unproven(), &entry);
    let told = runs(&store, stream);
    assert!(told.iter().all(|&(_, start, unproven)| unproven && start < 200), "{told:?}");
    store.prove_clock(proven().clock_offset).unwrap();
    let told = runs(&store, stream);
    assert!(told.iter().all(|&(_, start, unproven)| !unproven && start >= DAY), "{told:?}");
    record(&mut tape, 200..400, proven(), &entry);
    tape.end(EndReason::new(Cause::Closed, ""));
    let told = runs(&store, stream);
    assert_eq!(told.iter().map(|told| told.0).sum::<u32>(), 400, "{told:?}");
    let mut end = DAY;
    for &(frames, start, unproven) in &told {
        assert_eq!((start, unproven), (end, false), "{told:?}");
        end += i64::from(frames);
    }
    // All one run, and the hole behind it is where it ends.
    let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    assert!(all.iter().all(|r| r.run_start == all[0].run_start));
    assert_eq!(gaps(&store, stream), [(DAY + 399, None, "camera closed the stream".to_owned())]);
}

#[test]
fn holes_of_a_boot_without_time_are_where_they_were() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let (entry, stream) = (entry(), tape.stream);
    // Film of a clock that was right, a camera that was gone, and a restart into a time long before.
    record(&mut tape, 0..10, Anchor { clock_offset: WallDuration::from_secs(DAY - 100), unproven: false }, &entry);
    tape.end(EndReason::new(Cause::Silent, ""));
    drop(tape);
    store.catch_up().unwrap();
    let mut tape = other_tape(store.clone(), stream, "porch/main");
    record(&mut tape, 20..30, unproven(), &entry);
    assert_eq!(gaps(&store, stream), [(DAY - 91, Some(DAY - 91), "camera silent".to_owned())]);
    tape.end(EndReason::new(Cause::Closed, ""));
    record(&mut tape, 35..40, unproven(), &entry);
    store.prove_clock(proven().clock_offset).unwrap();
    record(&mut tape, 40..50, proven(), &entry);
    tape.end(EndReason::new(Cause::Stopped, ""));
    store.flush().unwrap();
    let closed = || "camera closed the stream".to_owned();
    let expected = [
        (DAY - 91, Some(DAY + 20), "camera silent".to_owned()),
        (DAY + 29, Some(DAY + 35), closed()),
        (DAY + 49, None, "recorder stopped".to_owned()),
    ];
    assert_eq!(gaps(&store, stream), expected);
}

#[test]
fn a_step_of_the_clock_leaves_film_alone_and_is_told_with_the_hole() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let (entry, stream) = (entry(), tape.stream);
    let at = |offset| Anchor { clock_offset: WallDuration::from_secs(offset), unproven: false };
    // Set ahead by an hour during a run: that goes on as it began. Then the next, right one, and one set back.
    record(&mut tape, 0..10, at(0), &entry);
    record(&mut tape, 10..20, at(3600), &entry);
    tape.end(EndReason::new(Cause::Closed, "bye"));
    record(&mut tape, 25..30, at(3600), &entry);
    tape.end(EndReason::new(Cause::Closed, "bye"));
    record(&mut tape, 35..40, at(1800), &entry);
    tape.end(EndReason::new(Cause::Closed, "bye"));
    record(&mut tape, 45..50, at(1800), &entry);
    tape.end(EndReason::new(Cause::Stopped, ""));
    assert_eq!(
        runs(&store, stream),
        [(20, 0, false), (5, 3625, false), (5, 1835, false), (5, 1845, false)],
        "no frame is lost, and none is told twice"
    );
    let moved = || "clock moved".to_owned();
    let expected = [
        (19, Some(3625), moved()),
        (1839, Some(1845), "camera closed the stream".to_owned()),
        (1849, None, "recorder stopped".to_owned()),
        (3629, Some(3629), moved()),
    ];
    assert_eq!(gaps(&store, stream), expected);
    let details: Vec<_> = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    assert_eq!(
        details[0].detail,
        "the recorder's clock was set ahead by 3600.0 s; before that: camera closed the stream: bye"
    );
    assert_eq!(
        details[3].detail,
        "the recorder's clock was set back by 1800.0 s; before that: camera closed the stream: bye"
    );
    // The list is newest first by the time that is told, each recording once.
    let terms = crate::media::rows::Terms { split: None, limit: 100 };
    let rows = store.rows(stream, WallTime(i64::MIN)..WallTime(i64::MAX), terms).unwrap();
    let starts: Vec<_> = rows.iter().map(|row| row.start.0 / SECOND).collect();
    assert_eq!(starts, [3625, 1845, 1835, 0]);
}

#[test]
fn a_burst_at_the_start_moves_the_end_of_the_hole_too() {
    let disk = tempfile::tempdir().unwrap();
    let (store, mut tape) = tape(&disk);
    let (entry, stream) = (entry(), tape.stream);
    record(&mut tape, 0..5, anchor(), &entry);
    tape.end(EndReason::new(Cause::Closed, ""));
    // Four seconds that the camera had buffered come at once.
    for second in 20..24 {
        tape.push(&frame(second, 24 * SECOND, &entry), anchor()).unwrap();
    }
    record(&mut tape, 24..30, anchor(), &entry);
    assert_eq!(gaps(&store, stream), [(4, Some(20), "camera closed the stream".to_owned())]);
}
