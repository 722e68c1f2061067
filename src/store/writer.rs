//! `Writer`: the thread that writes film. Sessions hand it frames through the queue and never wait for it.

use crate::base::RecordingId;
use crate::media::EndReason;
use crate::media::growing::{Append, Close};
use crate::media::recording::Cause;
use crate::store::closed::ClosedRecording;
use crate::store::dir::SampleDir;
use crate::store::growing::{Slot, WRITE_BYTES};
use crate::store::journal::Entry;
use crate::store::journal_file::JournalFile;
use crate::store::queue::{Job, Queue};
use crate::store::sample_file::SampleFile;
use crate::store::unflushed::Unflushed;
use log::{debug, error, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The files that grow in one sample directory.
#[derive(Debug)]
pub(crate) struct Writer {
    dir: Arc<SampleDir>,
    queue: Arc<Queue>,
    unflushed: Arc<Unflushed>,
    journal: JournalFile,
    open: BTreeMap<RecordingId, Open>,
    /// Recordings that got their last frame, but whose trailer the disk refused; tried again.
    unsealed: Vec<(SampleFile, ClosedRecording)>,
    /// Closed ones without a row of which the journal knows that they are durable.
    durable: BTreeSet<RecordingId>,
}

#[derive(Debug)]
struct Open {
    file: SampleFile,
    slot: Arc<Slot>,
    /// There is a reason to write now.
    due: bool,
    /// When the oldest pending frame was first seen here.
    seen: Option<Instant>,
}

impl Writer {
    pub(crate) fn new(dir: Arc<SampleDir>, queue: Arc<Queue>, unflushed: Arc<Unflushed>, journal: JournalFile) -> Self {
        Self { dir, queue, unflushed, journal, open: BTreeMap::new(), unsealed: Vec::new(), durable: BTreeSet::new() }
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self) {
        loop {
            let jobs = self.queue.take(self.patience(Instant::now()));
            if self.work(jobs, Instant::now()).is_break() {
                return;
            }
        }
    }

    /// How long it can sleep: frames wait at most [`PATIENCE`] until they are seen here, and as long again.
    fn patience(&self, now: Instant) -> Option<Duration> {
        if self.open.is_empty() && self.unsealed.is_empty() {
            return None;
        }
        let oldest = self.open.values().filter_map(|o| o.seen).min();
        Some(oldest.map_or(PATIENCE, |seen| PATIENCE.saturating_sub(now - seen)))
    }

    /// Does these jobs, and writes what is due.
    fn work(&mut self, jobs: Vec<Job>, now: Instant) -> ControlFlow<()> {
        let mut stop = None;
        for job in jobs {
            match job {
                Job::Begin(facts, slot) => self.begin(*facts, slot),
                Job::Append(id, append) => self.append(id, append, now),
                Job::Close(id, close) => self.close(id, close),
                Job::Abandon(id, reason) => self.end(id, reason),
                Job::Durable(ids) => self.note_durable(ids),
                Job::EndAll(reason) => self.end_all(&reason),
                Job::Barrier(done) => {
                    self.write_all();
                    // Nobody waits any more: nothing is lost by that.
                    let _ = done.send(());
                }
                Job::Stop(reason) => stop = Some(reason),
            }
        }
        if let Some(reason) = stop {
            self.end_all(&reason);
            self.seal_late();
            for job in self.queue.finish() {
                debug!("the writer has stopped and forgets {job:?}");
            }
            return ControlFlow::Break(());
        }
        self.write_due(now);
        self.seal_late();
        if self.journal.is_due() {
            self.renew_journal();
        }
        ControlFlow::Continue(())
    }

    fn begin(&mut self, facts: ClosedRecording, slot: Arc<Slot>) {
        let id = facts.recording.id;
        match SampleFile::create(self.dir.clone(), facts) {
            Ok(file) => {
                self.open.insert(id, Open { file, slot, due: false, seen: None });
            }
            Err(e) => {
                let reason = disk_failed(&e);
                warn!("recording {id}: {reason}");
                slot.fail(reason);
                self.unflushed.forget(id);
            }
        }
    }

    fn append(&mut self, id: RecordingId, append: Append, now: Instant) {
        match self.open.get_mut(&id) {
            Some(open) => {
                open.due |= append.is_key && append.progress.video_samples > 0;
                open.seen.get_or_insert(now);
                open.file.add(append);
                open.due |= open.file.pending_bytes() >= WRITE_BYTES;
            }
            // It has failed meanwhile, which its session will learn with its next frame.
            None => self.queue.done(append.data.len()),
        }
    }

    fn write_due(&mut self, now: Instant) {
        let is_due = |o: &Open| o.due || o.seen.is_some_and(|seen| now - seen >= PATIENCE);
        let due: Vec<_> = self.open.iter().filter(|(_, o)| is_due(o)).map(|(&id, _)| id).collect();
        for id in due {
            self.write(id);
        }
    }

    fn write_all(&mut self) {
        let all: Vec<_> = self.open.keys().copied().collect();
        for id in all {
            self.write(id);
        }
    }

    /// Writes what is pending of a recording; ends it if that fails. False when it is not open (any more).
    fn write(&mut self, id: RecordingId) -> bool {
        let Some(open) = self.open.get_mut(&id) else { return false };
        (open.due, open.seen) = (false, None);
        let bytes = open.file.pending_bytes();
        let written = open.file.write();
        self.queue.done(bytes);
        let result = written.and_then(|written| {
            if let Some((whole, index_len)) = written.shown {
                self.unflushed.grow(id, &whole, &open.file.index()[..index_len]);
            }
            self.journal.append(&written.entries)
        });
        match result {
            Ok(()) => {
                open.slot.written.fetch_max(open.file.written().0, Ordering::Relaxed);
                true
            }
            Err(e) => {
                let reason = disk_failed(&e);
                open.slot.fail(reason.clone());
                self.end_now(id, reason);
                false
            }
        }
    }

    fn close(&mut self, id: RecordingId, close: Close) {
        if !self.write(id) {
            return;
        }
        let Some(open) = self.open.get(&id) else { return };
        match open.file.closed(close) {
            Ok(closed) => self.finish(id, Some(closed)),
            Err(e) => {
                error!("recording {id}: {e}");
                self.end_now(id, EndReason::new(Cause::Stopped, e.to_string()));
            }
        }
    }

    /// Ends a recording before its time: with all frames that came.
    fn end(&mut self, id: RecordingId, reason: EndReason) {
        if self.write(id) {
            self.end_now(id, reason);
        }
    }

    fn end_all(&mut self, reason: &EndReason) {
        let all: Vec<_> = self.open.keys().copied().collect();
        for id in all {
            if let Some(open) = self.open.get(&id) {
                open.slot.fail(reason.clone());
            }
            self.end(id, reason.clone());
        }
    }

    /// Ends a recording before its time: with all frames that are on file.
    fn end_now(&mut self, id: RecordingId, reason: EndReason) {
        let Some(open) = self.open.get(&id) else { return };
        warn!("recording {id}: ended: {reason}");
        let closed = open.file.ended(reason);
        self.finish(id, closed);
    }

    /// Closes the file, or removes it if there is nothing in it.
    fn finish(&mut self, id: RecordingId, closed: Option<ClosedRecording>) {
        let Some(Open { file, slot, .. }) = self.open.remove(&id) else { return };
        slot.written.fetch_max(file.written().0, Ordering::Relaxed);
        match closed {
            Some(closed) => self.seal(file, closed),
            None => {
                self.unflushed.forget(id);
                if let Err(e) = file.remove() {
                    warn!("recording {id}: without a frame, yet its file stays: {e}");
                }
            }
        }
    }

    fn seal(&mut self, file: SampleFile, closed: ClosedRecording) {
        let id = closed.recording.id;
        match file.seal(&closed) {
            Ok(()) => self.unflushed.close(Arc::new(closed)),
            Err(e) if self.unsealed.len() < UNSEALED_LIMIT => {
                warn!("recording {id}: {e}; tried again until it works");
                self.unsealed.push((file, closed));
            }
            Err(e) => {
                error!("recording {id}: {e}; left to the next start");
                self.unflushed.forget(id);
            }
        }
    }

    fn seal_late(&mut self) {
        for (file, closed) in std::mem::take(&mut self.unsealed) {
            match file.seal(&closed) {
                Ok(()) => self.unflushed.close(Arc::new(closed)),
                Err(_) => self.unsealed.push((file, closed)),
            }
        }
    }

    /// Spares the next start to read their film.
    fn note_durable(&mut self, ids: BTreeSet<RecordingId>) {
        let news: Vec<_> = ids.difference(&self.durable).copied().map(Entry::Durable).collect();
        match self.journal.append(&news) {
            Ok(()) => self.durable = ids,
            Err(e) => debug!("journal: {e}"),
        }
    }

    fn renew_journal(&mut self) {
        let growing: Vec<_> = self.open.values_mut().flat_map(|o| o.file.tell_anew()).collect();
        let durable = self.durable.iter().copied().map(Entry::Durable);
        if let Err(e) = self.journal.renew(&growing.into_iter().chain(durable).collect::<Vec<_>>()) {
            warn!("begin a new journal: {e}; the old one goes on");
        }
    }
}

impl Drop for Writer {
    /// Also when it panics: no session shall wait for it.
    fn drop(&mut self) {
        self.queue.finish();
    }
}

fn disk_failed(e: &dyn std::fmt::Display) -> EndReason {
    EndReason::new(Cause::DiskFailed, e.to_string())
}

/// Half of the time after which a frame is written at the latest.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many files may wait for room for their trailer.
const UNSEALED_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
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
            let journal = JournalFile::begin(dir.clone(), &[]).unwrap();
            let writer = Writer::new(dir.clone(), queue.clone(), unflushed.clone(), journal);
            Self { tmp, dir, queue, unflushed, writer, now: Instant::now() }
        }

        fn begin(&self, number: u32) -> (Growing, Script) {
            let facts = facts(number);
            let slot = Arc::new(Slot { written: Arc::default(), failed: OnceLock::new() });
            let (id, start) = (facts.recording.id, facts.recording.start);
            self.unflushed.begin(&facts);
            self.queue.push(Job::Begin(Box::new(facts), slot.clone()));
            (Growing::new(id, Default::default(), self.queue.clone(), slot), Script::new(start))
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
        assert_eq!(reason.to_string(), "disk failed: No space left on device (os error 28)");
        rig.dir.fail_after(i64::MAX);
        rig.work(PATIENCE);
        assert_eq!(rig.listed(), ["1: 6 frames of 615 bytes, closed"]);
        assert_eq!(rig.file(1), [on_file, trailer::encode(&rig.closed())].concat());
        assert_eq!(rig.closed().recording.end_reason, Some(reason.to_string()));
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
        rig.writer.journal.renewal().settle(&rig.dir).unwrap();
        add(&mut growing, script.frames(1));
        rig.work(Duration::ZERO);
        let stories = journal::replay(journal_file::read(&rig.dir).unwrap()).stories;
        let story = &stories[&growing.id()];
        let marks: Vec<_> =
            story.marks.iter().map(|m| (m.covered.video_samples, m.covered.sample_file_bytes)).collect();
        assert_eq!(marks, [(5, 510), (6, 615)]);
        assert_eq!(story.marks[1].hash, blake3::hash(&script.film[..615]).as_bytes()[..16]);
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
        assert!(!rig.queue.push(Job::EndAll(EndReason::new(Cause::Stopped, ""))));
    }
}
