//! `Attached`: the sample directory that belongs to the database, recovered and being recorded into.

use crate::base::{Error, Kind, RecordingId, Result, StreamId, WallDuration, WallTime, time};
use crate::media::growing::{Head, Progress};
use crate::media::recording::Cause;
use crate::media::{EndReason, Recording, sample_index};
use crate::store::camera::StreamKind;
use crate::store::capacity::{Capacity, Kept};
use crate::store::catalog::{self, Catalog};
use crate::store::check::timeline;
use crate::store::closed::ClosedRecording;
use crate::store::db::{Batch, Damage, Database, Opening, SOFTWARE};
use crate::store::dir::SampleDir;
use crate::store::growing::{Growing, Slot};
use crate::store::journal_file::{JournalFile, Renewal};
use crate::store::newest;
use crate::store::pulse::Pulse;
use crate::store::queue::{Job, Queue};
use crate::store::recover::{Known, Recovered, recover};
use crate::store::seam;
use crate::store::unflushed::Unflushed;
use crate::store::writer::Writer;
use log::{info, warn};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicI64;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A directory with a writer's thread of its own.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) dir: Arc<SampleDir>,
    pub(crate) renewal: Arc<Renewal>,
    /// This opening of the database.
    pub(crate) open_id: u32,
    /// Rows whose sample file was not there.
    missing: Mutex<Arc<BTreeSet<RecordingId>>>,
    /// What recovery found that an owner should know of, a line each.
    pub(crate) problems: Vec<String>,
    boot_id: Uuid,
    begun: Instant,
    queue: Arc<Queue>,
    unflushed: Arc<Unflushed>,
    counters: Mutex<Counters>,
    /// Ends when the writer does.
    writer: Mutex<Receiver<()>>,
}

/// What the next recordings will be called.
#[derive(Debug, Default)]
struct Counters {
    sequence: u64,
    numbers: HashMap<StreamId, u32>,
    runs: HashMap<StreamId, Run>,
}

/// The run that a stream is in.
#[derive(Debug)]
struct Run {
    start: RecordingId,
    written: Arc<AtomicI64>,
}

/// Who attaches a directory, when, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// The machine's boot.
    pub(crate) boot_id: Uuid,
    /// The time of day.
    pub(crate) now: WallTime,
    /// See [`Known::patient`].
    pub(crate) patient: bool,
}

/// Whose recording begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) camera: Uuid,
    pub(crate) kind: StreamKind,
}

impl Attached {
    /// Recovers the directory, writes rows for what was found, and starts the writer. Blocks on the disk.
    pub(crate) fn attach(
        dir: SampleDir,
        db: &Database,
        unflushed: &Arc<Unflushed>,
        capacity: &Arc<Capacity>,
        pulse: &Arc<Pulse>,
        attempt: Attempt,
    ) -> Result<Self> {
        let Attempt { boot_id, now, patient } = attempt;
        let dir = Arc::new(dir);
        dir.set_old_names(db.old_files()?);
        let catalog = catalog::read(&dir);
        let deleted = catalog.as_ref().map_or_else(BTreeSet::new, Catalog::deleted);
        capacity.remember_reserve(catalog.and_then(|c| c.reserve));
        let (garbage, streams, newest) = (db.garbage()?, db.stream_ids()?, newest::suspects(db)?);
        let mut known = Known { garbage, streams, newest, rows: Vec::new(), deleted, patient };
        let mut sequences = Vec::new();
        db.visit_sequences(|id, sequence| sequences.push((id, sequence)))?;
        known.rows.extend(sequences.iter().map(|&(id, _)| id));
        let mut recovered = recover(&dir, &known)?;
        dir.sync_all()?;
        let above = recovered.closed.iter().map(|c| c.recording.open_id).max().unwrap_or(0);
        weigh(&dir, capacity, &mut recovered, sequences)?;
        let open_id = db.begin_open(Opening { boot_id, time: now, above, software: SOFTWARE })?;
        let batch = Batch {
            closed: recovered.closed,
            unlinked: recovered.unlinked,
            condemned: recovered.deleted,
            ..Batch::default()
        };
        let mut problems = recovered.problems;
        for (id, what) in recovered.damaged {
            problems.push(format!("recording {id}: {what}"));
            db.note_damage(&Damage { id, found: now, what })?;
        }
        let refused = if batch.is_empty() { Vec::new() } else { db.commit(&batch)?.refused };
        problems.extend(refused.iter().map(|(_, e)| format!("found in the sample directory, but refused: {e}")));
        seam::settle(db, unflushed, &batch)?;
        db.commit(&Batch { gaps: timeline::unwritten(db, &batch.closed)?, ..Batch::default() })?;
        for problem in &problems {
            warn!("{}: {problem}", dir.path().display());
        }
        info!(
            "{}: recording into it, {} recordings, {} recovered",
            dir.path().display(),
            known.rows.len(),
            batch.closed.len()
        );

        let mut counters = Counters::default();
        for (stream, highest) in recovered.numbers {
            counters.numbers.insert(stream, highest);
        }
        for closed in &batch.closed {
            counters.sequence = counters.sequence.max(closed.recording.sequence);
        }
        for stream in db.cameras()?.iter().flat_map(|c| &c.streams) {
            if let Some((number, sequence)) = db.last_number(stream.id)? {
                let highest = counters.numbers.entry(stream.id).or_default();
                *highest = number.max(*highest);
                counters.sequence = counters.sequence.max(sequence);
            }
            unflushed.count_rows(stream.id, &db.pieces(stream.id)?);
        }
        // Of a file that could not be looked at only the number is known; each number that was given had a sequence.
        let given = counters.numbers.values().map(|&number| u64::from(number)).sum();
        counters.sequence = counters.sequence.max(given);

        for stream in db.cameras()?.iter().flat_map(|c| &c.streams) {
            capacity.keep(Kept::of(db, stream.id)?);
        }

        let queue = Arc::new(Queue::new(QUEUE_BYTES));
        let journal = JournalFile::begin(dir.clone(), &recovered.unresolved)?;
        let renewal = journal.renewal();
        let (running, ended) = sync_channel(1);
        let shared = (unflushed.clone(), capacity.clone(), pulse.clone());
        let writer = Writer::new(dir.clone(), queue.clone(), journal, shared);
        pulse.takes();
        let thread = thread::Builder::new().name("film-writer".into()).spawn(move || {
            let _running = running;
            writer.run();
        });
        thread.map_err(|e| Error::caused(Kind::Internal, "start the writer's thread", e))?;
        Ok(Self {
            dir,
            renewal,
            open_id,
            missing: Mutex::new(Arc::new(recovered.missing.into_iter().collect())),
            problems,
            boot_id,
            begun: Instant::now(),
            queue,
            unflushed: unflushed.clone(),
            counters: Mutex::new(counters),
            writer: Mutex::new(ended),
        })
    }

    /// Begins a recording; its file is created by the writer, so this waits for nothing. `Busy` when the disk is so
    /// far behind that the recording would have to end at once.
    pub(crate) fn begin(&self, head: Head, owner: Owner, sample_entry_id: i32) -> Result<Growing> {
        if let Some(bytes) = self.queue.crowded() {
            return Err(Error::new(Kind::Busy, format!("{} MiB of film are not on the disk yet", bytes >> 20)));
        }
        let stream = head.stream;
        let (id, sequence, run_start, written) = {
            let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
            counters.next(stream, head.starts_run)?
        };
        let mut recording = Recording {
            id,
            sequence,
            open_id: self.open_id,
            run_start,
            start: head.start,
            wall_duration: Default::default(),
            media_duration: Default::default(),
            media_offset: head.media_offset,
            local_delta: Default::default(),
            sample_file_bytes: 0,
            video_samples: 0,
            video_sync_samples: 0,
            sample_entry_id,
            index_format: sample_index::GROWING,
            flags: head.flags,
            growing: false,
            end_reason: None,
        };
        Progress { start: head.start, ..Progress::default() }.put_into(&mut recording);
        let facts = ClosedRecording {
            recording,
            camera: owner.camera,
            kind: owner.kind,
            boot_id: self.boot_id,
            clock_offset: head.clock_offset,
            sample_entry: head.sample_entry,
            video_index: Arc::from([]),
            blake3: [0; 32],
        };
        let slot = Arc::new(Slot { written, failed: OnceLock::new() });
        self.unflushed.begin(&facts);
        if !self.queue.push(Job::Begin(Box::new(facts), slot.clone())) {
            self.unflushed.forget(id);
            return Err(Error::new(Kind::Busy, "the recorder is stopping"));
        }
        Ok(Growing::new(id, sample_entry_id, head.media_offset, self.queue.clone(), slot))
    }

    /// The rows whose film is not there.
    pub(crate) fn missing(&self) -> Arc<BTreeSet<RecordingId>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The film of these rows was deleted before them.
    pub(crate) fn add_missing(&self, ids: &[RecordingId]) {
        Arc::make_mut(&mut *self.missing.lock().unwrap_or_else(PoisonError::into_inner)).extend(ids);
    }

    /// A sync failed: ends all recordings that grow, with what is whole; their sessions learn the reason with their next
    /// frame. The journal is begun anew, and every one tells what this one told until [`Self::trust`].
    pub(crate) fn suspect(&self, reason: EndReason) {
        self.queue.push(Job::Suspect(reason));
    }

    /// Nothing is suspect any more.
    pub(crate) fn trust(&self) {
        self.queue.push(Job::Trust);
    }

    /// These recordings, and no others, wait for their rows and were closed before a sync that went well.
    pub(crate) fn note_durable(&self, ids: BTreeSet<RecordingId>) {
        self.queue.push(Job::Durable(ids));
    }

    /// How long ago recording into it began.
    pub(crate) fn age(&self) -> WallDuration {
        WallDuration(time::units(self.begun.elapsed()))
    }

    /// The writer has returned.
    pub(crate) fn has_ended(&self) -> bool {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(writer.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Waits until all that was appended before is written, though not yet synced. `Busy` when that takes longer.
    pub(crate) fn written(&self, patience: Duration) -> Result<()> {
        let (done, wait) = sync_channel(1);
        if !self.queue.push(Job::Barrier(done)) {
            return Ok(());
        }
        match wait.recv_timeout(patience) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(Error::new(Kind::Busy, "the disk does not answer")),
        }
    }

    /// Writes all that was received, ends what grows, and waits for the writer to return. `Busy` when that takes longer.
    pub(crate) fn stop(&self, reason: EndReason, patience: Duration) -> Result<()> {
        self.queue.push(Job::Stop(reason));
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match writer.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => Err(Error::new(Kind::Busy, "the disk does not answer")),
            _ => Ok(()),
        }
    }
}

/// What was found is weighed. Where nothing was mended nothing has changed since it was listed.
fn weigh(
    dir: &SampleDir,
    capacity: &Capacity,
    recovered: &mut Recovered,
    mut sequences: Vec<(RecordingId, u64)>,
) -> Result<()> {
    let mut entries = std::mem::take(&mut recovered.entries);
    if !recovered.closed.is_empty() || !recovered.problems.is_empty() || !recovered.unlinked.is_empty() {
        entries = dir.list()?;
    }
    sequences.extend(recovered.closed.iter().map(|c| (c.recording.id, c.recording.sequence)));
    sequences.sort_unstable();
    capacity.scanned(&entries, &sequences);
    Ok(())
}

impl Drop for Attached {
    /// Who did not stop it does not wait for it: the writer ends what grows and returns.
    fn drop(&mut self) {
        self.queue.push(Job::Stop(EndReason::new(Cause::Stopped, "")));
    }
}

impl Counters {
    fn next(&mut self, stream: StreamId, starts_run: bool) -> Result<(RecordingId, u64, RecordingId, Arc<AtomicI64>)> {
        let number = self.numbers.get(&stream).copied().unwrap_or(0).checked_add(1);
        let number = number.ok_or_else(|| Error::new(Kind::Internal, format!("stream {stream} is out of numbers")))?;
        let id = RecordingId::new(stream, number);
        if starts_run {
            self.runs.insert(stream, Run { start: id, written: Arc::default() });
        }
        let run = self.runs.get(&stream);
        let run = run.ok_or_else(|| Error::new(Kind::Internal, format!("stream {stream} has no run to go on")))?;
        self.numbers.insert(stream, number);
        self.sequence += 1;
        Ok((id, self.sequence, run.start, run.written.clone()))
    }
}

/// Frames that may wait for the disk, of all streams together; beyond it a recording ends.
const QUEUE_BYTES: usize = 64 << 20;
