//! `Writer`: the thread that writes film. Sessions hand it frames through the queue and never wait for it.

use crate::base::error::is_full_disk;
use crate::base::{RecordingId, WallTime};
use crate::media::EndReason;
use crate::media::growing::{Append, Close};
use crate::media::recording::Cause;
use crate::store::capacity::Capacity;
use crate::store::closed::ClosedRecording;
use crate::store::dir::SampleDir;
use crate::store::gap::{Hole, Moment};
use crate::store::growing::{Slot, WRITE_BYTES};
use crate::store::journal::Entry;
use crate::store::journal_file::JournalFile;
use crate::store::pulse::{Pulse, Work};
use crate::store::queue::{Job, Queue};
use crate::store::sample_file::{SMALL, SampleFile};
use crate::store::unflushed::Unflushed;
use log::{debug, error, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
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
    capacity: Arc<Capacity>,
    journal: JournalFile,
    open: BTreeMap<RecordingId, Open>,
    /// Recordings that got their last frame, but whose trailer the disk refused; tried again.
    unsealed: Vec<(SampleFile, ClosedRecording)>,
    /// Closed ones without a row of which the journal knows that they are durable.
    durable: BTreeSet<RecordingId>,
    /// Recordings that ended before their sessions said so: where they did, and why. Each until its session has heard.
    cut: BTreeMap<RecordingId, (Moment, EndReason)>,
    pulse: Arc<Pulse>,
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
    pub(crate) fn new(
        dir: Arc<SampleDir>,
        queue: Arc<Queue>,
        journal: JournalFile,
        (unflushed, capacity, pulse): (Arc<Unflushed>, Arc<Capacity>, Arc<Pulse>),
    ) -> Self {
        let (open, unsealed, durable, cut) = Default::default();
        Self { dir, queue, unflushed, capacity, journal, open, unsealed, durable, cut, pulse }
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
        let pulse = self.pulse.clone();
        let _busy = pulse.busy(Work::Film, Instant::now());
        let mut stop = None;
        if self.journal.is_spoiled() {
            self.renew_journal();
        }
        for job in jobs {
            match job {
                Job::Begin(facts, slot) => self.begin(*facts, slot),
                Job::Append(id, append) => self.append(id, append, now),
                Job::Close(id, close) => self.close(id, close),
                Job::Abandon(id, reason) => {
                    self.end(id, reason);
                    self.cut.remove(&id);
                }
                Job::Durable(ids) => self.note_durable(ids),
                Job::Suspect(reason) => {
                    self.end_all(&reason);
                    self.journal.spoil();
                    self.renew_journal();
                }
                Job::Trust => self.journal.trust(),
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
        let start = moment(&facts, facts.recording.start);
        match SampleFile::create(self.dir.clone(), self.capacity.clone(), facts) {
            Ok(file) => {
                self.pulse.takes();
                self.open.insert(id, Open { file, slot, due: false, seen: None });
            }
            Err(e) => {
                self.pulse.refuses(e.to_string());
                let cause = if e.is_full_disk() { Cause::DiskFull } else { Cause::DiskFailed };
                let reason = EndReason::new(cause, e.to_string());
                warn!("recording {id}: {reason}");
                self.cut.insert(id, (start, reason.clone()));
                slot.fail(reason, true);
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
            // First: what was listed once is there after a crash.
            self.capacity.with_room(SMALL, || self.journal.append(&written.entries))?;
            if let Some((whole, index_len)) = written.shown {
                self.unflushed.grow(id, &whole, &open.file.index()[..index_len]);
            }
            Ok(())
        });
        match result {
            Ok(()) => {
                open.slot.written.fetch_max(open.file.written().0, Ordering::Relaxed);
                self.pulse.takes();
                true
            }
            Err(e) => {
                self.pulse.refuses(format!("recording {id}: {e}"));
                let reason = disk_failed(&e);
                open.slot.fail(reason.clone(), open.file.is_empty());
                self.end_now(id, reason);
                false
            }
        }
    }

    fn close(&mut self, id: RecordingId, close: Close) {
        let end = close.progress.start + close.progress.wall_duration;
        if !self.write(id) {
            self.lose(id, end);
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

    /// The session closed a recording, up to `end`, that had ended before: between is a hole.
    fn lose(&mut self, id: RecordingId, end: WallTime) {
        if let Some((start, reason)) = self.cut.remove(&id)
            && start.time < end
        {
            let hole = Hole { start, end: Some(Moment { time: end, ..start }), reason };
            self.unflushed.lose(id.stream(), hole);
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
                open.slot.fail(reason.clone(), open.file.is_empty() && open.file.pending_bytes() == 0);
            }
            self.end(id, reason.clone());
        }
    }

    /// Ends a recording before its time: with all frames that are on file.
    fn end_now(&mut self, id: RecordingId, reason: EndReason) {
        let Some(open) = self.open.get(&id) else { return };
        warn!("recording {id}: ended: {reason}");
        let closed = open.file.ended(reason.clone());
        let end = closed.as_ref().map_or(open.file.facts().recording.start, |closed| closed.recording.end());
        self.cut.insert(id, (moment(open.file.facts(), end), reason));
        self.finish(id, closed);
    }

    /// Closes the file, or removes it if there is nothing in it.
    fn finish(&mut self, id: RecordingId, closed: Option<ClosedRecording>) {
        let Some(Open { file, slot, .. }) = self.open.remove(&id) else { return };
        slot.written.fetch_max(file.written().0, Ordering::Relaxed);
        // From here on it is told in proven time, if that is known by now.
        match closed.map(|closed| self.in_proven_time(closed)) {
            Some(closed) => self.seal(file, closed),
            None => {
                self.unflushed.forget(id);
                if let Err(e) = file.remove() {
                    warn!("recording {id}: without a frame, yet its file stays: {e}");
                }
            }
        }
    }

    fn in_proven_time(&self, closed: ClosedRecording) -> ClosedRecording {
        match self.unflushed.proof() {
            Some(proof) => closed.in_proven_time(proof),
            None => closed,
        }
    }

    fn seal(&mut self, file: SampleFile, closed: ClosedRecording) {
        let id = closed.recording.id;
        match file.seal(&closed) {
            Ok(()) => self.closed(closed),
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

    /// The keeper learns of it last: what it may delete is listed, or never was.
    fn closed(&self, closed: ClosedRecording) {
        let closed = Arc::new(closed);
        self.unflushed.close(closed.clone());
        self.capacity.close(&closed.recording);
    }

    fn seal_late(&mut self) {
        for (file, closed) in std::mem::take(&mut self.unsealed) {
            match file.seal(&closed) {
                Ok(()) => self.closed(closed),
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
        let unsealed = self.unsealed.iter_mut().map(|(file, _)| file);
        let without_trailer = self.open.values_mut().map(|o| &mut o.file).chain(unsealed);
        let mut told: Vec<_> = without_trailer.flat_map(SampleFile::tell_anew).collect();
        told.extend(self.durable.iter().copied().map(Entry::Durable));
        if let Err(e) = self.journal.renew(&told) {
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

/// As the run of a recording tells it.
fn moment(facts: &ClosedRecording, time: WallTime) -> Moment {
    Moment { time, unproven: facts.is_unproven().then_some(facts.clock_offset) }
}

fn disk_failed(e: &io::Error) -> EndReason {
    let cause = if is_full_disk(e) { Cause::DiskFull } else { Cause::DiskFailed };
    EndReason::new(cause, e.to_string())
}

/// Half of the time after which a frame is written at the latest.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many files may wait for room for their trailer.
const UNSEALED_LIMIT: usize = 256;

#[cfg(test)]
mod tests;
