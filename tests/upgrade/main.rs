//! `lunette upgrade` on stores of the original system that are written here, through the real binary.

mod fixture;
mod kills;
mod odd;
mod place;

use fixture::Layout;
use place::{Clip, Place, pictures, uuid};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The film that `export` gives of a camera: 13 hours around it.
fn exported(place: &Place, camera: &str) -> String {
    let file = place.path("film.mp4");
    let _ = fs::remove_file(&file);
    let (start, end) = ("2017-03-02T00:00:00", "2017-03-02T23:00:00");
    place.expect(&["export", "--camera", camera, "--start", start, "--end", end, "-o", file.to_str().unwrap()]);
    pictures(&file)
}

#[test]
fn every_layout_becomes_ours_and_its_film_plays() {
    let clip = Clip::make();
    for layout in Layout::ALL {
        let place = Place::with(layout, &clip);
        let files = place.files();
        let said = place.expect(&["upgrade"]);
        assert!(said.contains("12 recordings, 0 of them odd"), "{layout:?}: {said}");
        assert_eq!(place.expect(&["check", "--hash"]), "", "{layout:?}");
        for camera in ["porch", "garden"] {
            assert_eq!(exported(&place, camera), clip.pictures, "{layout:?} {camera}");
        }
        let film: Vec<_> = place.files().into_iter().filter(|name| name.len() == 36).collect();
        assert_eq!(film, files, "{layout:?}: the files keep their names");
        let said = place.expect(&["upgrade"]);
        assert!(said.contains("nothing to do"), "{said}");
        let mode = fs::metadata(place.db_dir().join("db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn versions_0_and_1_become_the_same() {
    let clip = Clip::make();
    let place = Place::with(Layout::Zero, &clip);
    let recordings = place.open_database();
    let uuids: Vec<(i64, Vec<u8>)> = recordings
        .prepare("SELECT id, sample_file_uuid FROM recording ORDER BY id")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    drop(recordings);
    let other = Place::with(Layout::One, &clip);
    let conn = other.open_database();
    for (id, uuid) in &uuids {
        // Written in turn for both cameras.
        let composite = ((id - 1) % 2 + 1) << 32 | ((id - 1) / 2 + 1);
        let changed = "UPDATE recording_playback SET sample_file_uuid = ?1 WHERE composite_id = ?2";
        assert_eq!(conn.execute(changed, (uuid, composite)).unwrap(), 1);
    }
    drop(conn);
    for name in other.files() {
        fs::remove_file(other.sample_dir().join(name)).unwrap();
    }
    for name in place.files() {
        fs::copy(place.sample_dir().join(&name), other.sample_dir().join(&name)).unwrap();
    }
    place.expect(&["upgrade"]);
    other.expect(&["upgrade"]);
    let without_versions = |place: &Place| place.rows().split_once("open\n").unwrap().1.to_owned();
    assert_eq!(without_versions(&place), without_versions(&other));
    let versions = |place: &Place| place.rows().lines().filter(|line| line.contains("upgraded by")).count();
    assert_eq!((versions(&place), versions(&other)), (2, 1));
}

#[test]
fn a_new_database_and_an_upgraded_one_have_the_same_schema() {
    let clip = Clip::make();
    let new = Place::new();
    new.expect(&["init"]);
    for layout in Layout::ALL {
        let place = Place::with(layout, &clip);
        place.expect(&["upgrade"]);
        assert_eq!(place.schema(), new.schema(), "{layout:?}");
    }
}

#[test]
fn reserved_files_are_deleted_or_set_aside() {
    let clip = Clip::make();
    for layout in Layout::ALL {
        let place = Place::new();
        let mut db = place.database(layout, &clip);
        let recordings = clip.fill(&mut db, &place.sample_dir());
        let [writing, deleting, gone] = [uuid(1), uuid(2), uuid(3)];
        db.reserve(writing, 0);
        db.reserve(deleting, 1);
        db.reserve(gone, 1);
        // It has a row all the same: film is not deleted.
        db.reserve(uuid::Uuid::from_slice(&recordings[3].uuid).unwrap(), 1);
        drop(db);
        for uuid in [writing, deleting] {
            fs::write(place.sample_dir().join(uuid.to_string()), "film").unwrap();
        }
        let said = place.expect(&["upgrade"]);
        assert!(said.contains("1 sample files that were to be deleted are deleted"), "{said}");
        let files = place.files();
        assert!(files.contains(&format!("aside.{writing}")), "{files:?}");
        assert!(!files.contains(&deleting.to_string()) && !files.contains(&writing.to_string()), "{files:?}");
        assert!(files.contains(&recordings[3].file_name()));
        let noted = format!("note: aside.{writing}: 4 bytes that were set aside earlier\n");
        assert_eq!(place.expect(&["check", "--hash"]), noted);
    }
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let clip = Clip::make();
    for layout in Layout::ALL {
        let place = Place::with(layout, &clip);
        // SQLite lays its shared memory beside a database that has a write-ahead log.
        let state = || (fs::read(place.db_dir().join("db")).unwrap(), place.files());
        let before = state();
        let said = place.expect(&["upgrade", "--dry-run"]);
        assert!(said.contains("2 cameras, 12 recordings of") && said.contains("0 of them odd"), "{said}");
        assert!(before == state(), "{layout:?}");
    }
}

#[test]
fn what_cannot_be_upgraded_is_refused_in_words_and_left_alone() {
    let clip = Clip::make();
    let place = Place::with(Layout::One, &clip);
    let told = |words: &str, args: &[&str]| {
        let (status, said) = place.lunette(args);
        assert!(status == 3 && said.contains(words), "{status}: {said}");
    };
    told("run `lunette upgrade` first", &["run"]);
    told("run `lunette upgrade` first", &["check"]);

    let lock = fs::File::open(place.db_dir()).unwrap();
    lock.lock().unwrap();
    told("is in use: stop the daemon first", &["upgrade"]);
    drop(lock);

    let elsewhere = place.path("elsewhere");
    fs::rename(place.sample_dir(), &elsewhere).unwrap();
    told("there is no sample directory", &["upgrade"]);
    fs::create_dir(place.sample_dir()).unwrap();
    told("has none of the 12 newest sample files", &["upgrade"]);
    assert_eq!(place.files(), Vec::<String>::new());
    fs::write(place.sample_dir().join("0000000100000001"), "").unwrap();
    told("holds the film of another database", &["upgrade"]);
    fs::remove_file(place.sample_dir().join("0000000100000001")).unwrap();
    fs::remove_dir(place.sample_dir()).unwrap();
    fs::rename(&elsewhere, place.sample_dir()).unwrap();

    let conn = place.open_database();
    conn.execute_batch("INSERT INTO version VALUES (5, 0, '')").unwrap();
    told("is a Moonfire NVR database (schema 5)", &["upgrade"]);
    conn.execute_batch("DELETE FROM version WHERE id = 5").unwrap();
    drop(conn);
    place.expect(&["upgrade"]);

    let empty = Place::new();
    let (status, said) = empty.lunette(&["upgrade"]);
    assert!(status == 3 && said.contains("there is none"), "{said}");
}

#[test]
fn old_film_is_deleted_like_any_other() {
    let clip = Clip::make();
    let place = Place::with(Layout::Zero, &clip);
    place.expect(&["upgrade"]);
    place.expect(&["camera", "remove", "porch", "--delete-film"]);
    // The verb ends when the rows are gone; the next start unlinks what is left.
    place.expect(&["init"]);
    let left: Vec<_> = place.files().into_iter().filter(|name| name.len() == 36).collect();
    assert_eq!(left.len(), 6, "{left:?}");
    assert_eq!(place.expect(&["check", "--hash"]), "");
    assert_eq!(exported(&place, "garden"), clip.pictures);
    let conn = place.open_database();
    let count = |table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!([count("old_file"), count("recording")], [6, 6]);
}

#[test]
fn a_lost_database_of_old_film_is_built_anew() {
    let clip = Clip::make();
    let place = Place::with(Layout::One, &clip);
    place.expect(&["upgrade"]);
    place.expect(&["init"]);
    let rows = |place: &Place| {
        let rows = place.rows();
        rows[rows.find("run\n").unwrap()..].to_owned()
    };
    let before = rows(&place);
    fs::remove_dir_all(place.db_dir()).unwrap();
    place.expect(&["adopt", place.sample_dir().to_str().unwrap()]);
    assert_eq!(rows(&place), before);
    assert_eq!(place.expect(&["check", "--hash"]), "");
    assert_eq!(exported(&place, "porch"), clip.pictures);
}
