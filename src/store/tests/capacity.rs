//! Film makes room for film.

use super::*;
use crate::store::capacity::FileSystem;
use crate::store::db::testing::new_camera;
use crate::store::db::{Access, Database};
use crate::store::syncer::Syncer;
use std::time::Instant;

/// A disk whose size a test says; what is free follows from what the film weighs.
struct Disk {
    place: Place,
    store: Arc<Store>,
    syncer: Syncer,
    now: Instant,
    size: u64,
    /// What others have on it.
    others: u64,
}

const RESERVE: u64 = 10 * UNIT;
/// What a recording of these tests weighs.
const UNIT: u64 = 4096;

impl Disk {
    fn new(size: u64) -> Self {
        let place = Place::new();
        let store =
            Store::open(Options { reserve: Some(RESERVE), flush_interval: Duration::ZERO, ..place.options() }).unwrap();
        Self::of(place, store, size)
    }

    fn of(place: Place, store: Arc<Store>, size: u64) -> Self {
        let now = Instant::now();
        let syncer = Syncer::new(store.shared_for_tests().clone(), Duration::ZERO, Duration::ZERO, now);
        Self { place, store, syncer, now, size, others: 0 }
    }

    fn add_camera(&self, name: &str) -> [StreamId; 2] {
        let camera = self.store.add_camera(&new_camera(name)).unwrap();
        [0, 1].map(|n| camera.streams[n].id)
    }

    fn quota(&self, stream: StreamId, retain_bytes: Option<u64>) {
        let camera = self.store.cameras().iter().find(|c| c.streams.iter().any(|s| s.id == stream)).unwrap().clone();
        let kind = camera.streams.iter().find(|s| s.id == stream).unwrap().kind.word();
        let retain = retain_bytes.map_or("null".to_owned(), |n| n.to_string());
        let edit = format!(r#"{{"streams": {{"{kind}": {{"retainBytes": {retain}}}}}}}"#);
        self.store.edit_camera(camera.uuid, &serde_json::from_str(&edit).unwrap()).unwrap();
    }

    fn weighs(&self) -> u64 {
        let entries = fs::read_dir(self.place.film()).unwrap();
        entries.map(|e| std::os::unix::fs::MetadataExt::blocks(&e.unwrap().metadata().unwrap()) * 512).sum()
    }

    /// One round of the syncer, on a disk that is as full as the film makes it.
    fn tick(&mut self) {
        let attached = self.store.shared_for_tests().mount.attached().unwrap();
        attached.written(FIVE_SECONDS).unwrap();
        let free = self.size.saturating_sub(self.weighs() + self.others) / UNIT;
        let blocks = self.size / UNIT;
        let fake = FileSystem { unit: UNIT, blocks, free_blocks: free, available_blocks: free };
        attached.dir.fake_file_system(Some(fake));
        self.now += Duration::from_secs(10);
        self.syncer.tick(self.now, true).unwrap();
    }

    fn syncer_saw(&self) -> Arc<crate::store::Storage> {
        self.store.storage().unwrap()
    }

    fn record(&self, stream: StreamId, recordings: u32) {
        for n in 0..recordings {
            record(&self.store, stream, true, 6);
            if n % 100 == 99 {
                self.store.catch_up().unwrap();
            }
        }
    }

    /// The numbers of a stream that are left, by rows and by files.
    fn left(&self, stream: StreamId) -> Vec<u32> {
        let listed = self.store.recordings_by_number(stream, 0..=u32::MAX).unwrap();
        let listed: Vec<_> = listed.iter().map(|r| r.id.number()).collect();
        let names = self.place.names();
        let files = names.iter().filter_map(|name| RecordingId::from_file_name(name));
        let mut files: Vec<_> = files.filter(|id| id.stream() == stream).map(|id| id.number()).collect();
        files.sort_unstable();
        assert_eq!(listed, files);
        listed
    }
}

fn numbers(range: std::ops::RangeInclusive<u32>) -> Vec<u32> {
    range.collect()
}

#[test]
fn a_full_disk_loses_its_oldest_film_and_keeps_its_reserve() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, sub] = disk.add_camera("porch");
    disk.tick();
    disk.record(main, 3);
    disk.record(sub, 3);
    disk.record(main, 3);
    disk.tick();
    assert_eq!((disk.left(main), disk.left(sub)), (numbers(1..=6), numbers(1..=3)));
    // Room for what there is, and for two files more.
    disk.size = disk.weighs() + RESERVE + 2 * UNIT;
    disk.record(sub, 6);
    disk.tick();
    disk.tick();
    assert_eq!((disk.left(main), disk.left(sub).last()), (numbers(4..=6), Some(&9)));
    let free = disk.size - disk.weighs();
    assert!((RESERVE..RESERVE + 2 * UNIT).contains(&free), "{free}: no more goes than must");
}

#[test]
fn a_run_of_1970_is_not_the_oldest() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, _] = disk.add_camera("porch");
    disk.record(main, 2);
    let mut growing = disk.store.begin(head(main, true, WallTime(0))).unwrap();
    let mut script = Script::new(WallTime(0));
    add(&mut growing, script.frames(6));
    growing.close(script.close());
    disk.tick();
    assert_eq!(disk.store.recordings(main, ALWAYS).unwrap()[0].id.number(), 3, "by its start it is the oldest");
    disk.quota(main, Some(UNIT));
    disk.tick();
    disk.tick();
    assert_eq!(disk.left(main), [3]);
}

#[test]
fn a_quota_that_is_lowered_to_nothing_takes_all_but_what_grows() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, sub] = disk.add_camera("porch");
    disk.record(main, 5);
    disk.record(sub, 2);
    let (mut growing, mut script) = begin(&disk.store, main, true);
    add(&mut growing, script.frames(6));
    disk.tick();
    assert_eq!(disk.left(sub), [1, 2]);
    disk.quota(main, Some(1));
    disk.tick();
    assert_eq!(disk.store.stream_stats(main).recordings(), 1);
    add(&mut growing, vec![script.frame(true, 100)]);
    growing.close(script.close());
    disk.tick();
    disk.tick();
    assert_eq!((disk.left(main), disk.left(sub)), (vec![], vec![1, 2]), "also the last one of a stream (Fc19)");
    let stats = disk.store.stream_stats(main);
    assert_eq!((stats.first(), stats.last(), stats.recordings(), stats.sample_file_bytes()), (None, None, 0, 0));
    let (id, _) = record(&disk.store, main, true, 3);
    disk.quota(main, None);
    disk.tick();
    assert_eq!((id.number(), disk.left(main)), (7, vec![7]), "its number goes on");
}

#[test]
fn ten_thousand_recordings_go_a_thousand_at_a_time_and_nobody_waits() {
    let mut disk = Disk::new(100_000 * UNIT);
    let [main, sub] = disk.add_camera("porch");
    disk.record(main, 10_000);
    disk.record(sub, 1);
    disk.tick();
    disk.quota(main, Some(0));
    let (mut growing, mut script) = begin(&disk.store, sub, true);
    for n in 1..=10 {
        add(&mut growing, script.frames(5));
        disk.tick();
        assert_eq!(disk.store.stream_stats(main).recordings(), 10_000 - n * 1000);
    }
    growing.close(script.close());
    disk.tick();
    disk.tick();
    assert_eq!((disk.left(main), disk.left(sub)), (vec![], vec![1, 2]));
    assert_eq!(disk.store.recording(RecordingId::new(sub, 2)).unwrap().video_samples, 50, "not a frame was lost");
    assert_eq!(disk.store.db().garbage().unwrap(), []);
}

#[test]
fn film_that_a_viewer_holds_open_counts_until_it_is_let_go() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, _] = disk.add_camera("porch");
    let (first, film) = record(&disk.store, main, true, 6);
    disk.record(main, 4);
    disk.tick();
    let open = disk.store.film(first).unwrap();
    disk.quota(main, Some(2 * UNIT));
    disk.tick();
    disk.tick();
    assert_eq!(disk.left(main), [4, 5]);
    let seen = |disk: &Disk| {
        let seen = disk.syncer_saw();
        (seen.lingering_bytes, seen.used_bytes - seen.other_bytes)
    };
    assert_eq!(seen(&disk), (UNIT, 3 * UNIT));
    assert_eq!(open.window(0, film.len()).unwrap().as_ref(), film);
    drop(open);
    disk.tick();
    assert_eq!(seen(&disk), (0, 2 * UNIT));
}

#[test]
fn a_neighbour_that_fills_the_disk_costs_what_is_written_and_never_the_reserve() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, _] = disk.add_camera("porch");
    disk.record(main, 20);
    disk.tick();
    assert_eq!(disk.syncer_saw().trouble, None);
    // All but five units: half of the reserve.
    disk.others = disk.size - disk.weighs() - 5 * UNIT;
    disk.tick();
    assert_eq!(disk.left(main), numbers(1..=20), "no film makes up for it");
    let trouble = disk.syncer_saw().trouble.clone().unwrap();
    assert!(trouble.starts_with("others fill the film's disk: they have taken 20.0 KiB of the 40.0 KiB"), "{trouble}");
    disk.others = disk.size - disk.weighs();
    disk.tick();
    assert_eq!(disk.left(main), numbers(1..=20), "nothing is written, so nothing has to go");
    // Across a restart too.
    let Disk { place, store, size, others, syncer, .. } = disk;
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop((store, syncer));
    let store = Store::open(Options { reserve: Some(RESERVE), flush_interval: Duration::ZERO, ..place.options() });
    let mut disk = Disk { others, ..Disk::of(place, store.unwrap(), size) };
    disk.tick();
    assert_eq!(disk.left(main), numbers(1..=20));
    assert!(disk.syncer_saw().trouble.is_some());
    disk.others = 0;
    disk.tick();
    assert_eq!((disk.left(main).len(), disk.syncer_saw().trouble.clone()), (20, None));
}

#[test]
fn a_neighbour_that_came_before_the_disk_was_full_is_no_reason_to_use_up_the_reserve() {
    let mut disk = Disk::new(1000 * UNIT);
    let [main, _] = disk.add_camera("porch");
    disk.tick();
    disk.others = 900 * UNIT;
    disk.tick();
    disk.record(main, 100);
    disk.tick();
    disk.tick();
    let free = disk.size - disk.weighs() - disk.others;
    // The journal may have grown by a block since the syncer looked.
    assert!((RESERVE - UNIT..RESERVE + 2 * UNIT).contains(&free), "{free}");
    assert_eq!(disk.syncer_saw().trouble, None);
}

#[test]
fn a_raised_reserve_is_made_free_by_a_restart() {
    let mut disk = Disk::new(60 * UNIT);
    let [main, _] = disk.add_camera("porch");
    disk.tick();
    disk.record(main, 50);
    disk.tick();
    disk.tick();
    let free = |disk: &Disk| (disk.size - disk.weighs()) / UNIT;
    assert!((10..12).contains(&free(&disk)), "{}", free(&disk));
    let Disk { place, store, size, syncer, .. } = disk;
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop((store, syncer));
    let options = Options { reserve: Some(20 * UNIT), flush_interval: Duration::ZERO, ..place.options() };
    let mut disk = Disk::of(place, Store::open(options).unwrap(), size);
    disk.tick();
    disk.tick();
    assert!((20..22).contains(&free(&disk)), "{}", free(&disk));
}

#[test]
fn a_writer_on_a_full_disk_gets_room_and_loses_no_frame() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    for n in 0..3 {
        record(&store, stream, n == 0, 6);
    }
    store.flush().unwrap();
    let (mut growing, mut script) = begin(&store, stream, false);
    add(&mut growing, script.frames(6));
    store.catch_up().unwrap();
    dir(&store).full_until_unlinked(1);
    add(&mut growing, script.frames(6));
    growing.close(script.close());
    store.flush().unwrap();
    assert_eq!(listed(&store, stream).last().unwrap(), "1/4: 12 frames");
    assert_eq!(film_of(&store, &store.recording(RecordingId::new(stream, 4)).unwrap()), script.film);
    assert!(!place.names().contains(&RecordingId::new(stream, 1).file_name()), "the oldest went");
    assert!(place.names().contains(&RecordingId::new(stream, 4).file_name()));
}

#[test]
fn where_deleting_does_not_help_it_ends() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    store.shutdown(START, FIVE_SECONDS).unwrap();
    drop(store);
    // Room is made for what is written, and no further ahead.
    let store = Store::open(Options { flush_interval: Duration::ZERO, ..place.options() }).unwrap();
    let large = |starts_run: bool| -> Option<()> {
        let mut growing = store.begin(head(stream, starts_run, START)).ok()?;
        let mut script = Script::new(START);
        growing.append(script.frame(true, 400_000)).ok()?;
        store.catch_up().unwrap();
        growing.append(script.frame(true, 400_000)).ok()?;
        growing.close(script.close());
        store.catch_up().unwrap();
        Some(())
    };
    for n in 0..12 {
        large(n == 0).unwrap();
    }
    store.flush().unwrap();
    let films = || place.names().iter().filter(|name| name.len() == 16).count();
    assert_eq!(films(), 12);
    dir(&store).fill_after(0);
    for _ in 0..6 {
        assert_eq!(large(true), None);
    }
    assert!((8..12).contains(&films()), "{} films are left: a few went, and then no more", films());
    // Once something was written, its word counts again.
    dir(&store).fail_after(i64::MAX);
    large(true).unwrap();
    let before = films();
    dir(&store).full_until_unlinked(1);
    large(true).unwrap();
    assert_eq!(films(), before, "one went, one came");
}

#[test]
fn while_no_row_can_be_written_the_files_go_first_and_their_rows_follow() {
    let place = Place::new();
    let (store, stream) = place.with_camera();
    let mut disk = Disk::of(place, store, 1000 * UNIT);
    disk.record(stream, 3);
    disk.tick();
    const BREAK: &str = "CREATE TRIGGER broken BEFORE INSERT ON garbage BEGIN SELECT RAISE(FAIL, 'broken'); END";
    const MEND: &str = "DROP TRIGGER broken";
    disk.store.db().write_sql(BREAK);
    dir(&disk.store).full_until_unlinked(1);
    let (mut growing, mut script) = begin(&disk.store, stream, true);
    add(&mut growing, script.frames(6));
    growing.close(script.close());
    disk.store.catch_up().unwrap();
    let all = listed(&disk.store, stream);
    assert_eq!(all[0], "1/1: 6 frames, missing");
    assert_eq!(all.last().unwrap(), "1/4: 6 frames");
    // A power cut just now: the catalog tells why the film is not there.
    let after = disk.place.crash();
    Database::open(&after.options().db_dir, Access::Write).unwrap().write_sql(MEND);
    let mended = after.open();
    assert_eq!(mended.problems(), [""; 0]);
    assert_eq!(listed(&mended, stream), ["1/4: 6 frames"]);
    disk.store.db().write_sql(MEND);
    disk.store.flush().unwrap();
    disk.store.flush().unwrap();
    let all = listed(&disk.store, stream);
    assert!(all.iter().all(|line| !line.contains("missing")) && all.last().unwrap() == "1/4: 6 frames", "{all:?}");
    assert_eq!(disk.store.db().garbage().unwrap(), []);
}

#[test]
fn protected_film_stays_and_is_at_most_half_of_the_disk() {
    let mut disk = Disk::new(60 * UNIT);
    let [main, sub] = disk.add_camera("porch");
    let minute = |n: i64| WallTime(START.0 - 600 * 90_000 + n * 90_000);
    for n in 0..12 {
        let mut growing = disk.store.begin(head(main, true, minute(n))).unwrap();
        let mut script = Script::new(minute(n));
        add(&mut growing, script.frames(10));
        growing.close(script.close());
    }
    disk.record(sub, 1);
    disk.tick();
    // From within the third to within the fifth.
    let span = WallTime(minute(2).0 + 45_000)..WallTime(minute(4).0 + 1);
    disk.store.protect(main, span.clone()).unwrap();
    assert_eq!(disk.store.protected(main).unwrap(), std::slice::from_ref(&span));
    let refused = |disk: &Disk, span| disk.store.protect(main, span).unwrap_err();
    assert_eq!(refused(&disk, minute(9)..WallTime(START.0 + 1)).kind(), Kind::BadInput);
    assert_eq!(refused(&disk, minute(100)..minute(101)).kind(), Kind::BadInput, "there is no film");
    disk.quota(main, Some(UNIT));
    disk.tick();
    disk.tick();
    assert_eq!(disk.left(main), [3, 4, 5]);
    assert_eq!(disk.syncer_saw().streams[0].holding.protected, 3 * UNIT);

    // It is known after a restart, and by the catalog.
    disk.quota(main, None);
    disk.store.flush().unwrap();
    let catalog = fs::read_to_string(disk.place.film().join("catalog")).unwrap();
    assert!(catalog.contains(&format!(r#""protected":[{{"stream":1,"start90k":{}"#, span.start.0)), "{catalog}");
    let place = disk.place.crash();
    let store = Store::open(Options { flush_interval: Duration::ZERO, ..place.options() }).unwrap();
    let mut copy = Disk::of(place, store, disk.size);
    copy.quota(main, Some(UNIT));
    copy.tick();
    copy.tick();
    assert_eq!(copy.left(main), [3, 4, 5]);
    disk.store.unprotect(main, minute(0)..minute(4)).unwrap();
    assert_eq!(disk.store.protected(main).unwrap(), [minute(4)..span.end]);
    disk.quota(main, Some(UNIT));
    disk.tick();
    disk.tick();
    assert_eq!(disk.left(main), [5]);
}

#[test]
fn more_than_half_of_the_disk_cannot_be_protected() {
    let mut disk = Disk::new(40 * UNIT);
    let [main, _] = disk.add_camera("porch");
    disk.record(main, 18);
    disk.tick();
    let e = disk.store.protect(main, START..WallTime(START.0 + 54_000)).unwrap_err();
    assert_eq!(e.kind(), Kind::BadInput, "{e}");
    let capacity = &disk.store.shared_for_tests().capacity;
    assert!(capacity.report().unwrap().capacity_bytes < 40 * UNIT);
    // All of them start at one moment, which is now.
    let all = disk.store.recordings(main, ALWAYS).unwrap();
    let kept = crate::store::capacity::Kept { stream: main, spans: vec![ALWAYS], recordings: all };
    let e = capacity.check_half(&kept).unwrap_err();
    assert_eq!(e.kind(), Kind::Conflict);
    assert!(e.to_string().starts_with("72.0 KiB would be protected then, and at most half"), "{e}");
}
