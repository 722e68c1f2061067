//! A check beside a daemon, and film that is damaged. `tests/check` plants every kind of fault.

use super::timeline::behind;
use super::*;
use crate::base::StreamId;
use crate::media::growing::Append;
use crate::store::Store;
use crate::store::testing::{Script, head};
use crate::store::tests::{FIVE_SECONDS, Place, START};
use std::fs;

const HASH: CheckOptions = CheckOptions { hash: true, repair: false };
const REPAIR: CheckOptions = CheckOptions { hash: true, repair: true };

fn run(place: &Place, options: CheckOptions) -> Vec<String> {
    check(&place.options().db_dir, &place.film(), options).unwrap()
}

/// Frames that are NAL units in length.
fn nal_frames(script: &mut Script, n: usize) -> Vec<Append> {
    (0..n)
        .map(|i| {
            let mut frame = script.frame(i % 5 == 0, 100);
            let at = script.film.len() - 100;
            let mut data = frame.data.to_vec();
            data[..5].copy_from_slice(&[0, 0, 0, 96, 0x41]);
            script.film[at..].copy_from_slice(&data);
            frame.data = data.into();
            frame
        })
        .collect()
}

/// A run of one recording of 30 frames.
fn record(store: &Store, stream: StreamId) -> Vec<u8> {
    let mut growing = store.begin(head(stream, true, START)).unwrap();
    let mut script = Script::new(START);
    nal_frames(&mut script, 30).into_iter().for_each(|frame| growing.append(frame).unwrap());
    growing.close(script.end());
    script.film
}

#[test]
fn a_check_beside_a_daemon_looks_and_does_not_mend() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream);
    store.flush().unwrap();
    // One waits for its row, one grows.
    record(&store, stream);
    let mut growing = store.begin(head(stream, true, START)).unwrap();
    let mut script = Script::new(START);
    nal_frames(&mut script, 12).into_iter().for_each(|frame| growing.append(frame).unwrap());
    store.catch_up().unwrap();
    let report = inspect(&place.options().db_dir, &place.film(), HASH).unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.notes, ["a lunette records meanwhile: what it is just writing is passed over"]);
    let e = check(&place.options().db_dir, &place.film(), REPAIR).unwrap_err();
    assert!(e.to_string().starts_with("stop the daemon before a repair: "), "{e}");
    fs::remove_file(place.film().join("0000000100000001")).unwrap();
    assert_eq!(run(&place, HASH), ["recording 1/1: its sample file is missing"]);
    growing.close(script.end());
    store.shutdown(START, FIVE_SECONDS).unwrap();
}

#[test]
fn what_a_daemon_left_when_it_was_killed_is_told_and_mended() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    store.flush().unwrap();
    record(&store, stream);
    let mut growing = store.begin(head(stream, true, START)).unwrap();
    let mut script = Script::new(START);
    nal_frames(&mut script, 12).into_iter().for_each(|frame| growing.append(frame).unwrap());
    store.catch_up().unwrap();
    let killed = place.crash();
    assert_eq!(
        run(&killed, HASH),
        [
            "recording 1/1: its file has no row; the next start makes it one",
            "recording 1/2: its file was growing at the end; the next start closes it",
        ]
    );
    let done = run(&killed, REPAIR);
    assert!(done[0].ends_with("repaired: it has its row"), "{done:?}");
    assert!(done[1].ends_with("repaired: closed with 11 frames: it was not closed"), "{done:?}");
    assert_eq!(run(&killed, HASH), [""; 0]);
}

#[test]
fn a_hole_that_a_kill_kept_from_the_database_is_there_after_the_start() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream);
    store.catch_up().unwrap();
    let hole = behind(&store.recordings(stream, START..WallTime(i64::MAX)).unwrap()[0]);
    store.gap(stream, hole.clone());
    store.flush().unwrap();
    // Ten seconds later film goes on, and the end of the hole is not written any more.
    let start = hole.start + crate::base::WallDuration::from_secs(10);
    let mut growing = store.begin(head(stream, true, start)).unwrap();
    let mut script = Script::new(start);
    nal_frames(&mut script, 12).into_iter().for_each(|frame| growing.append(frame).unwrap());
    store.gap(stream, crate::store::Gap { end: Some(start), ..hole.clone() });
    store.catch_up().unwrap();
    let killed = place.crash();
    let store = killed.open();
    let gaps = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    assert_eq!(gaps, [crate::store::Gap { end: Some(start), ..hole }]);
    store.shutdown(START, FIVE_SECONDS).unwrap();
}

#[test]
fn a_hole_before_the_first_film_ends_with_it_although_a_kill_kept_that_from_the_database() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let hole = crate::store::Gap { start: START, end: None, cause: "camera silent".into(), detail: String::new() };
    store.gap(stream, hole.clone());
    store.flush().unwrap();
    let start = START + crate::base::WallDuration::from_secs(10);
    let mut growing = store.begin(head(stream, true, start)).unwrap();
    let mut script = Script::new(start);
    nal_frames(&mut script, 12).into_iter().for_each(|frame| growing.append(frame).unwrap());
    store.catch_up().unwrap();
    let killed = place.crash();
    let store = killed.open();
    let gaps = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
    assert_eq!(gaps, [crate::store::Gap { end: Some(start), ..hole }]);
    store.shutdown(START, FIVE_SECONDS).unwrap();
}

#[test]
fn damaged_film_keeps_every_whole_frame() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let film = record(&store, stream);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let path = place.film().join("0000000100000001");
    let whole = fs::read(&path).unwrap();
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let copy = place.crash();
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(copy.film().join("0000000100000001"), bytes).unwrap();
        run(&copy, REPAIR);
        assert_eq!(run(&copy, HASH), [""; 0]);
        let store = copy.open();
        let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
        let damaged = store.db().damaged().unwrap().into_iter().map(|d| d.what).collect::<Vec<_>>().join("");
        let told = all.iter().map(|r| {
            let mut left = vec![0; r.sample_file_bytes as usize];
            store.film(r.id).unwrap().read_exact_at(&mut left, 0).unwrap();
            let same = left.chunks(100).zip(film.chunks(100)).filter(|(a, b)| a == b).count();
            format!("{same} of {} frames, {} units: {damaged}", r.video_samples, r.media_duration.0)
        });
        let told = told.collect::<Vec<_>>().join(" ");
        store.shutdown(START, FIVE_SECONDS).unwrap();
        told
    };
    let lost = "its film is not what was recorded";
    // All as long as before: 29 frames of 9000 units, and the last of none.
    assert_eq!(damage(&|f| f[1234] ^= 1), format!("29 of 30 frames, 261000 units: {lost}"));
    assert_eq!(damage(&|f| f[1200..1400].fill(0)), format!("28 of 30 frames, 261000 units: {lost}"));
    let cut = |n: usize| format!("{n} of {n} frames, 261000 units: of 30 frames the last {} were not whole", 30 - n);
    assert_eq!(damage(&|f| f.truncate(1250)), cut(12));
    // Nobody sees that half a picture is black: where its NAL unit ends is written at its beginning.
    let half = "12 of 13 frames, 261000 units: of 30 frames the last 17 were not whole";
    assert_eq!(damage(&|f| f[1250..3000].fill(0)), half);
    assert_eq!(damage(&|f| f[100..3000].fill(0)), cut(1));
    // Not one picture is left.
    assert_eq!(damage(&|f| f.truncate(50)), "");
    assert_eq!(damage(&|f| f[..3000].fill(0)), "");
}

#[test]
fn a_mark_of_damage_is_a_note_and_one_of_sound_film_is_removed() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream);
    record(&store, stream);
    store.flush().unwrap();
    let mark = |number, what: &str| {
        let id = RecordingId::new(stream, number);
        store.db().note_damage(&Damage { id, found: START, what: what.into() }).unwrap();
    };
    mark(1, Damage::WRONG);
    mark(2, "of 32 frames the last 2 were not whole");
    store.shutdown(START, FIVE_SECONDS).unwrap();
    let notes = |options| inspect(&place.options().db_dir, &place.film(), options).unwrap().notes;
    let cut = "recording 1/2: of 32 frames the last 2 were not whole; found 2019-04-18T02:45:55:50000+00:00, \
               and marked as damaged";
    let wrong = cut.replace("1/2: of 32 frames the last 2 were not whole", "1/1: its film is not what was recorded");
    drop(store);
    assert_eq!(notes(CheckOptions::default()), [wrong, cut.to_owned()]);
    let sound = "recording 1/1: it is marked as damaged, and its film is what was recorded";
    assert_eq!(run(&place, CheckOptions::default()), [""; 0]);
    assert_eq!(run(&place, HASH), [sound]);
    assert_eq!(run(&place, REPAIR), [format!("{sound}; repaired: the mark is removed")]);
    assert_eq!((run(&place, HASH), notes(HASH)), (vec![], vec![cut.to_owned()]));
}
