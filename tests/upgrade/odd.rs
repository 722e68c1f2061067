//! Funny recordings: told, kept where that is possible, and never in the way of the others.

use crate::fixture::{Layout, OldRecording, index};
use crate::place::{Clip, NOON, Place, pictures};
use std::fs;

/// A change that makes a recording odd, and what is said of it.
type Oddity = (&'static str, fn(&mut OldRecording), &'static str);

/// Each makes the first recording of the second camera's second run odd.
const ODDITIES: [Oddity; 14] = [
    (
        "an index with a zero in it",
        |r| r.index = index(&[(9000, 10, true), (0, 7, false), (9000, 8, false)]),
        "no duration, yet it is not the last",
    ),
    ("an index that is cut off", |r| r.index.truncate(3), "cut off"),
    ("an index of nothing", |r| r.index.clear(), "it is empty"),
    ("an index of noise", |r| r.index = vec![0xfd; 3123], "too many digits"),
    ("an index without a key frame", |r| r.index = index(&[(9000, 10, false)]), "no key frame"),
    ("a recording of hours", |r| r.index = index(&[(900_000_000, 10, true)]), "units long"),
    ("other sums", |r| r.samples += 1, "its row says 11 frames, its index has 10"),
    ("other bytes", |r| r.bytes = 7, "its row says 7 bytes"),
    ("a time beyond the calendar", |r| r.start = i64::MAX / 2, "its start is no time"),
    ("no sample entry", |r| r.sample_entry = 9, "its sample entry is not in the database"),
    ("no camera", |r| r.camera = 9, "its camera is not in the database"),
    ("half a name", |r| r.uuid.truncate(7), "the name of its sample file is not in the database"),
    ("no hash", |r| r.sha1.clear(), "its SHA-1 is not in the database"),
    ("numbers below zero", |r| (r.samples, r.sync_samples, r.bytes, r.duration) = (-1, -1, -1, -1), "its row says"),
];

#[test]
fn funny_recordings_are_told_and_stop_nothing() {
    let clip = Clip::make();
    for layout in [Layout::Zero, Layout::One] {
        let place = Place::new();
        let mut db = place.database(layout, &clip);
        // Nobody minds the references while an old database is damaged.
        db.conn.execute_batch("PRAGMA foreign_keys = off").unwrap();
        clip.fill(&mut db, &place.sample_dir());
        let mut files = vec![];
        for (n, (_, spoil, _)) in ODDITIES.iter().enumerate() {
            let (frames, film) = clip.second(3, false);
            let mut odd = OldRecording::of(2, NOON + (9000 + 100 * n as i64) * 90_000, &frames, &film);
            fs::write(place.sample_dir().join(odd.file_name()), &film).unwrap();
            files.push(odd.file_name());
            spoil(&mut odd);
            db.add(&odd);
        }
        drop(db);
        let said = place.expect(&["upgrade"]);
        for (name, _, words) in ODDITIES {
            assert!(said.contains(words), "{layout:?}, {name}: {said}");
        }
        let left = place.files();
        assert!(files.iter().all(|file| left.contains(file)), "{layout:?}: their film stays");
        // What is kept has a row; the rest was told.
        let left_out = said.lines().filter(|line| line.contains("it is left out")).count();
        let conn = place.open_database();
        let rows: usize = conn.query_row("SELECT count(*) FROM recording", (), |row| row.get(0)).unwrap();
        assert_eq!((left_out, rows), (3, 12 + ODDITIES.len() - 3), "{layout:?}: {said}");
        place.expect(&["init"]);
        for camera in ["porch", "garden"] {
            let export = place.path("film.mp4");
            let _ = fs::remove_file(&export);
            let (start, end) = ("2017-03-02T11:00:00", "2017-03-02T13:30:00");
            let to = export.to_str().unwrap();
            place.expect(&["export", "--camera", camera, "--start", start, "--end", end, "-o", to]);
            assert_eq!(pictures(&export), clip.pictures, "{layout:?}: {camera}");
        }
    }
}
