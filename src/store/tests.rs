//! The whole room at work: what a recorder and a page see of it, across crashes too.

mod capacity;
mod clock;
mod damage;
mod disks;
mod every_fault;
mod older;
mod power_cut;
mod removal;
mod swaps;

use crate::base::{Kind, RecordingId, StreamId, WallTime};
use crate::media::growing::Append;
use crate::media::recording::Flags;
use crate::media::{Recording, sample_index};
use crate::store::db::testing::new_camera;
use crate::store::testing::{Script, head};
use crate::store::{CheckOptions, Gap, Growing, Options, Store, check};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// A store in a directory of its own whose threads do nothing unasked.
pub(crate) struct Place {
    tmp: TempDir,
}

pub(crate) const START: WallTime = WallTime(140_000_000_000_000);
const ALWAYS: std::ops::Range<WallTime> = WallTime(i64::MIN)..WallTime(i64::MAX);
pub(crate) const FIVE_SECONDS: Duration = Duration::from_secs(5);

impl Place {
    pub(crate) fn new() -> Self {
        Self { tmp: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn options(&self) -> Options {
        let seldom = Duration::from_secs(3600);
        Options {
            sync_interval: seldom,
            flush_interval: seldom,
            verify_interval: None,
            zone: jiff::tz::TimeZone::UTC,
            ..Options::new(self.tmp.path().join("db"), self.film(), || START)
        }
    }

    pub(crate) fn film(&self) -> std::path::PathBuf {
        self.tmp.path().join("film")
    }

    pub(crate) fn open(&self) -> Arc<Store> {
        Store::open(self.options()).unwrap()
    }

    /// A store with a camera, and its main stream.
    pub(crate) fn with_camera(&self) -> (Arc<Store>, StreamId) {
        let store = self.open();
        let camera = store.add_camera(&new_camera("porch")).unwrap();
        (store, camera.streams[0].id)
    }

    /// The same directories as a power cut would leave them just now, all writes kept.
    pub(crate) fn crash(&self) -> Self {
        let copy = Self::new();
        copy_dir(self.tmp.path(), copy.tmp.path());
        copy
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(self.film()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn copy_dir(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_dir(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn begin(store: &Store, stream: StreamId, starts_run: bool) -> (Growing, Script) {
    (store.begin(head(stream, starts_run, START)).unwrap(), Script::new(START))
}

fn add(growing: &mut Growing, frames: Vec<Append>) {
    for frame in frames {
        growing.append(frame).unwrap();
    }
}

/// Records so many frames and closes.
pub(crate) fn record(store: &Store, stream: StreamId, starts_run: bool, frames: usize) -> (RecordingId, Vec<u8>) {
    let (mut growing, mut script) = begin(store, stream, starts_run);
    let id = growing.id();
    add(&mut growing, script.frames(frames));
    growing.close(script.close());
    (id, script.film)
}

fn line(r: &Recording) -> String {
    let mut text = format!("{}: {} frames", r.id, r.video_samples);
    for (said, what) in [
        (r.growing, ", growing"),
        (r.has_trailing_zero(), ", trailing zero"),
        (r.flags.contains(Flags::RECOVERED), ", recovered"),
        (r.flags.contains(Flags::MISSING), ", missing"),
    ] {
        text.push_str(if said { what } else { "" });
    }
    if let Some(reason) = &r.end_reason {
        text.push_str(&format!(", {reason}"));
    }
    text
}

fn listed(store: &Store, stream: StreamId) -> Vec<String> {
    store.recordings(stream, ALWAYS).unwrap().iter().map(line).collect()
}

/// Recordings, bytes, duration.
fn sums(store: &Store, stream: StreamId) -> (u32, u64, i64) {
    let stats = store.stream_stats(stream);
    (stats.recordings(), stats.sample_file_bytes(), stats.duration().0)
}

/// Film and index of a recording agree with what it says of itself.
fn film_of(store: &Store, r: &Recording) -> Vec<u8> {
    let film = store.film(r.id).unwrap();
    let mut bytes = vec![0; r.sample_file_bytes as usize];
    film.read_exact_at(&mut bytes, 0).unwrap();
    let index = store.video_index(r.id).unwrap();
    let samples: Vec<_> = sample_index::samples(&index).take(r.video_samples as usize).map(Result::unwrap).collect();
    assert_eq!(samples.len(), r.video_samples as usize);
    assert_eq!(samples.iter().map(|s| u64::from(s.bytes)).sum::<u64>(), r.sample_file_bytes);
    assert_eq!(samples.iter().map(|s| i64::from(s.duration_90k)).sum::<i64>(), r.media_duration.0);
    bytes
}

#[test]
fn who_catches_up_waits_for_files_and_not_for_rows() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (mut growing, mut script) = begin(&store, stream, true);
    add(&mut growing, script.frames(3));
    store.catch_up().unwrap();
    assert_eq!(fs::read(place.film().join(growing.id().file_name())).unwrap(), script.film);
    let (closed, _) = record(&store, stream, false, 5);
    store.catch_up().unwrap();
    let after = place.crash();
    assert!(after.names().contains(&closed.file_name()));
    let read_only = Options { read_only: true, ..after.options() };
    assert_eq!(Store::open(read_only).unwrap().recordings(stream, ALWAYS).unwrap().len(), 0);
}

#[test]
fn what_was_recorded_is_there_before_and_after_its_row_and_after_a_restart() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (id, film) = record(&store, stream, true, 12);
    record(&store, stream, false, 3);
    store.flush().unwrap();
    let want = ["1/1: 12 frames", "1/2: 3 frames"];
    assert_eq!(listed(&store, stream), want);
    assert_eq!(film_of(&store, &store.recording(id).unwrap()), film);
    let before = store.recordings(stream, ALWAYS).unwrap();
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.recordings(stream, ALWAYS).unwrap(), before);
    assert_eq!(sums(&store, stream), (2, 1266 + 303, 15 * 9000));
    assert_eq!(store.problems(), [""; 0]);
    assert_eq!(store.recordings(stream, START..START).unwrap().len(), 0);
    assert_eq!(store.sample_entry(before[0].sample_entry_id).unwrap(), head(stream, true, START).sample_entry);
    let (growing, _) = begin(&store, stream, true);
    assert_eq!(growing.id().number(), 3);
}

#[test]
fn a_growing_recording_is_listed_with_its_whole_groups_and_keeps_its_place() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (mut growing, mut script) = begin(&store, stream, true);
    add(&mut growing, script.frames(13));
    store.flush().unwrap();
    assert_eq!(listed(&store, stream), ["1/1: 10 frames, growing"]);
    assert_eq!(sums(&store, stream), (1, 1045, 90_000));
    let shown = store.recording(growing.id()).unwrap();
    assert_eq!(film_of(&store, &shown), script.film[..1045]);
    growing.close(script.end());
    store.flush().unwrap();
    assert_eq!(listed(&store, stream), ["1/1: 13 frames, trailing zero, recorder stopped"]);
    assert_eq!(sums(&store, stream), (1, 1378, 12 * 9000));
    let closed = store.recording(shown.id).unwrap();
    assert_eq!((closed.sequence, closed.open_id, closed.run_start), (shown.sequence, shown.open_id, shown.run_start));
    assert_eq!(closed.sample_entry_id, shown.sample_entry_id);
}

#[test]
fn each_recording_is_listed_once_while_it_is_flushed() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..40 {
                record(&store, stream, n == 0, 6);
                store.flush().unwrap();
            }
            over.store(true, Ordering::Release);
        });
        let mut most = 0;
        while !over.load(Ordering::Acquire) {
            let numbers: Vec<_> = store.recordings(stream, ALWAYS).unwrap().iter().map(|r| r.id.number()).collect();
            // All start at one time, so the order is that of sequences, which is that of numbers.
            assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
            assert!(numbers.len() >= most);
            most = numbers.len();
        }
    });
    assert_eq!(store.recordings_by_number(stream, 1..=u32::MAX).unwrap().len(), 40);
}

#[test]
fn strange_files_are_set_aside_and_their_numbers_never_used() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    record(&store, stream, true, 6);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    fs::write(place.film().join("0000000100000009"), "no film").unwrap();
    fs::write(place.film().join("notes.txt"), "hello").unwrap();
    fs::create_dir(place.film().join("lost+found")).unwrap();
    let store = place.open();
    assert_eq!(
        store.problems(),
        [
            "notes.txt: is no sample file; set aside as aside.notes.txt",
            "0000000100000009: it was not closed, and the journal does not vouch for it; set aside as \
             aside.0000000100000009",
        ]
    );
    assert_eq!(begin(&store, stream, true).0.id().number(), 10);
    assert_eq!(listed(&store, stream), ["1/1: 6 frames"]);
}

#[test]
fn a_row_without_its_file_is_listed_as_missing() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (id, _) = record(&store, stream, true, 6);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    fs::remove_file(place.film().join(id.file_name())).unwrap();
    let store = place.open();
    assert_eq!(listed(&store, stream), ["1/1: 6 frames, missing"]);
    assert_eq!(store.problems(), ["recording 1/1: its sample file is missing"]);
    assert_eq!(store.film(id).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn a_shutdown_closes_what_grows_with_every_frame_that_was_received() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (mut growing, mut script) = begin(&store, stream, true);
    add(&mut growing, script.frames(13));
    store.shutdown(START, FIVE_SECONDS).unwrap();
    assert!(growing.append(script.frame(false, 1)).is_err());
    assert!(store.begin(head(stream, true, START)).is_err());
    drop(store);
    assert_eq!(listed(&place.open(), stream), ["1/1: 13 frames, trailing zero, recorder stopped"]);
}

#[test]
fn holes_are_listed_at_once_and_kept() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let gap = |end: Option<i64>| Gap {
        start: START,
        end: end.map(WallTime),
        cause: "camera silent".into(),
        detail: String::new(),
    };
    store.gap(stream, gap(None));
    assert_eq!(store.gaps(stream, ALWAYS).unwrap(), [gap(None)]);
    store.flush().unwrap();
    let end = gap(Some(START.0 + 9));
    store.gap(stream, end.clone());
    assert_eq!(store.gaps(stream, ALWAYS).unwrap(), std::slice::from_ref(&end));
    assert_eq!(store.gaps(stream, WallTime(START.0 + 9)..WallTime(i64::MAX)).unwrap(), []);
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    assert_eq!(place.open().gaps(stream, ALWAYS).unwrap(), [end]);
    let catalog = fs::read_to_string(place.film().join("catalog")).unwrap();
    assert!(catalog.contains("camera silent") && catalog.contains("porch"), "{catalog}");
}

#[test]
fn only_the_owner_reads_the_catalog_for_sources_may_hold_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let (id, _) = record(&store, stream, true, 6);
    store.flush().unwrap();
    let mode = |name: &str| place.film().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("catalog"), 0o600);
    // As far as the umask of whoever runs this test lets them be.
    for name in [&id.file_name(), "journal", "lunette-dir"] {
        assert_eq!(mode(name) | 0o040, 0o640, "{name}");
    }
    assert_eq!(mode(".") | 0o050, 0o750);
    // One that an older lunette left is replaced with the first flush.
    fs::set_permissions(place.film().join("catalog"), fs::Permissions::from_mode(0o640)).unwrap();
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    place.open().flush().unwrap();
    assert_eq!(mode("catalog"), 0o600);
}

fn dir(store: &Store) -> std::sync::Arc<crate::store::dir::SampleDir> {
    store.shared_for_tests().mount.attached().unwrap().dir.clone()
}

#[test]
fn cameras_change_without_a_restart() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let changes = store.changes();
    let before = *changes.borrow();
    let uuid = store.cameras()[0].uuid;
    store
        .edit_camera(uuid, &crate::store::camera::CameraEdit { name: Some("gate".into()), ..Default::default() })
        .unwrap();
    assert_eq!(store.cameras()[0].name, "gate");
    assert_eq!(*changes.borrow(), before + 1);
    store.remove_camera(uuid, crate::store::db::Film::Condemn).unwrap();
    assert_eq!(store.begin(head(stream, true, START)).unwrap_err().kind(), Kind::NotFound);
}
