//! The verifier, turn by turn, by a clock of the test's own.

use super::*;
use crate::base::{StreamId, WallDuration};
use crate::store::Store;
use crate::store::dir::Op;
use crate::store::dir::tests::faults::{Faults, Plan};
use crate::store::pulse::Work;
use crate::store::tests::{FIVE_SECONDS, Place as Home, START, record};
use nix::errno::Errno;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

const DAY: Duration = Duration::from_secs(86_400);
const PIECE: u64 = Direct::PIECE as u64;

/// A verifier and what time it is.
struct Stage {
    home: Home,
    store: Arc<Store>,
    stream: StreamId,
    verifier: Verifier,
    begun: Instant,
    passed: Duration,
}

impl Stage {
    /// With so many recordings that have rows.
    fn new(recordings: usize) -> Self {
        let home = Home::new();
        let (store, stream) = home.with_camera();
        for n in 0..recordings {
            record(&store, stream, n == 0, 12);
        }
        store.flush().unwrap();
        Self::of(home, store, stream)
    }

    fn of(home: Home, store: Arc<Store>, stream: StreamId) -> Self {
        let begun = Instant::now();
        let verifier = Verifier::new(store.shared_for_tests(), Pace::new(60 * DAY), begun).unwrap();
        Self { home, store, stream, verifier, begun, passed: Duration::ZERO }
    }

    fn shared(&self) -> &Arc<Shared> {
        self.store.shared_for_tests()
    }

    fn id(&self, number: u32) -> RecordingId {
        RecordingId::new(self.stream, number)
    }

    /// The clock as it stands.
    fn wall(&self) -> WallTime {
        START + WallDuration(crate::base::time::units(self.passed))
    }

    fn turn(&mut self) -> Duration {
        let (shared, wall) = (self.store.shared_for_tests().clone(), self.wall());
        let wait = self.verifier.turn(&shared, self.begun + self.passed, wall);
        self.passed += wait;
        wait
    }

    /// Turns until so many recordings more were read.
    fn read(&mut self, recordings: u64) {
        let wanted = self.told().read_recordings + recordings;
        for _ in 0..100_000 {
            if self.told().read_recordings >= wanted {
                return;
            }
            self.turn();
        }
        panic!("{:?}", self.told());
    }

    fn told(&self) -> Verification {
        self.store.verification().unwrap()
    }

    fn days(&self) -> f64 {
        self.passed.as_secs_f64() / 86_400.0
    }

    /// What is marked, in words.
    fn marked(&self) -> Vec<String> {
        self.store.damaged().values().map(|d| format!("{}: {}", d.id, d.what)).collect()
    }

    /// Turns a bit over in a file.
    fn flip(&self, number: u32) {
        let path = self.home.film().join(self.id(number).file_name());
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, 700).unwrap();
        file.write_all_at(&[byte[0] ^ 4], 700).unwrap();
    }

    /// The first recording is so long from now on.
    fn make_long(&self, bytes: usize) -> PathBuf {
        let path = self.home.film().join(self.id(1).file_name());
        let film = vec![7u8; bytes];
        fs::write(&path, &film).unwrap();
        let hash: String = blake3::hash(&film).as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        self.store.db().write_sql(&format!(
            "UPDATE recording SET sample_file_bytes = {bytes}; UPDATE recording_index SET blake3 = x'{hash}'"
        ));
        path
    }

    fn check_hash(&self) -> Vec<String> {
        let options = crate::store::CheckOptions { hash: true, repair: false };
        crate::store::check(&self.home.options().db_dir, &self.home.film(), options).unwrap()
    }
}

#[test]
fn all_recordings_are_read_in_fifty_four_days_and_then_again() {
    let mut stage = Stage::new(9);
    let mut days = Vec::new();
    for _ in 0..9 {
        stage.read(1);
        days.push(stage.days().round());
    }
    assert_eq!(days, [6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 48.0, 54.0]);
    let told = stage.told();
    assert_eq!((told.rounds, told.trouble, told.unsteady), (0, None, 0));
    stage.read(1);
    assert_eq!((stage.told().rounds, stage.days().round()), (1, 60.0));
    assert_eq!(stage.marked(), [""; 0]);
}

#[test]
fn a_flipped_bit_is_found_once_it_was_seen_twice_and_goes_with_the_recording() {
    let mut stage = Stage::new(3);
    stage.flip(2);
    assert_eq!(stage.check_hash(), ["recording 1/2: its film is not what was recorded"]);
    stage.read(1);
    while stage.verifier.again.is_none() {
        stage.turn();
    }
    assert_eq!(stage.marked(), [""; 0]);
    let seen = stage.passed;
    stage.read(1);
    assert!((9..12).contains(&(stage.passed - seen).as_secs()));
    assert_eq!(stage.marked(), ["1/2: its film is not what was recorded"]);
    assert_eq!(stage.store.db().damaged().unwrap(), stage.store.damaged().values().cloned().collect::<Vec<_>>());
    // What is known is not told as news, neither by `check` nor in the next round.
    assert_eq!(stage.check_hash(), [""; 0]);
    stage.read(1);
    let found = stage.store.damaged()[&stage.id(2)].found;
    stage.read(3);
    assert_eq!(stage.store.damaged()[&stage.id(2)].found, found);
    stage.store.delete([stage.id(2)]);
    stage.store.flush().unwrap();
    assert_eq!((stage.marked(), stage.store.db().damaged().unwrap()), (vec![], vec![]));
}

#[test]
fn what_was_a_flaw_of_the_moment_is_not_marked_and_a_mark_that_is_wrong_goes() {
    let mut stage = Stage::new(1);
    stage.flip(1);
    while stage.verifier.again.is_none() {
        stage.turn();
    }
    stage.flip(1);
    stage.read(1);
    assert_eq!((stage.marked(), stage.told().unsteady), (vec![], 1));
    stage.flip(1);
    stage.read(1);
    assert_eq!(stage.marked().len(), 1);
    stage.flip(1);
    stage.read(1);
    assert_eq!((stage.marked(), stage.store.db().damaged().unwrap()), (vec![], vec![]));
    // Frames that were cut off are lost, however right the rest is.
    let cut = Damage { id: stage.id(1), found: START, what: "of 12 frames the last 2 were not whole".into() };
    stage.shared().damages.note(stage.store.db(), cut).unwrap();
    stage.read(1);
    assert_eq!(stage.marked(), ["1/1: of 12 frames the last 2 were not whole"]);
}

#[test]
fn the_place_is_written_with_the_rows_and_survives_a_restart() {
    let mut stage = Stage::new(4);
    stage.read(2);
    let (began, rounds) = (stage.told().began, stage.told().rounds);
    assert_eq!(stage.store.db().verified().unwrap(), None, "it has no transaction of its own");
    stage.store.flush().unwrap();
    let place = Place { rounds: 0, began: START, done_sequence: 2 };
    assert_eq!((stage.store.db().verified().unwrap(), stage.shared().verified.news()), (Some(place), None));
    stage.store.shutdown(START, FIVE_SECONDS).unwrap();
    let Stage { home, store, stream, .. } = stage;
    drop(store);
    let store = home.open();
    let mut again = Stage::of(home, store, stream);
    assert_eq!((again.told().began, again.told().rounds), (began, rounds));
    again.flip(1);
    again.flip(3);
    again.read(1);
    assert_eq!(again.marked(), ["1/3: its film is not what was recorded"]);
    assert_eq!(again.store.verification().unwrap().left_bytes, again.shared().capacity.weight_between(2, 4));
}

#[test]
fn who_watches_or_writes_goes_first_and_nothing_is_held_open_meanwhile() {
    let mut stage = Stage::new(1);
    let path = stage.make_long(3 * Direct::PIECE);
    let shared = stage.shared().clone();
    let busy = |work| shared.mount.pulse().busy(work, Instant::now());
    let writer = busy(Work::Film);
    while stage.told().activity != Activity::GivingWay {
        stage.turn();
    }
    assert_eq!((0..50).map(|_| stage.turn()).collect::<Vec<_>>(), [GIVE_WAY; 50]);
    assert_eq!(stage.told().read_bytes, 0);
    drop(writer);
    let open = || fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
    let is_open = || open().any(|file| file == path);
    stage.turn();
    assert_eq!((stage.told().activity, stage.told().read_bytes, is_open()), (Activity::Reading, PIECE, true));
    // A viewer reads, and is quiet then.
    drop(stage.store.film(stage.id(1)).unwrap().copy(0, 100).unwrap());
    let before = stage.passed;
    while stage.told().read_bytes == PIECE {
        stage.turn();
        assert_eq!(is_open(), stage.told().activity == Activity::Reading);
    }
    assert!(stage.passed - before >= QUIET);
    let sync = busy(Work::Sync);
    assert_eq!((0..50).map(|_| stage.turn()).max(), Some(GIVE_WAY));
    assert_eq!((stage.told().read_bytes, is_open()), (2 * PIECE, false));
    drop(sync);
    stage.read(1);
    assert_eq!(stage.marked(), [""; 0], "where it was is remembered");
}

#[test]
fn no_second_has_more_than_a_mebibyte() {
    let mut stage = Stage::new(1);
    stage.make_long(5 << 20);
    while stage.told().read_bytes == 0 {
        stage.turn();
    }
    let (began, had) = (stage.passed, stage.told().read_bytes);
    stage.read(1);
    let read = stage.told().read_bytes - had;
    assert!(read >= (5 << 20) - PIECE);
    assert!((stage.passed - began).as_secs_f64() >= (read - PIECE) as f64 / Pace::MOST as f64);
    assert_eq!(stage.marked(), [""; 0]);
}

#[test]
fn a_recording_that_is_deleted_meanwhile_is_no_rot_and_one_that_grows_is_not_read() {
    let mut stage = Stage::new(3);
    let growing = stage.store.begin(crate::store::testing::head(stage.stream, true, START)).unwrap();
    for number in [1, 2] {
        stage.flip(number);
    }
    // Seen once, then deleted.
    while stage.verifier.again.is_none() {
        stage.turn();
    }
    stage.store.delete([stage.id(1)]);
    // Deleted before its turn, and one whose row goes while it is read.
    stage.store.delete([stage.id(2)]);
    stage.store.flush().unwrap();
    stage.read(1);
    assert_eq!((stage.marked(), stage.told().read_recordings), (vec![], 1));
    let reading = Reading::begin(stage.store.db(), stage.id(3), 3).unwrap().unwrap();
    stage.store.db().commit(&crate::store::db::Batch { condemned: vec![stage.id(3)], ..Default::default() }).unwrap();
    let attached = stage.shared().mount.attached().unwrap();
    let shared = stage.shared().clone();
    let at = (stage.begun, START);
    stage.verifier.judge(&shared, &attached, reading.again(), Finding::Wrong, at);
    assert_eq!(stage.marked(), [""; 0]);
    for _ in 0..1000 {
        stage.turn();
    }
    assert_eq!(stage.told().read_recordings, 2, "what grows was not read");
    drop(growing);
}

#[test]
fn a_disk_that_gives_nothing_is_not_rot_and_a_file_that_it_does_not_give_is_told_apart() {
    let mut stage = Stage::new(2);
    let faults = Faults::of(&stage.home.film());
    // Every file: the disk is not there.
    faults.plan(Some(Plan::from(0, Errno::EIO)));
    while stage.told().trouble.is_none() {
        stage.turn();
    }
    assert_eq!((stage.marked(), stage.told().activity), (vec![], Activity::Waiting));
    assert_eq!(stage.told().trouble.unwrap(), "recording 1/1: open lunette-dir: EIO: I/O error");
    faults.plan(None);
    stage.read(1);
    assert_eq!((stage.marked(), stage.told().trouble), (vec![], None));
    // One file: it cannot be opened, twice. The disk is asked for its identity the third time.
    let mut plan = Plan::from(0, Errno::EIO);
    plan.calls = 2;
    plan.of = |op| op == Op::Read;
    faults.plan(Some(plan));
    stage.read(1);
    faults.plan(None);
    assert_eq!(stage.marked(), ["1/2: its film cannot be read: open 0000000100000002: EIO: I/O error"]);
    stage.read(2);
    assert_eq!(stage.marked(), [""; 0], "it can be read after all");
}

#[test]
fn a_file_that_vanished_is_listed_as_missing() {
    let mut stage = Stage::new(2);
    fs::remove_file(stage.home.film().join(stage.id(1).file_name())).unwrap();
    stage.read(1);
    assert!(stage.store.recording(stage.id(1)).unwrap().is_missing());
    assert_eq!(stage.marked(), [""; 0]);
    assert_eq!(stage.check_hash(), ["recording 1/1: its sample file is missing"]);
}

#[test]
fn a_file_that_is_too_short_is_damaged() {
    let mut stage = Stage::new(1);
    fs::File::options()
        .write(true)
        .open(stage.home.film().join(stage.id(1).file_name()))
        .unwrap()
        .set_len(100)
        .unwrap();
    stage.read(1);
    assert_eq!(stage.marked(), ["1/1: its film is not what was recorded"]);
}

#[test]
fn a_clock_that_is_set_back_makes_no_round_endless() {
    let mut stage = Stage::new(3);
    let shared = stage.shared().clone();
    shared.verified.set_place(Place { rounds: 3, began: WallTime(i64::MAX), done_sequence: 0 });
    stage.read(3);
    assert_eq!((stage.days().round(), stage.told().rounds, stage.told().began), (54.0, 3, Some(START)));
}

#[test]
fn without_film_there_is_nothing_to_do() {
    let home = Home::new();
    let (store, stream) = home.with_camera();
    let mut stage = Stage::of(home, store, stream);
    assert_eq!((0..9).map(|_| stage.turn()).collect::<Vec<_>>(), [Duration::from_secs(600); 9]);
    assert_eq!((stage.told().rounds, stage.told().began), (0, None));
}
