//! The sample directory that is taken away, or replaced, while it is recorded into.

use super::*;
use crate::media::recording::Cause;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A store that records, and where its directory goes.
struct Scene {
    place: Place,
    store: Arc<Store>,
    stream: StreamId,
    away: PathBuf,
}

impl Scene {
    /// Three recordings: one has a row, one is closed without a row, one grows.
    fn new() -> (Self, Growing, Script) {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        record(&store, stream, true, 6);
        store.flush().unwrap();
        record(&store, stream, false, 7);
        let (mut growing, mut script) = begin(&store, stream, false);
        add(&mut growing, script.frames(8));
        let away = place.tmp.path().join("away");
        (Self { place, store, stream, away }, growing, script)
    }

    fn take_away(&self) {
        fs::rename(self.place.film(), &self.away).unwrap();
    }

    fn bring_back(&self) {
        fs::rename(&self.away, self.place.film()).unwrap();
    }

    fn listed(&self) -> Vec<String> {
        listed(&self.store, self.stream)
    }

    fn trouble(&self) -> String {
        self.store.trouble().expect("the owner is told")
    }

    /// Everything that was received is there, and nothing else is wrong.
    fn ends_well(self, expected: &[&str]) {
        assert_eq!(self.listed(), expected);
        for r in self.store.recordings(self.stream, ALWAYS).unwrap() {
            film_of(&self.store, &r);
        }
        let recordings = self.store.recordings(self.stream, ALWAYS).unwrap();
        let frames: i64 = recordings.iter().map(|r| r.media_duration.0).sum();
        assert_eq!(sums(&self.store, self.stream).2, frames, "the sums are those of the rows");
        self.store.shutdown(START, FIVE_SECONDS).unwrap();
        let everything = CheckOptions { hash: true, repair: false };
        drop(self.store);
        assert_eq!(check(&self.place.options().db_dir, &self.place.film(), everything).unwrap(), [""; 0]);
    }
}

const VANISHED: &str = "disk failed: the sample directory";

#[test]
fn a_directory_that_vanishes_and_comes_back_has_everything_that_was_received() {
    let (scene, mut growing, mut script) = Scene::new();
    scene.take_away();
    scene.store.flush().unwrap();
    assert!(scene.trouble().starts_with("there is no sample directory"), "{}", scene.trouble());
    assert_eq!(scene.listed(), ["1/1: 6 frames"], "rows stay");
    assert_eq!(scene.store.film(RecordingId::new(scene.stream, 1)).unwrap_err().kind(), Kind::NotFound);
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert!(reason.to_string().starts_with(VANISHED) && reason.to_string().ends_with("has vanished"), "{reason}");
    assert_eq!(scene.store.begin(head(scene.stream, true, START)).unwrap_err().kind(), Kind::Conflict);
    scene.bring_back();
    scene.store.flush().unwrap();
    assert_eq!(scene.store.trouble(), None);
    let fourth = begin(&scene.store, scene.stream, true).0.id();
    assert_eq!(fourth.number(), 4, "no number comes twice");
    scene.store.flush().unwrap();
    let vanished = format!("1/3: 8 frames, trailing zero, {reason}");
    scene.ends_well(&["1/1: 6 frames", "1/2: 7 frames", &vanished]);
}

#[test]
fn an_empty_mount_point_and_another_disk_are_not_recorded_into_while_running() {
    let (scene, mut growing, mut script) = Scene::new();
    scene.take_away();
    fs::create_dir(scene.place.film()).unwrap();
    scene.store.flush().unwrap();
    assert!(scene.trouble().ends_with("has no identity"), "{}", scene.trouble());
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert_eq!(reason.cause, Cause::DiskFailed);
    assert_eq!(scene.place.names(), [""; 0]);
    let other = "lunette sample directory 1\n00000000-0000-0000-0000-000000000007\n";
    fs::write(scene.place.film().join("lunette-dir"), other).unwrap();
    scene.store.flush().unwrap();
    let told = "has the identity 00000000-0000-0000-0000-000000000007";
    assert!(scene.trouble().ends_with(told), "{}", scene.trouble());
    assert_eq!(scene.place.names(), ["lunette-dir"]);
    assert_eq!(scene.listed(), ["1/1: 6 frames"]);
    fs::remove_dir_all(scene.place.film()).unwrap();
    scene.bring_back();
    scene.store.flush().unwrap();
    let ended = format!("1/3: 8 frames, trailing zero, {reason}");
    scene.ends_well(&["1/1: 6 frames", "1/2: 7 frames", &ended]);
}

#[test]
fn a_new_recorder_whose_disk_goes_before_its_first_row_makes_no_other() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let away = place.tmp.path().join("away");
    for mount_point in [false, true] {
        let (mut growing, mut script) = begin(&store, stream, true);
        add(&mut growing, script.frames(6));
        fs::rename(place.film(), &away).unwrap();
        if mount_point {
            fs::create_dir(place.film()).unwrap();
        }
        store.flush().unwrap();
        assert!(store.trouble().is_some());
        if mount_point {
            assert_eq!(place.names(), [""; 0], "the empty mount point stays empty");
            fs::remove_dir(place.film()).unwrap();
        }
        assert!(!place.film().exists());
        fs::rename(&away, place.film()).unwrap();
        store.flush().unwrap();
        assert_eq!(store.trouble(), None);
        drop(growing);
    }
    assert_eq!(listed(&store, stream).len(), 2);
}

#[test]
fn a_deletion_that_was_wished_meanwhile_is_done_when_the_directory_is_back() {
    let (scene, growing, _) = Scene::new();
    drop(growing);
    scene.take_away();
    scene.store.flush().unwrap();
    let first = RecordingId::new(scene.stream, 1);
    scene.store.delete([first]);
    scene.store.flush().unwrap();
    assert_eq!(scene.listed(), ["1/1: 6 frames"], "no row goes while its file cannot");
    scene.bring_back();
    scene.store.flush().unwrap();
    assert!(!scene.place.names().contains(&first.file_name()));
    assert_eq!(scene.listed().len(), 2);
}

#[test]
fn who_reads_a_film_when_its_disk_goes_reads_on_and_the_next_one_opens_it_anew() {
    let (scene, growing, _) = Scene::new();
    drop(growing);
    let id = RecordingId::new(scene.stream, 1);
    let before = scene.store.film(id).unwrap();
    scene.take_away();
    scene.store.flush().unwrap();
    before.read_exact_at(&mut [0; 6], 0).unwrap();
    scene.bring_back();
    scene.store.flush().unwrap();
    let after = scene.store.film(id).unwrap();
    assert_eq!(scene.store.open_film().0, 1, "the old one is on the disk that went");
    drop(before);
    assert_eq!(scene.store.open_film().0, 1);
    drop(after);
    assert_eq!(scene.store.open_film().0, 0);
}

#[test]
fn who_only_reads_finds_a_disk_that_comes_late_or_goes() {
    let (scene, growing, script) = Scene::new();
    drop((growing, script));
    scene.store.shutdown(START, FIVE_SECONDS).unwrap();
    scene.take_away();
    let reader = Store::open(Options { read_only: true, ..scene.place.options() }).unwrap();
    let film = || reader.film(RecordingId::new(scene.stream, 1));
    assert!(film().is_err());
    let soon = || {
        (0..500).any(|_| {
            film().is_ok() || {
                thread::sleep(Duration::from_millis(10));
                false
            }
        })
    };
    scene.bring_back();
    assert!(soon(), "it came");
    scene.take_away();
    assert!(
        (0..500).any(|_| film().is_err() || {
            thread::sleep(Duration::from_millis(10));
            false
        }),
        "it went"
    );
    scene.bring_back();
    assert!(soon(), "it came again");
}
