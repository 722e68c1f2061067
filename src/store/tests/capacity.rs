//! Film makes room for film.

use super::*;
use crate::store::capacity::FileSystem;
use crate::store::db::testing::new_camera;
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

    fn record(&self, stream: StreamId, recordings: u32) {
        for _ in 0..recordings {
            record(&self.store, stream, true, 6);
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
