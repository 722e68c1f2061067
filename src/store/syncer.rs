//! `Syncer`: the thread that makes film durable and writes its rows. Nobody who records waits for it.

use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::EndReason;
use crate::media::recording::Cause;
use crate::store::ailment::Ailment;
use crate::store::attached::Attached;
use crate::store::catalog_file::CatalogFile;
use crate::store::closed::ClosedRecording;
use crate::store::db::{Batch, Committed};
use crate::store::pending::REMEMBERED;
use crate::store::pulse::Work;
use crate::store::seam;
use crate::store::shared::Shared;
use crate::store::suspects::Suspects;
use crate::store::sweeper::Sweeper;
use log::{debug, error, warn};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// What the syncer is asked.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Sync and write rows now, then say how it went.
    Flush(SyncSender<Result<()>>),
    /// The disk is full: make so much room now, then say whether there is some.
    Room(u64, SyncSender<bool>),
    /// Return.
    Stop,
}

/// One sync for all files per interval, and one transaction for all that closed since the last.
#[derive(Debug)]
pub(crate) struct Syncer {
    shared: Arc<Shared>,
    sync_interval: Duration,
    flush_interval: Duration,
    last_flush: Instant,
    /// Those that wait for their rows and of which the journal knows that they are durable.
    durable: BTreeSet<RecordingId>,
    /// Those that were not when a sync failed.
    suspects: Suspects,
    sweeper: Sweeper,
    /// There was more to delete than goes at once.
    more: bool,
    compared: Instant,
    catalog: CatalogFile,
    /// Syncs, as the log knows them.
    syncs: Ailment,
    /// Transactions, as the log knows them.
    rows: Ailment,
}

impl Syncer {
    pub(crate) fn new(shared: Arc<Shared>, sync_interval: Duration, flush_interval: Duration, now: Instant) -> Self {
        Self {
            sweeper: Sweeper::new(shared.clone()),
            shared,
            sync_interval,
            flush_interval,
            last_flush: now,
            durable: BTreeSet::new(),
            suspects: Suspects::default(),
            more: false,
            compared: now,
            catalog: CatalogFile::default(),
            syncs: Ailment::new(
                "the sample directory cannot be synced, every recording that grows ends here",
                "the sample directory syncs again",
            ),
            rows: Ailment::new(
                "rows cannot be written, what closes waits, and its files tell what it is",
                "rows are written again",
            ),
        }
    }

    /// Works until it is told to stop or nobody can ask any more.
    pub(crate) fn run(mut self, asked: &Receiver<Ask>) {
        let mut next = Instant::now() + self.sync_interval;
        loop {
            match asked.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Ask::Flush(answer)) => {
                    let result = self.tick(Instant::now(), true);
                    // Who asked may have stopped waiting.
                    let _ = answer.send(result);
                }
                Ok(Ask::Room(bytes, answer)) => {
                    let _ = answer.send(self.make_room(bytes));
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = Instant::now();
                    next = now + self.sync_interval;
                    // An error was logged; it is tried again.
                    let _ = self.tick(now, false);
                }
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// One round: sync, and rows when it is time or wished for.
    pub(crate) fn tick(&mut self, now: Instant, flush: bool) -> Result<()> {
        let shared = self.shared.clone();
        if let Some(left) = shared.mount.mind_place() {
            self.leave(&left);
        }
        let was_there = shared.mount.attached().is_some();
        if let Err(e) = shared.mount.look(&shared.db, &shared.unflushed, &shared.capacity, (shared.clock)()) {
            shared.mount.tell(e.to_string());
        }
        // What was found on a disk that came back.
        if !was_there
            && shared.mount.attached().is_some()
            && let Err(e) = shared.damages.load(&shared.db)
        {
            warn!("{e}");
        }
        let due =
            flush || self.syncs.is_there() || self.rows.is_there() || now - self.last_flush >= self.flush_interval;
        if due {
            self.last_flush = now;
        }
        let result = match shared.mount.attached() {
            Some(attached) => self.sync_and_flush(&attached, now, due, flush),
            None if due => {
                let flushed = self.flush_gaps();
                self.rows.mind(flushed)
            }
            None => Ok(()),
        };
        if due || result.is_err() {
            *shared.failure() = result.as_ref().err().map(Error::to_string);
        }
        result
    }

    fn sync_and_flush(&mut self, attached: &Attached, now: Instant, due: bool, wished: bool) -> Result<()> {
        let renewed = attached.renewal.waits();
        self.hear_of_losses();
        let mut closed = self.shared.unflushed.closed();
        let mut synced = self.sync(attached);
        if synced.is_ok() && self.suspects.read_back(&attached.dir, &self.shared.unflushed) {
            closed = self.shared.unflushed.closed();
            synced = self.sync(attached);
            if synced.is_ok() {
                self.suspects.read_back(&attached.dir, &self.shared.unflushed);
            }
        }
        let (keep, seen) = self.keep(attached, now);
        if synced.is_err() && keep.is_urgent {
            self.delete_at_once(attached, &keep.condemned);
        }
        synced?;
        let closed = self.suspects.others(closed);
        if let Some(renewed) = renewed {
            self.settle_journal(attached, renewed);
        }
        if due || keep.is_urgent || self.more {
            let flushed = self.flush(attached, closed, &keep.condemned, wished);
            if flushed.is_err() && keep.is_urgent {
                self.delete_at_once(attached, &keep.condemned);
            }
            self.rows.mind(flushed)?;
            self.write_catalog(attached, now, wished);
        } else {
            self.note_durable(attached, &closed);
        }
        seen
    }

    /// Holes that no session knows of.
    fn hear_of_losses(&self) {
        let mut pending = self.shared.pending();
        let (proof, lost) = (self.shared.unflushed.proof(), self.shared.unflushed.take_lost());
        lost.into_iter().for_each(|(stream, hole)| pending.add_hole(stream, hole, proof));
    }

    /// The journal that was new before the sync takes the place of the old one.
    fn settle_journal(&self, attached: &Attached, renewed: u64) {
        match attached.renewal.settle(&attached.dir, renewed) {
            Ok(()) if self.suspects.is_empty() => attached.trust(),
            Ok(()) => {}
            Err(e) => warn!("journal: {e}"),
        }
    }

    /// The directory is gone. What it holds without a row is found again by files and journal when it is back.
    fn leave(&mut self, left: &Attached) {
        // As far as it still can be reached, under another name or none.
        if let Err(e) = left.dir.sync_all() {
            warn!("the sample directory that is gone: {e}");
        }
        let shared = &self.shared;
        if let Err(e) = shared.db.end_open(left.open_id, (shared.clock)(), left.age()) {
            warn!("the end of opening {}: {e}", left.open_id);
        }
        shared.unflushed.forget_all();
        shared.shelf.forget_all();
        shared.capacity.leave();
        shared.pending().sweep = true;
        self.suspects.clear();
        self.durable.clear();
        self.sweeper.leave();
        self.catalog = CatalogFile::default();
    }

    /// What is durable but waits for its row is told to the journal.
    fn note_durable(&mut self, attached: &Attached, closed: &[Arc<ClosedRecording>]) {
        let ids: BTreeSet<_> = closed.iter().map(|c| c.recording.id).collect();
        if ids != self.durable {
            attached.note_durable(ids.clone());
            self.durable = ids;
        }
    }

    /// Makes all that was written before durable. When that fails, what grows cannot be trusted and ends, and all that is
    /// not known to be durable is suspect.
    fn sync(&mut self, attached: &Attached) -> Result<()> {
        let begun = Instant::now();
        let busy = self.shared.mount.pulse().busy(Work::Sync, begun);
        let synced = attached.dir.sync_all();
        drop(busy);
        self.syncs.mind(synced).inspect_err(|e| {
            self.suspects.arrest(&self.shared.unflushed, &self.durable);
            attached.suspect(EndReason::new(Cause::DiskFailed, e.to_string()));
        })?;
        debug!("synced in {:.3} s", begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// One transaction for all that waits; then the files of garbage go. A file that does not is in no row's way.
    fn flush(
        &mut self,
        attached: &Attached,
        closed: Vec<Arc<ClosedRecording>>,
        old: &[RecordingId],
        wished: bool,
    ) -> Result<()> {
        let committed = self.commit(closed, old, wished);
        committed.and(self.sweeper.sweep(attached))
    }

    /// `old` are those that the keeper wants to be gone; their files are there.
    fn commit(&mut self, closed: Vec<Arc<ClosedRecording>>, old: &[RecordingId], wished: bool) -> Result<()> {
        let shared = self.shared.clone();
        let _removal = shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        let old = old.iter().filter(|&&id| !shared.capacity.is_protected(id));
        let old: BTreeSet<_> = old.chain(self.sweeper.undone()).copied().collect();
        let mut condemned = self.condemned(&closed);
        condemned.extend(&old);
        let (gaps, removed) = {
            let pending = self.shared.pending();
            (pending.gaps.clone(), pending.removed.clone())
        };
        let is_gone = |id: RecordingId| removed.contains(&id.stream()) || old.contains(&id);
        let (gone, closed): (Vec<_>, _) = closed.into_iter().partition(|c| is_gone(c.recording.id));
        condemned.extend(gone.iter().map(|c| c.recording.id));
        let condemned: Vec<_> = condemned.into_iter().collect();
        let nothing_new = closed.is_empty() && gaps.is_empty() && condemned.is_empty();
        let verified = shared.verified.news();
        if nothing_new && (!wished || self.sweeper.unlinked().is_empty() && verified.is_none()) {
            return Ok(());
        }
        let batch = Batch {
            closed,
            gaps: gaps.iter().map(|((stream, _), gap)| (*stream, gap.clone())).collect(),
            condemned,
            unlinked: self.sweeper.unlinked().iter().copied().collect(),
            verified,
        };
        let busy = shared.mount.pulse().busy(Work::Rows, Instant::now());
        let committed = self.shared.db.commit(&batch);
        drop(busy);
        match committed {
            Ok(done) => {
                self.settle(&batch, &done);
                if let Err(e) = seam::settle(&shared.db, &shared.unflushed, &batch) {
                    warn!("a gap may begin too late: {e}");
                }
                // What closed just now too: it shall not get a row any more.
                let never_rows = gone.iter().map(|c| c.recording.id).chain(old);
                never_rows.for_each(|id| self.shared.unflushed.forget(id));
                self.shared.capacity.doom(&batch.condemned);
                self.sweeper.rows_are_gone();
                Ok(())
            }
            Err(e) => {
                self.shared.unflushed.forget_oldest(REMEMBERED);
                Err(e)
            }
        }
    }

    /// What is to be deleted and is there: the number of one that is not could be given to another recording while the
    /// garbage still speaks of it.
    fn condemned(&self, closed: &[Arc<ClosedRecording>]) -> BTreeSet<RecordingId> {
        let wished = self.shared.pending().condemned.clone();
        let mut condemned = BTreeSet::new();
        for id in wished {
            let is_closed = closed.iter().any(|c| c.recording.id == id);
            match self.shared.db.recording(id) {
                Ok(row) if is_closed || row.is_some() => _ = condemned.insert(id),
                Ok(_) => _ = self.shared.pending().condemned.remove(&id),
                Err(e) => warn!("recording {id}: not deleted yet: {e}"),
            }
        }
        condemned
    }

    /// What became rows is forgotten here.
    fn settle(&self, batch: &Batch, done: &Committed) {
        let unflushed = &self.shared.unflushed;
        for (id, e) in &done.refused {
            error!("recording {id}: its file stays, but the database refuses it: {e}");
            unflushed.forget(*id);
        }
        unflushed.became_rows(batch.closed.iter().map(|c| c.recording.id));
        unflushed.uncount(&done.condemned);
        let gone: BTreeSet<_> = done.condemned.iter().map(|r| r.id).collect();
        self.shared.damages.forget(|id| gone.contains(&id));
        batch.verified.iter().for_each(|&place| self.shared.verified.written(place));
        let mut pending = self.shared.pending();
        pending.sweep |= !batch.condemned.is_empty();
        for id in &batch.condemned {
            pending.condemned.remove(id);
        }
        for (stream, gap) in &batch.gaps {
            let key = (*stream, gap.start);
            if pending.gaps.get(&key) == Some(gap) {
                pending.gaps.remove(&key);
                pending.unproven.remove(&key);
            }
        }
    }

    /// Looks how full the disk is, and says what has to go.
    fn keep(&mut self, attached: &Attached, now: Instant) -> (Keep, Result<()>) {
        let Shared { capacity, shelf, unflushed, .. } = &*self.shared;
        if now - self.compared >= COMPARE_INTERVAL {
            self.compared = now;
            if let Err(e) = capacity.compare(&attached.dir) {
                warn!("{e}");
            }
        }
        match capacity.look(&attached.dir, shelf, unflushed, now) {
            Ok(outlook) => {
                let choice = capacity.choose(&outlook, shelf, None);
                let is_urgent = outlook.is_urgent();
                self.more = choice.more;
                capacity.tell(outlook, &choice);
                (Keep { condemned: choice.condemned, is_urgent }, Ok(()))
            }
            Err(e) => (Keep::default(), Err(e)),
        }
    }

    /// A writer met a full disk. Says whether something was freed.
    fn make_room(&mut self, bytes: u64) -> bool {
        let shared = self.shared.clone();
        let Some(attached) = shared.mount.attached() else { return false };
        let attached = &*attached;
        let outlook = match shared.capacity.look(&attached.dir, &shared.shelf, &shared.unflushed, Instant::now()) {
            Ok(outlook) => outlook,
            Err(e) => {
                warn!("{e}");
                return false;
            }
        };
        let choice = shared.capacity.choose(&outlook, &shared.shelf, Some(bytes));
        shared.capacity.tell(outlook, &choice);
        warn!("the film's disk is full: {} of the oldest recordings go at once", choice.condemned.len());
        let done = self.commit(Vec::new(), &choice.condemned, true).and_then(|()| self.sweeper.sweep(attached));
        if self.rows.mind(done).is_err() {
            self.delete_at_once(attached, &choice.condemned);
        }
        // Some file systems give back what was freed only then.
        if attached.dir.file_system().is_ok_and(|fs| fs.free() < bytes)
            && let Err(e) = self.sync(attached)
        {
            warn!("{e}");
        }
        !choice.condemned.is_empty()
    }

    /// Recording goes on although no row can be written: the files go first, and the catalog tells why.
    fn delete_at_once(&mut self, attached: &Attached, condemned: &[RecordingId]) {
        if self.sweeper.delete_at_once(attached, condemned) {
            self.write_catalog(attached, Instant::now(), true);
        }
    }

    /// Without a sample directory nothing closes, but holes grow.
    fn flush_gaps(&mut self) -> Result<()> {
        let gaps = self.shared.pending().gaps.clone();
        if gaps.is_empty() {
            return Ok(());
        }
        let batch = Batch { gaps: gaps.into_iter().map(|((s, _), gap)| (s, gap)).collect(), ..Batch::default() };
        let done = self.shared.db.commit(&batch)?;
        self.settle(&batch, &done);
        Ok(())
    }

    fn write_catalog(&mut self, attached: &Attached, now: Instant, wished: bool) {
        self.catalog.write(&self.shared, attached, self.sweeper.undone(), now, wished);
    }
}

/// What the keeper wants.
#[derive(Debug, Default)]
struct Keep {
    condemned: Vec<RecordingId>,
    /// At once.
    is_urgent: bool,
}

/// The syncer cannot be asked.
pub(crate) fn stopped() -> Error {
    Error::new(Kind::Busy, "the store is stopping, or its disk does not answer")
}

/// How seldom the whole directory is weighed anew.
const COMPARE_INTERVAL: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallTime;
    use crate::store::gap::Gap;
    use crate::store::tests::Place;

    #[test]
    fn a_sync_that_fails_is_not_told_as_rows_that_cannot_be_written() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let shared = store.shared_for_tests();
        let mut syncer = Syncer::new(shared.clone(), Duration::MAX, Duration::MAX, Instant::now());
        let mut tick = || {
            let failed = syncer.tick(Instant::now(), true).is_err();
            (failed, syncer.syncs.is_there(), syncer.rows.is_there())
        };
        let dir = shared.mount.attached().unwrap().dir.clone();
        dir.create("a").unwrap();
        dir.fail_after(0);
        assert_eq!(tick(), (true, true, false));
        dir.fail_after(i64::MAX);
        assert_eq!(tick(), (false, false, false));
        store.db().write_sql("ALTER TABLE gap RENAME TO hidden");
        let gap = Gap { start: WallTime(9), end: None, cause: "camera silent".into(), detail: String::new() };
        store.gap(stream, gap);
        assert_eq!(tick(), (true, false, true));
        store.db().write_sql("ALTER TABLE hidden RENAME TO gap");
        assert_eq!(tick(), (false, false, false));
    }
}
