//! The writer without its thread: it works when a test says so.

use super::*;
use crate::base::MediaDuration;
use crate::media::sample_index;
use crate::store::growing::Growing;
use crate::store::testing::{Script, facts};
use crate::store::{journal, journal_file, trailer};
use jiff::tz::TimeZone;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A writer without a thread: it works when the test says so.
struct Rig {
    tmp: TempDir,
    dir: Arc<SampleDir>,
    queue: Arc<Queue>,
    unflushed: Arc<Unflushed>,
    writer: Writer,
    now: Instant,
}

impl Rig {
    fn new() -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let dir = Arc::new(SampleDir::open(tmp.path(), true).unwrap());
        let (queue, unflushed) = (Arc::new(Queue::new(100_000)), Arc::new(Unflushed::new(TimeZone::UTC)));
        let capacity = Arc::new(Capacity::new(None, Duration::ZERO, tmp.path().to_owned()));
        let journal = JournalFile::begin(dir.clone(), &[]).unwrap();
        let shared = (unflushed.clone(), capacity, Arc::default());
        let writer = Writer::new(dir.clone(), queue.clone(), journal, shared);
        Self { tmp, dir, queue, unflushed, writer, now: Instant::now() }
    }

    fn begin(&self, number: u32) -> (Growing, Script) {
        let facts = facts(number);
        let slot = Arc::new(Slot { written: Arc::default(), failed: OnceLock::new() });
        let (id, start) = (facts.recording.id, facts.recording.start);
        self.unflushed.begin(&facts);
        self.queue.push(Job::Begin(Box::new(facts), slot.clone()));
        (Growing::new(id, 1, Default::default(), self.queue.clone(), slot), Script::new(start))
    }

    fn work(&mut self, after: Duration) {
        self.now += after;
        let jobs = self.queue.take(Some(Duration::ZERO));
        let _ = self.writer.work(jobs, self.now);
    }

    fn file(&self, number: u32) -> Vec<u8> {
        std::fs::read(self.tmp.path().join(format!("00000003{number:08x}"))).unwrap()
    }

    /// `2: 10 frames of 1045 bytes, growing`
    fn listed(&self) -> Vec<String> {
        let line = |r: &crate::media::Recording| {
            let state = if r.growing { "growing" } else { "closed" };
            format!("{}: {} frames of {} bytes, {state}", r.id.number(), r.video_samples, r.sample_file_bytes)
        };
        self.unflushed.of(facts(1).recording.id.stream(), |_| true).iter().map(line).collect()
    }

    fn closed(&self) -> Arc<ClosedRecording> {
        let [closed] = &self.unflushed.closed()[..] else { panic!("not one closed recording") };
        closed.clone()
    }
}

/// What a sync does that goes well.
fn settle(journal: &JournalFile, dir: &SampleDir) {
    let renewal = journal.renewal();
    renewal.settle(dir, renewal.waits().unwrap()).unwrap();
}

fn add(growing: &mut Growing, frames: Vec<Append>) {
    for frame in frames {
        growing.append(frame).unwrap();
    }
}

#[test]
fn whole_groups_of_pictures_are_listed_as_they_reach_the_file() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(5));
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), [""; 0]);
    assert_eq!(rig.file(1).len(), 0);
    add(&mut growing, vec![script.frame(true, 100), script.frame(false, 10)]);
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 5 frames of 510 bytes, growing"]);
    assert_eq!(rig.file(1), script.film);
    let index = rig.unflushed.index(growing.id()).unwrap();
    assert_eq!(sample_index::samples(&index).count(), 5);
}

#[test]
fn what_is_not_to_be_listed_yet_is_on_file_and_in_the_journal() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    let unsettled = |append| Append { lists_before: false, ..append };
    add(&mut growing, script.frames(11).into_iter().map(unsettled).collect());
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), [""; 0]);
    assert_eq!(rig.file(1), script.film);
    let told = journal::replay(journal_file::read(&rig.dir).entries);
    assert_eq!(told.stories[&growing.id()].marks.last().unwrap().covered.video_samples, 10);
    add(&mut growing, vec![script.frame(true, 100), script.frame(false, 10)]);
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 11 frames of 1155 bytes, growing"]);
    let index = rig.unflushed.index(growing.id()).unwrap();
    assert_eq!(sample_index::samples(&index).count(), 11);
}

#[test]
fn what_the_journal_was_not_told_is_not_listed() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    rig.work(Duration::ZERO);
    add(&mut growing, script.frames(6));
    // The film gets to the disk, the journal's entry does not.
    rig.dir.fail_after(1);
    rig.work(Duration::ZERO);
    assert_eq!(rig.file(1), script.film);
    assert_eq!(rig.listed(), [""; 0]);
}

#[test]
fn a_frame_waits_two_seconds_at_most() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(2));
    rig.work(Duration::ZERO);
    assert_eq!(rig.writer.patience(rig.now), Some(PATIENCE));
    rig.work(PATIENCE);
    assert_eq!(rig.file(1), script.film);
}

#[test]
fn a_closed_file_is_film_and_trailer() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(12));
    let close = script.close();
    growing.close(close.clone());
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 12 frames of 1266 bytes, closed"]);
    let closed = rig.closed();
    assert_eq!(closed.blake3, *blake3::hash(&script.film).as_bytes());
    assert_eq!(sample_index::samples(&closed.video_index).filter(Result::is_ok).count(), 12);
    assert_eq!(rig.file(1), [script.film, trailer::encode(&closed)].concat());
    assert_eq!(rig.writer.patience(rig.now), None);
}

#[test]
fn a_dropped_recording_ends_with_all_its_frames() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(7));
    drop(growing);
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 7 frames of 721 bytes, closed"]);
    let closed = rig.closed();
    assert!(closed.recording.has_trailing_zero());
    assert_eq!(rig.file(1), [script.film, trailer::encode(&closed)].concat());
    let last = sample_index::samples(&closed.video_index).last().unwrap().unwrap();
    assert_eq!((last.duration_90k, last.bytes), (0, 106));
}

#[test]
fn a_recording_without_a_frame_leaves_nothing() {
    let mut rig = Rig::new();
    let (growing, _) = rig.begin(1);
    rig.work(Duration::ZERO);
    drop(growing);
    rig.work(Duration::ZERO);
    assert_eq!(rig.dir.list().unwrap().iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["journal"]);
}

#[test]
fn a_disk_that_fails_ends_the_recording_and_its_file_is_closed_when_there_is_room() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(6));
    rig.work(Duration::ZERO);
    let on_file = script.film.clone();
    rig.dir.fail_after(0);
    add(&mut growing, vec![script.frame(true, 100)]);
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 5 frames of 510 bytes, growing"]);
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert_eq!(reason.to_string(), "disk failed: Input/output error (os error 5)");
    rig.dir.fail_after(i64::MAX);
    rig.work(PATIENCE);
    assert_eq!(rig.listed(), ["1: 6 frames of 615 bytes, closed"]);
    assert_eq!(rig.file(1), [on_file, trailer::encode(&rig.closed())].concat());
    assert_eq!(rig.closed().recording.end_reason, Some(reason.to_string()));
}

#[test]
fn what_the_disk_refused_of_a_recording_that_was_closed_is_a_hole() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(6));
    rig.work(Duration::ZERO);
    add(&mut growing, script.frames(10));
    growing.close(script.close());
    // Its session goes on with the next one before the disk says anything.
    rig.dir.fail_after(0);
    rig.work(Duration::ZERO);
    let closed = rig.unflushed.take_lost();
    let [(stream, hole)] = &closed[..] else { panic!("{closed:?}") };
    let start = facts(1).recording.start;
    let moment = |tenths: i64| Moment { time: start + crate::base::WallDuration(9000 * tenths), unproven: None };
    assert_eq!((*stream, hole.start, hole.end), (facts(1).recording.id.stream(), moment(5), Some(moment(16))));
    assert_eq!(hole.reason.cause, Cause::DiskFailed);

    let (mut growing, mut script) = rig.begin(2);
    add(&mut growing, script.frames(3));
    growing.close(script.close());
    rig.work(Duration::ZERO);
    assert_eq!(rig.unflushed.take_lost()[0].1.end, Some(moment(3)), "nothing of it is on file");
    assert!(rig.writer.cut.is_empty(), "nobody has to hear more of it");
}

#[test]
fn a_full_disk_with_nothing_to_delete_ends_the_recording_by_its_name() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    rig.work(Duration::ZERO);
    rig.dir.fill_after(0);
    add(&mut growing, script.frames(6));
    rig.work(PATIENCE);
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert_eq!(reason.to_string(), "disk full: No space left on device (os error 28)");
    let (mut growing, mut script) = rig.begin(2);
    add(&mut growing, script.frames(1));
    rig.work(Duration::ZERO);
    assert_eq!(growing.append(script.frame(false, 1)).unwrap_err().cause, Cause::DiskFull);
}

#[test]
fn a_file_that_cannot_be_created_ends_the_recording() {
    let mut rig = Rig::new();
    rig.dir.fail_after(0);
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(1));
    rig.work(Duration::ZERO);
    assert_eq!(growing.append(script.frame(false, 1)).unwrap_err().cause, Cause::DiskFailed);
    assert!(rig.queue.crowded().is_none());
}

#[test]
fn a_full_queue_ends_the_recording_and_takes_frames_again_when_the_disk_is_back() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, vec![script.frame(true, 60_000)]);
    assert_eq!(rig.queue.crowded(), Some(60_000));
    let reason = growing.append(script.frame(false, 60_000)).unwrap_err();
    assert_eq!(reason.cause, Cause::DiskBehind);
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 1 frames of 60000 bytes, closed"]);
    let (mut growing, mut script) = rig.begin(2);
    add(&mut growing, vec![script.frame(true, 60_000)]);
}

#[test]
fn a_run_that_is_20_s_ahead_of_the_disk_ends() {
    let rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(202));
    let reason = growing.append(script.frame(false, 1)).unwrap_err();
    assert_eq!(reason.to_string(), "disk behind: 20 s of film are not on the disk yet");
}

#[test]
fn a_frame_that_lasts_long_is_not_the_disks_fault() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    for _ in 0..3 {
        let mut frame = script.frame(true, 10);
        frame.progress.media_duration = MediaDuration(frame.progress.media_duration.0 * 450);
        add(&mut growing, vec![frame]);
        rig.work(PATIENCE);
    }
}

#[test]
fn the_journal_knows_what_grows_across_a_renewal() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    add(&mut growing, script.frames(6));
    rig.work(Duration::ZERO);
    rig.writer.renew_journal();
    settle(&rig.writer.journal, &rig.dir);
    add(&mut growing, script.frames(1));
    rig.work(Duration::ZERO);
    let stories = journal::replay(journal_file::read(&rig.dir).entries).stories;
    let story = &stories[&growing.id()];
    let marks: Vec<_> = story.marks.iter().map(|m| (m.covered.video_samples, m.covered.sample_file_bytes)).collect();
    assert_eq!(marks, [(5, 510), (6, 615)]);
    assert_eq!(story.marks[1].hash, blake3::hash(&script.film[..615]).as_bytes()[..16]);
}

#[test]
fn the_journal_knows_what_waits_for_its_trailer_across_a_renewal() {
    let mut rig = Rig::new();
    let (mut growing, mut script) = rig.begin(1);
    let id = growing.id();
    add(&mut growing, script.frames(6));
    rig.work(PATIENCE);
    rig.dir.fail_after(0);
    growing.close(script.close());
    rig.work(Duration::ZERO);
    assert_eq!(rig.writer.unsealed.len(), 1);
    rig.dir.fail_after(i64::MAX);
    rig.writer.renew_journal();
    settle(&rig.writer.journal, &rig.dir);
    let stories = journal::replay(journal_file::read(&rig.dir).entries).stories;
    assert_eq!(stories[&id].marks.last().unwrap().covered.sample_file_bytes, 510);
}

#[test]
fn what_a_start_could_not_mend_is_told_by_every_journal_until_the_next_start() {
    let rig = Rig::new();
    let left = journal::Entry::Head(Box::new(facts(7)));
    let mut journal = JournalFile::begin(rig.dir.clone(), std::slice::from_ref(&left)).unwrap();
    journal.renew(&[]).unwrap();
    settle(&journal, &rig.dir);
    assert_eq!(journal_file::read(&rig.dir).entries, [left]);
}

#[test]
fn stopping_writes_and_closes_everything() {
    let mut rig = Rig::new();
    let (mut one, mut script) = rig.begin(1);
    add(&mut one, script.frames(3));
    rig.queue.push(Job::Stop(EndReason::new(Cause::Stopped, "")));
    rig.work(Duration::ZERO);
    assert_eq!(rig.listed(), ["1: 3 frames of 303 bytes, closed"]);
    assert_eq!(one.append(script.frame(false, 1)).unwrap_err().cause, Cause::Stopped);
    assert!(!rig.queue.push(Job::Suspect(EndReason::new(Cause::Stopped, ""))));
}
