//! A newer lunette upgrades the database, records, deletes, changes settings; then the older one is back.

use super::*;
use crate::base::Secret;
use crate::store::db::VERSION;
use crate::store::kept;
use crate::store::older::step_back;
use crate::store::people::{NewUser, Rights};
use crate::store::settings::Settings;
use crate::store::wire::checksum;
use rusqlite::Connection;

impl Place {
    fn export(&self) -> std::path::PathBuf {
        self.tmp.path().join("export.json")
    }

    fn open_with_export(&self) -> Arc<Store> {
        Store::open(Options { export: Some(self.export()), ..self.options() }).unwrap()
    }

    fn db(&self) -> std::path::PathBuf {
        self.options().db_dir
    }

    /// As an upgrade to the next version does it: a copy is kept, then tables change.
    fn upgrade(&self) {
        assert!(kept::keep(&self.db(), VERSION).unwrap().is_some());
        let next = Connection::open(self.db().join("db")).unwrap();
        let sql = "ALTER TABLE camera ADD COLUMN colour TEXT; CREATE TABLE floor (id INTEGER PRIMARY KEY) STRICT;
            INSERT INTO version (id, notes) VALUES (3, 'the next lunette')";
        next.execute_batch(sql).unwrap();
    }

    /// The next lunette, whose database tells its version, has ended.
    fn next_ends(&self, store: Arc<Store>) {
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        let next = Connection::open(self.db().join("db")).unwrap();
        next.execute_batch("PRAGMA user_version = 3").unwrap();
    }

    fn step_back(&self) -> String {
        let settings = Settings::read(&self.export()).unwrap();
        step_back(&self.db(), &self.film(), settings.as_ref()).unwrap().join("\n")
    }

    fn check(&self) -> Vec<String> {
        check(&self.db(), &self.film(), CheckOptions { hash: true, repair: false }).unwrap()
    }
}

fn user(name: &str) -> NewUser {
    NewUser { name: name.into(), password_hash: Secret::new(format!("$argon2id$of {name}")), rights: Rights::OWNER }
}

fn add_user(store: &Store, name: &str) {
    store.db().add_user(&user(name)).unwrap();
    store.settings_changed();
}

/// Its trailer is of a format that nobody knows yet.
fn write_in_next_format(file: &Path) -> Vec<u8> {
    let mut bytes = fs::read(file).unwrap();
    let footer = bytes.len() - 20;
    let len = u32::from_le_bytes(bytes[footer..footer + 4].try_into().unwrap()) as usize;
    bytes[footer - len..footer - len + 2].copy_from_slice(&2u16.to_le_bytes());
    let sum = checksum(&bytes[footer - len..footer]);
    bytes[footer + 4..footer + 12].copy_from_slice(&sum);
    fs::write(file, &bytes).unwrap();
    bytes
}

/// The film of both versions, after the older one recorded two of one camera, and the newer one removed the first of them,
/// recorded two more, and two of a camera of its own, whose last has a trailer that only it can read.
struct Story {
    place: Place,
    main: StreamId,
    gate: StreamId,
    strange: (RecordingId, Vec<u8>),
}

fn story() -> Story {
    let place = Place::new();
    let store = place.open_with_export();
    let main = store.add_camera(&new_camera("porch")).unwrap().streams[0].id;
    add_user(&store, "ann");
    let (first, _) = record(&store, main, true, 6);
    record(&store, main, false, 6);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    place.upgrade();

    let store = place.open_with_export();
    record(&store, main, true, 12);
    record(&store, main, true, 6);
    let gate = store.add_camera(&new_camera("gate")).unwrap().streams[0].id;
    record(&store, gate, true, 6);
    let (strange, _) = record(&store, gate, false, 6);
    add_user(&store, "bob");
    store.flush().unwrap();
    store.delete([first]);
    store.flush().unwrap();
    store.flush().unwrap();
    place.next_ends(store);
    let bytes = write_in_next_format(&place.film().join(strange.file_name()));
    Story { place, main, gate, strange: (strange, bytes) }
}

impl Story {
    /// What every way back comes to.
    fn is_all_there(&self) {
        let Self { place, main, gate, strange } = self;
        let store = place.open_with_export();
        assert_eq!(listed(&store, *main), ["1/2: 6 frames", "1/3: 12 frames", "1/4: 6 frames"]);
        assert_eq!(listed(&store, *gate), ["3/1: 6 frames"]);
        let names = |names: Vec<String>| names.join(" ");
        assert_eq!(names(store.cameras().iter().map(|c| c.name.clone()).collect()), "porch gate");
        assert_eq!(names(store.db().users().unwrap().into_iter().map(|u| u.name).collect()), "ann bob");
        let left = format!("recording {}: trailer: format 2, this lunette knows 1; left for the next start", strange.0);
        assert_eq!(store.problems(), [left]);
        assert_eq!(fs::read(place.film().join(strange.0.file_name())).unwrap(), strange.1);
        // Each goes on above all that there are.
        assert_eq!(record(&store, *main, true, 6).0.number(), 5);
        assert_eq!(record(&store, *gate, true, 6).0.number(), 3);
        store.shutdown(START, FIVE_SECONDS).unwrap();
        drop(store);
        assert_eq!(place.step_back(), "", "it is done");
        let said = place.check();
        assert_eq!(said, [format!("recording {}: its file: trailer: format 2, this lunette knows 1", strange.0)]);
    }
}

#[test]
fn the_copy_of_the_upgrade_is_taken_and_brought_to_what_is_there() {
    let story = story();
    let told = story.place.step_back();
    assert_eq!(
        told,
        "the database is of a newer lunette (version 3, this one knows 2): moved aside as db.newer\n\
         the copy that was kept at the upgrade takes its place; 1 of its recordings are gone"
    );
    story.is_all_there();
}

#[test]
fn without_a_copy_the_database_is_built_anew_from_the_film() {
    let story = story();
    fs::remove_dir_all(kept::directory(&story.place.db(), VERSION)).unwrap();
    let told = story.place.step_back();
    assert!(
        told.contains("the copy that was kept at the upgrade: there is none\nthe database is built anew"),
        "{told}"
    );
    story.is_all_there();
}

#[test]
fn a_copy_that_is_damaged_or_of_other_film_is_none() {
    let story = story();
    let kept = kept::directory(&story.place.db(), VERSION).join("db");
    fs::write(&kept, vec![7; 8192]).unwrap();
    assert!(story.place.step_back().contains("the database is built anew from the film"));
    story.is_all_there();
}

#[test]
fn whenever_it_is_interrupted_it_is_begun_again() {
    for step in 0..3 {
        let story = story();
        let db = story.place.db();
        match step {
            0 => kept::set_aside(&db, "db.newer").unwrap(),
            // The copy was opened, and not all of it was done.
            1 => {
                kept::set_aside(&db, "db.newer").unwrap();
                fs::write(db.join("version-2/db-journal"), "").unwrap();
            }
            _ => {
                kept::set_aside(&db, "db.newer").unwrap();
                fs::remove_dir_all(db.join("version-2")).unwrap();
            }
        }
        story.place.step_back();
        story.is_all_there();
    }
}

#[test]
fn nothing_is_moved_before_the_film_is_there() {
    let story = story();
    let film = story.place.film();
    let away = film.with_extension("away");
    fs::rename(&film, &away).unwrap();
    let e = step_back(&story.place.db(), &film, None).unwrap_err();
    assert_eq!(e.kind(), Kind::Disk, "{e}");
    assert!(story.place.db().join("db").exists());
    fs::rename(&away, &film).unwrap();
    story.place.step_back();
    story.is_all_there();
}

#[test]
fn to_and_fro_loses_nothing() {
    let story = story();
    let (place, main) = (&story.place, story.main);
    place.step_back();
    let store = place.open_with_export();
    record(&store, main, true, 6);
    store.flush().unwrap();
    let before = listed(&store, main);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    place.upgrade();
    let next = place.open_with_export();
    assert_eq!(listed(&next, main), before);
    place.next_ends(next);
    place.step_back();
    assert_eq!(listed(&place.open_with_export(), main), before);
    let names: Vec<_> =
        fs::read_dir(place.db()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let kept = names.iter().filter(|name| name.starts_with("version-") || *name == "db.newer").count();
    assert!(kept <= 2, "{names:?}");
}
