//! A database that is lost, and what `adopt` makes of the directory of film alone.

use crate::HASH;
use crate::stage::Stage;
use lunette::base::Kind;
use lunette::store::{Adopted, Store, adopt};
use std::fs;
use std::process::Command;

fn lose_database(stage: &Stage) {
    fs::remove_dir_all(stage.db()).unwrap();
}

fn adopted(stage: &Stage) -> Adopted {
    let adopted = adopt(&stage.db(), &stage.film(), None).unwrap();
    assert_eq!(stage.check(HASH), [""; 0]);
    adopted
}

#[test]
fn a_lost_database_is_built_anew_and_nobody_outside_sees_a_difference() {
    let before = Stage::new();
    let stage = Stage::new();
    lose_database(&stage);
    let adopted = adopted(&stage);
    assert_eq!((adopted.recordings, adopted.cameras), (13, 2));
    assert_eq!(
        adopted.notes,
        ["camera \"porch\" needs its login again: lunette camera edit \"porch\" --username … --password-file …"]
    );
    let (before, after) = (before.outside(), stage.outside());
    assert!(before.answers().len() > 50, "{}", before.answers().len());
    let without_login = |text: &str| text.replace("\"username\":\"owner\"", "\"username\":\"\"");
    for (what, answer) in before.answers() {
        assert_eq!(after.answers().get(what), Some(&without_login(answer)), "{what}");
    }
    assert_eq!(after.answers().len(), before.answers().len());
    // What is recorded next has ids that were never given.
    let store = stage.open();
    let stream = store.cameras()[0].streams[0].id;
    assert_eq!(store.db().protected_spans(stream).unwrap().len(), 1);
    let conn = rusqlite::Connection::open(stage.db().join("db")).unwrap();
    let open: i64 = conn.query_row("SELECT max(id) FROM open", (), |row| row.get(0)).unwrap();
    assert_eq!(open, 2);
    drop(store);
}

#[test]
fn with_its_catalog_lost_too_the_film_is_told_apart_by_camera() {
    for torn in [false, true] {
        let (good, stage) = (Stage::new().outside(), Stage::new());
        lose_database(&stage);
        match torn {
            true => stage.change("catalog", |text| text.truncate(200)),
            false => fs::remove_file(stage.file("catalog")).unwrap(),
        }
        let adopted = adopted(&stage);
        assert_eq!((adopted.recordings, adopted.cameras), (13, 2));
        let source = "is known from its film alone: tell its source, which is \"rtsp://lost.invalid/\" now";
        assert_eq!(adopted.notes.iter().filter(|note| note.ends_with(source)).count(), 3, "{:?}", adopted.notes);
        let outside = stage.outside();
        let films = |of: &crate::outside::Outside| {
            let films = of.answers().iter().filter(|(what, _)| what.contains(" run ") || what.contains(" recording "));
            let mut films: Vec<_> = films.map(|(_, told)| told.clone()).collect();
            films.sort();
            films
        };
        assert_eq!(films(&outside).len(), films(&good).len());
        // All but the run whose time only the catalog knew: its subtitles tell another time.
        let (found, wanted) = (films(&outside), films(&good));
        let same = wanted.iter().filter(|told| found.contains(told)).count();
        assert!(same >= wanted.len() - 3, "{same} of {}", wanted.len());
        let gaps = outside.answers().iter().filter(|(what, _)| what.ends_with("gaps"));
        assert!(gaps.clone().any(|(_, told)| told.contains("camera silent")), "{:?}", gaps.collect::<Vec<_>>());
    }
}

#[test]
fn an_older_catalog_is_completed_by_the_film() {
    let stage = Stage::new();
    lose_database(&stage);
    stage.change("catalog", |text| {
        let mut catalog: serde_json::Value = serde_json::from_slice(text).unwrap();
        catalog["cameras"].as_array_mut().unwrap().pop();
        catalog["lastStream"] = 2.into();
        catalog["gaps"] = serde_json::json!([]);
        *text = serde_json::to_vec(&catalog).unwrap();
    });
    let adopted = adopted(&stage);
    assert_eq!((adopted.recordings, adopted.cameras), (13, 2));
    let outside = stage.outside();
    assert!(
        outside.answers()["porch main gaps"].contains("camera silent"),
        "{:?}",
        outside.answers()["porch main gaps"]
    );
    let before = Stage::new().outside();
    for what in ["porch main run 1", "porch sub run 1", "porch main recordings", "porch main init 1"] {
        assert_eq!(outside.answers()[what], before.answers()[what], "{what}");
    }
}

#[test]
fn an_adoption_that_was_interrupted_is_begun_again() {
    let stage = Stage::new();
    lose_database(&stage);
    // As far as a database half filled under its other name.
    fs::create_dir_all(stage.db().join("adopting")).unwrap();
    fs::copy(Stage::foreign().db().join("db"), stage.db().join("adopting/db")).unwrap();
    fs::write(stage.db().join("adopting/db-wal"), "torn").unwrap();
    assert_eq!(adopted(&stage).recordings, 13);
    assert!(!stage.db().join("adopting").exists());
}

#[test]
fn a_database_with_something_in_it_is_left_alone() {
    let (stage, other) = (Stage::new(), Stage::foreign());
    let e = adopt(&stage.db(), &other.film(), None).unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    assert!(e.to_string().contains("it has cameras of its own, and ids of both would be the same"), "{e}");
    let e = adopt(&stage.db(), &stage.film(), None).unwrap_err();
    assert!(e.to_string().contains("it is the database of this very directory: `lunette check --repair`"), "{e}");
    assert_eq!(stage.check(HASH), [""; 0]);
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(adopt(&nothing.path().join("db"), nothing.path(), None).unwrap_err().kind(), Kind::BadInput);
    assert_eq!(fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_database_is_moved_aside_for_a_new_one() {
    let stage = Stage::new();
    let file = stage.db().join("db");
    let mut bytes = fs::read(&file).unwrap();
    let len = bytes.len();
    bytes[4096..len].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let adopted = adopted(&stage);
    assert_eq!(adopted.recordings, 13);
    assert!(adopted.notes.iter().any(|note| note.ends_with("moved aside as db.aside.1")), "{:?}", adopted.notes);
    assert_eq!(fs::metadata(stage.db().join("db.aside.1")).unwrap().len(), len as u64);
}

#[test]
fn files_that_are_damaged_do_not_keep_the_others() {
    let stage = Stage::new();
    lose_database(&stage);
    // Closed, but cut off: nobody knows its frames any more.
    stage.change("0000000100000002", |film| film.truncate(20_000));
    stage.change("0000000200000002", |film| film[77] ^= 1);
    fs::remove_file(stage.file("journal")).unwrap();
    fs::write(stage.file("0000000100000055"), "junk").unwrap();
    fs::create_dir(stage.file("0000000100000056")).unwrap();
    let adopted = adopt(&stage.db(), &stage.film(), None).unwrap();
    let mut notes = adopted.notes.clone();
    notes.retain(|note| !note.contains("login"));
    assert_eq!(adopted.recordings, 12);
    assert_eq!(
        notes,
        [
            "recording 2/2: its film is not what was recorded; it stays, marked as damaged",
            "0000000100000056: is no file; it does not belong here",
            "0000000100000002: it was not closed, and the journal does not vouch for it; set aside as \
             aside.0000000100000002",
            "0000000100000055: it was not closed, and the journal does not vouch for it; set aside as \
             aside.0000000100000055",
        ]
    );
}

#[test]
fn a_start_whose_database_is_lost_says_so_and_records_nothing_over_the_film() {
    let stage = Stage::new();
    lose_database(&stage);
    let names = |stage: &Stage| {
        let mut names: Vec<_> = fs::read_dir(stage.film()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&stage);
    for _ in 0..2 {
        let e = Store::open(stage.options()).unwrap_err();
        assert!(
            e.to_string()
                .contains("holds what another database recorded: if that database is lost, `lunette adopt` builds"),
            "{e}"
        );
    }
    assert_eq!(names(&stage), before);
    // Not one picture is left, but the cameras are.
    let empty = Stage::new();
    lose_database(&empty);
    for name in names(&empty).into_iter().filter(|name| name.len() == 16) {
        fs::remove_file(empty.film().join(name)).unwrap();
    }
    assert!(Store::open(empty.options()).unwrap_err().to_string().contains("`lunette adopt` builds"));
    assert_eq!(adopted(&empty).cameras, 2);
    // What the start left behind is no database that would be in the way.
    assert_eq!(adopted(&stage).recordings, 13);
}

#[test]
fn the_verb_tells_what_it_did_and_what_is_to_be_done() {
    let stage = Stage::new();
    lose_database(&stage);
    let config = format!("[store]\ndb_dir = {:?}\nsample_dir = '/elsewhere'\n", stage.db());
    let file = stage.film().with_file_name("lunette.toml");
    fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunette"));
    let done = command.arg("--config").arg(file).arg("adopt").arg(stage.film()).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[1].starts_with("adopted 13 recordings of 2 cameras; the database is in "), "{said}");
    assert_eq!(lines[2], "users and passwords were not in the directory: set them again");
    assert!(lines[3].starts_with("put sample_dir = \"") && lines[3].ends_with("into the configuration, under [store]"));
}
