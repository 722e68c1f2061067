//! Upgrades that are killed, at every line that they say and at any moment, and called again.

use crate::fixture::Layout;
use crate::place::{Clip, Place, pictures};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills an upgrade when it has said `lines` lines; false when it has ended by itself.
fn killed_after(place: &Place, lines: usize) -> bool {
    let mut child = place.command(&["upgrade"]).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let reached = lines == 0 || said.by_ref().nth(lines - 1).is_some();
    child.kill().unwrap();
    reached && !child.wait().unwrap().success()
}

/// The same place again, as it is now.
fn copy(place: &Place) -> Place {
    let copy = Place::new();
    fs::create_dir_all(copy.db_dir()).unwrap();
    for (from, to) in [(place.db_dir(), copy.db_dir()), (place.sample_dir(), copy.sample_dir())] {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    copy
}

#[test]
fn killed_at_every_step_it_is_the_same_in_the_end() {
    let clip = Clip::make();
    let old = Place::with(Layout::Unversioned, &clip);
    let straight = copy(&old);
    let lines = straight.expect(&["upgrade"]).lines().count();
    assert!(lines > 10, "{lines}");
    let mut kills = 0;
    for line in 0..lines {
        let place = copy(&old);
        kills += usize::from(killed_after(&place, line));
        place.expect(&["upgrade"]);
        let versions = |place: &Place| place.rows().split_once("open\n").unwrap().1.to_owned();
        assert_eq!(versions(&place), versions(&straight), "killed after line {line}");
        assert_eq!(place.expect(&["check", "--hash"]), "", "killed after line {line}");
    }
    println!("{kills} kills at {lines} lines");
    assert!(kills >= lines / 2, "{kills} of {lines}: some end before the signal comes");
}

/// Tried, spread over the time that a whole one takes; some may find it done.
const KILLS: u32 = 24;

#[test]
fn killed_at_any_moment_it_goes_on_until_it_is_done() {
    let clip = Clip::make();
    let place = Place::new();
    let mut db = place.database(Layout::Zero, &clip);
    db.conn.execute_batch("BEGIN").unwrap();
    let recordings = clip.fill(&mut db, &place.sample_dir());
    // Three days of the second camera, without film but for the newest.
    for n in 0..4000 {
        let (frames, film) = clip.second(n % 6, false);
        let start = recordings[1].start + (7200 + n as i64) * 90_000;
        let recording = crate::fixture::OldRecording::of(2, start, &frames, &film);
        if n > 3990 {
            fs::write(place.sample_dir().join(recording.file_name()), film).unwrap();
        }
        db.add(&recording);
    }
    db.conn.execute_batch("COMMIT").unwrap();
    drop(db);
    let old = place;
    let straight = copy(&old);
    let begun = Instant::now();
    straight.expect(&["upgrade"]);
    let whole = begun.elapsed();

    let (mut kills, mut place) = (0, copy(&old));
    for part in 0..KILLS {
        let mut child = place.command(&["upgrade"]).stdout(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + whole * (part * 7 % KILLS) / KILLS;
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        let was_done = child.wait().unwrap().success();
        kills += u32::from(!was_done);
        if was_done {
            place = copy(&old);
        }
    }
    place.expect(&["upgrade"]);
    println!("{kills} kills of {KILLS} within {whole:?}");
    assert!(kills >= 4, "{kills}");
    let rows = |place: &Place| place.rows().split_once("open\n").unwrap().1.to_owned();
    assert!(rows(&place) == rows(&straight));
    let film = place.path("film.mp4");
    let (start, end) = ("2017-03-02T11:00:00", "2017-03-02T13:30:00");
    place.expect(&["export", "--camera", "porch", "--start", start, "--end", end, "-o", film.to_str().unwrap()]);
    assert_eq!(pictures(&film), clip.pictures);
}
