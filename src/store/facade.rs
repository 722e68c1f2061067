//! `Store`: everything that was recorded, and the way to record more.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt, StreamId, WallDuration, WallTime};
use crate::media::growing::Head;
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::rows::{Row, Terms};
use crate::media::{Recording, SampleEntry};
use crate::store::attached::Owner;
use crate::store::camera::{Camera, CameraEdit, NewCamera};
use crate::store::changes::{Mark, Part};
use crate::store::db::{self, Access, Database, Moved, Wanted};
use crate::store::film::{FileRange, Film};
use crate::store::gap::Gap;
use crate::store::growing::Growing;
use crate::store::listing;
use crate::store::mount::Mount;
use crate::store::shared::Shared;
use crate::store::stats::{Extent, Stats};
use crate::store::syncer::{Ask, Syncer, stopped};
use jiff::tz::TimeZone;
use std::collections::{BTreeSet, HashMap};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// Where a store is and how it works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of the database.
    pub db_dir: PathBuf,
    /// The directory of film.
    pub sample_dir: PathBuf,
    /// How often film is made durable: what a power cut costs at most, besides two seconds.
    pub sync_interval: Duration,
    /// How often rows are written at most.
    pub flush_interval: Duration,
    /// Only look: nothing on the disk is made, changed or locked.
    pub read_only: bool,
    /// Where the days of the statistics begin and end.
    pub zone: TimeZone,
    /// The time of day. Only the note in the database that it was opened comes from here.
    pub clock: fn() -> WallTime,
}

impl Options {
    /// A store to record into, with the intervals that normal running has.
    pub fn new(db_dir: impl Into<PathBuf>, sample_dir: impl Into<PathBuf>, clock: fn() -> WallTime) -> Self {
        Self {
            db_dir: db_dir.into(),
            sample_dir: sample_dir.into(),
            sync_interval: Duration::from_secs(10),
            flush_interval: Duration::from_secs(60),
            read_only: false,
            zone: TimeZone::system(),
            clock,
        }
    }
}

/// Database and sample directory as one. Thread-safe; methods that wait for a disk say so.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    cameras: RwLock<Cameras>,
    /// Held from before a change is written until it is loaded, so that what is loaded last is the newest.
    changing: Mutex<()>,
    changes: watch::Sender<u64>,
    /// None when the store is only looked at.
    syncer: Option<SyncSender<Ask>>,
    /// Ends when the syncer does.
    syncer_ended: Mutex<Receiver<()>>,
    boot_id: Uuid,
}

#[derive(Debug, Default)]
struct Cameras {
    all: Arc<Vec<Camera>>,
    owners: HashMap<StreamId, Owner>,
}

impl Store {
    /// Opens a store: makes what is missing, takes the sample directory's lock, brings files and rows to agreement and
    /// starts the threads. Blocks on the disk, for long when much must be hashed.
    ///
    /// A sample directory that is not there, or another one, is no error: see [`Self::trouble`]. `Conflict` when
    /// another process records into it, or when it holds what is not ours.
    pub fn open(options: Options) -> Result<Arc<Self>> {
        let access = if options.read_only { Access::Read } else { Access::Write };
        let db = Database::open(&options.db_dir, access)?;
        let boot_id = boot_id()?;
        let mount = Mount::new(options.sample_dir, boot_id);
        let shared = Arc::new(Shared::new(db, mount, options.zone, options.clock));
        let (running, syncer_ended) = sync_channel(1);
        for stream in shared.db.cameras()?.iter().flat_map(|c| &c.streams) {
            shared.unflushed.count_rows(stream.id, &shared.db.pieces(stream.id)?);
        }
        let syncer = if options.read_only {
            shared.mount.look_to_read(&shared.db)?;
            None
        } else {
            shared.mount.look(&shared.db, &shared.unflushed, (options.clock)())?;
            let (ask, asked) = sync_channel(ASKS);
            let (sync, flush) = (options.sync_interval, options.flush_interval);
            let syncer = Syncer::new(shared.clone(), sync, flush, Instant::now());
            let work = move || {
                let _running = running;
                syncer.run(&asked);
            };
            let thread = thread::Builder::new().name("film-syncer".into()).spawn(work);
            thread.or_fail(Kind::Internal, || "start the syncer's thread")?;
            Some(ask)
        };
        let store = Self {
            shared,
            cameras: RwLock::default(),
            changing: Mutex::default(),
            changes: watch::Sender::new(0),
            syncer,
            syncer_ended: Mutex::new(syncer_ended),
            boot_id,
        };
        store.load_cameras()?;
        Ok(Arc::new(store))
    }

    /// What is wrong with the disk just now: nothing can be recorded ("wrong disk or not mounted", looked at again every
    /// `sync_interval`), or film and rows do not reach it. `None` when all is well. From memory.
    pub fn trouble(&self) -> Option<String> {
        self.shared.mount.trouble().or_else(|| self.shared.failure().clone())
    }

    /// What the last start found in the sample directory that an owner should know of, a line each. From memory.
    pub fn problems(&self) -> Vec<String> {
        self.shared.mount.attached().map_or_else(Vec::new, |a| a.problems.clone())
    }

    /// The machine's boot that recordings are of.
    pub fn boot_id(&self) -> Uuid {
        self.boot_id
    }

    /// The database, for what needs no film: users, sessions, the clock's proof.
    pub fn db(&self) -> &Database {
        &self.shared.db
    }

    // Cameras.

    /// All cameras, those removed whose film was kept included. From memory.
    pub fn cameras(&self) -> Arc<Vec<Camera>> {
        self.cameras.read().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// Counts the changes of cameras.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Adds a camera. Blocks on the disk.
    pub fn add_camera(&self, new: &NewCamera) -> Result<Camera> {
        let _changing = self.changing();
        let camera = self.shared.db.add_camera(new)?;
        self.load_cameras()?;
        Ok(camera)
    }

    /// Changes a camera, and gives it as it is then. Blocks on the disk.
    pub fn edit_camera(&self, uuid: Uuid, edit: &CameraEdit) -> Result<Camera> {
        let _changing = self.changing();
        let camera = self.shared.db.edit_camera(uuid, edit)?;
        self.load_cameras()?;
        Ok(camera)
    }

    /// Takes a camera away, with its film or without. Its files go with the next flush. Blocks on the disk.
    pub fn remove_camera(&self, uuid: Uuid, film: db::Film) -> Result<()> {
        let _changing = self.changing();
        let streams = self.cameras().iter().find(|c| c.uuid == uuid).map_or(Vec::new(), |c| c.streams.clone());
        let removal = self.shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.db.remove_camera(uuid, film)?;
        if film == db::Film::Condemn {
            let mut pending = self.shared.pending();
            pending.removed.extend(streams.iter().map(|s| s.id));
            pending.sweep = true;
            drop(pending);
            streams.iter().for_each(|s| self.shared.unflushed.stream_changed(s.id));
        }
        drop(removal);
        self.load_cameras()
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called while [`Self::changing`] is held, once there is anybody else who could change cameras.
    fn load_cameras(&self) -> Result<()> {
        let all = self.shared.db.cameras()?;
        let owners = all.iter().flat_map(|c| c.streams.iter().map(|s| (s.id, Owner { camera: c.uuid, kind: s.kind })));
        let cameras = Cameras { owners: owners.collect(), all: Arc::new(all) };
        *self.cameras.write().unwrap_or_else(PoisonError::into_inner) = cameras;
        self.shared.set_cameras_changed();
        self.changes.send_modify(|n| *n += 1);
        Ok(())
    }

    // What was recorded.

    /// The recordings of a stream of which some part is within the span, whether they have a row, wait for it or still
    /// grow; each once, ascending by start, then sequence. Blocks on the disk.
    pub fn recordings(&self, stream: StreamId, span: Range<WallTime>) -> Result<Vec<Recording>> {
        // Memory first: what becomes a row meanwhile is then in both, and never in neither.
        let unflushed = self.shared.unflushed.of(stream, within(&span));
        let rows = self.shared.db.recordings(stream, span.clone())?;
        Ok(self.mark_missing(listing::by_time(rows, unflushed)))
    }

    /// What [`Self::recordings`] lists, put together to rows, newest first; see [`Rows`](crate::media::rows::Rows). Blocks
    /// on the disk.
    pub fn rows(&self, stream: StreamId, span: Range<WallTime>, terms: Terms) -> Result<Vec<Row>> {
        let unflushed = self.shared.unflushed.of(stream, within(&span));
        let extent = match &self.syncer {
            Some(_) => self.shared.unflushed.extent(stream, &span),
            // Another process may record: what is in memory is old.
            None => Extent::default(),
        };
        let attached = self.shared.mount.attached();
        let missing = attached.as_ref().map(|attached| &attached.missing);
        self.shared.db.rows(&Wanted { stream, span, extent, terms, missing }, unflushed)
    }

    /// The recordings of a stream with these numbers, each once, ascending by number. Blocks on the disk.
    pub fn recordings_by_number(&self, stream: StreamId, numbers: RangeInclusive<u32>) -> Result<Vec<Recording>> {
        let unflushed = self.shared.unflushed.of(stream, |r| numbers.contains(&r.id.number()));
        let rows = self.shared.db.recordings_by_number(stream, numbers.clone())?;
        Ok(self.mark_missing(listing::by_number(rows, unflushed)))
    }

    /// One recording; `NotFound` when there is none. Blocks on the disk.
    pub fn recording(&self, id: RecordingId) -> Result<Recording> {
        let found = self.recordings_by_number(id.stream(), id.number()..=id.number())?;
        found.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, format!("recording {id}: there is none")))
    }

    fn mark_missing(&self, mut recordings: Vec<Recording>) -> Vec<Recording> {
        if let Some(attached) = self.shared.mount.attached()
            && !attached.missing.is_empty()
        {
            for r in &mut recordings {
                if attached.missing.contains(&r.id) {
                    r.flags = r.flags.with(Flags::MISSING);
                }
            }
        }
        recordings
    }

    /// First and last time, sums and days of a stream's recordings, growing ones included. From memory.
    pub fn stream_stats(&self, stream: StreamId) -> Stats {
        self.shared.unflushed.stats(stream)
    }

    /// The version of these sums; shows them if it is another than the known one. Whoever looks is quick: film that comes
    /// waits meanwhile. From memory.
    pub fn stats_since(&self, stream: StreamId, known: Option<u64>, show: impl FnOnce(&Stats)) -> u64 {
        self.shared.unflushed.stats_since(stream, known, show)
    }

    /// The history of a stream's listing up to now, to be taken before something is listed. From memory; where the store
    /// is only looked at, from the database: then it blocks on the disk.
    pub fn mark(&self, stream: StreamId) -> Result<Mark> {
        match self.syncer {
            Some(_) => Ok(self.shared.unflushed.mark(stream)),
            // All there is to list is rows then. Another process may write them.
            None => self.shared.db.data_version().map(Mark::of),
        }
    }

    /// [`Self::mark`] and [`Self::has_changed`] ask no disk.
    pub fn marks_from_memory(&self) -> bool {
        self.syncer.is_some()
    }

    /// Whether this part of a stream's listing is, or may be, other than it was at the mark: something came, grew,
    /// closed, went or was moved in time. That a recording grew is no change of a span that ends before. As quick as
    /// [`Self::mark`].
    pub fn has_changed(&self, stream: StreamId, since: &Mark, part: &Part) -> bool {
        match self.syncer {
            Some(_) => self.shared.unflushed.has_changed(stream, since, part),
            None => self.mark(stream).ok().as_ref() != Some(since),
        }
    }

    /// The system clock of this boot is right from now on: see [`Database::prove_clock`]. What is no row yet is moved
    /// by who records it. Blocks on the disk.
    pub fn prove_clock(&self, clock_offset: WallDuration) -> Result<Vec<Moved>> {
        // No row is written meanwhile: none is counted twice.
        let _removal = self.shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = self.shared.db.prove_clock(self.boot_id, clock_offset)?;
        let streams: BTreeSet<StreamId> = moved.iter().map(|m| m.run.stream()).collect();
        streams.iter().for_each(|&stream| self.shared.unflushed.stream_changed(stream));
        for stream in streams {
            self.shared.unflushed.count_rows(stream, &self.shared.db.pieces(stream)?);
        }
        Ok(moved)
    }

    /// The index of a recording. Of one that grows it may go on behind what a listing told: the first `video_samples`
    /// entries are the listing's. `NotFound` when there is no such recording. May block on the disk.
    pub fn video_index(&self, id: RecordingId) -> Result<Arc<[u8]>> {
        match self.shared.unflushed.index(id) {
            Some(index) => Ok(index),
            None => self.shared.db.video_index(id),
        }
    }

    /// The index of a recording that has no row yet, as [`Self::video_index`] gives it. From memory.
    pub fn unflushed_index(&self, id: RecordingId) -> Option<Arc<[u8]>> {
        self.shared.unflushed.index(id)
    }

    /// Tells `visit` the index of each of these recordings, which all have a row: it never changes. Blocks on the disk.
    pub fn row_indexes(&self, ids: &[RecordingId], visit: impl FnMut(RecordingId, &[u8])) -> Result<()> {
        self.shared.db.video_indexes(ids, visit)
    }

    /// The sample entry of a number. Nearly always from memory.
    pub fn sample_entry(&self, id: i32) -> Result<Arc<SampleEntry>> {
        self.shared.db.sample_entry(id)
    }

    /// The film of a recording. `NotFound` when its file is missing. Blocks on the disk.
    pub fn film(&self, id: RecordingId) -> Result<Film> {
        match self.shared.mount.dir() {
            Some(dir) => self.shared.shelf.open(&dir, id),
            None => Err(Error::new(Kind::NotFound, self.trouble().unwrap_or_default())),
        }
    }

    /// Where in a sample file these bytes lie, if they are of a mapped [`crate::store::Window`]. From memory.
    pub fn file_range(&self, bytes: &[u8]) -> Option<FileRange> {
        self.shared.shelf.file_range(bytes)
    }

    /// How many windows of film are mapped, and how many bytes they are. From memory.
    pub fn mapped_film(&self) -> (usize, usize) {
        self.shared.shelf.mapped()
    }

    /// How many sample files are open to be read, and what the deleted ones of them still weigh on the disk.
    pub fn open_film(&self) -> (usize, u64) {
        (self.shared.shelf.open_files(), self.shared.shelf.lingering_bytes())
    }

    /// The holes of a stream within a span, ascending by start. Blocks on the disk.
    pub fn gaps(&self, stream: StreamId, span: Range<WallTime>) -> Result<Vec<Gap>> {
        let mut gaps = self.newest_gaps(stream, span, u32::MAX)?;
        gaps.reverse();
        Ok(gaps)
    }

    /// The newest holes of a stream within a span, newest first; no more of them are read than are wanted. Blocks on the
    /// disk.
    pub fn newest_gaps(&self, stream: StreamId, span: Range<WallTime>, limit: u32) -> Result<Vec<Gap>> {
        let within = |g: &Gap| g.start < span.end && g.end.is_none_or(|end| end > span.start);
        let of_stream = (stream, WallTime(i64::MIN))..=(stream, WallTime(i64::MAX));
        let newer: Vec<Gap> = self.shared.pending().gaps.range(of_stream).map(|(_, gap)| gap.clone()).collect();
        // A row for each that is told anew may be among them.
        let rows = limit.saturating_add(newer.len() as u32);
        let mut gaps = self.shared.db.newest_gaps(stream, span.clone(), rows)?;
        gaps.retain(|gap| newer.iter().all(|n| n.start != gap.start));
        gaps.extend(newer.into_iter().filter(within));
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.start));
        gaps.truncate(limit as usize);
        Ok(gaps)
    }

    // To record.

    /// Begins a recording; waits for nothing. `NotFound` when the stream is gone, `Conflict` when the sample directory
    /// is not there, `Busy` when the disk is too far behind.
    pub fn begin(&self, head: Head) -> Result<Growing> {
        let stream = head.stream;
        let owner = self.cameras.read().unwrap_or_else(PoisonError::into_inner).owners.get(&stream).copied();
        let owner = owner.ok_or_else(|| Error::new(Kind::NotFound, format!("stream {stream}: there is none")))?;
        let attached = self.shared.mount.attached();
        let attached = attached.ok_or_else(|| Error::new(Kind::Conflict, self.trouble().unwrap_or_default()))?;
        let sample_entry_id = self.shared.db.intern_sample_entry(&head.sample_entry);
        attached.begin(head, owner, sample_entry_id)
    }

    /// Notes a hole, or that one ended: the newest word about a start counts. It is written with the next flush.
    pub fn gap(&self, stream: StreamId, gap: Gap) {
        self.shared.pending().add_gap(stream, gap);
    }

    /// Deletes recordings: with the next flush their rows go and then their files. Those that grow are left alone.
    pub fn delete(&self, ids: impl IntoIterator<Item = RecordingId>) {
        let ids = ids.into_iter().filter(|&id| !self.shared.unflushed.is_growing(id));
        self.shared.pending().condemned.extend(ids);
    }

    /// Waits until all that was appended before is in its files, though not yet durable: for who appends faster than a
    /// camera. Blocks on the disk.
    pub fn catch_up(&self) -> Result<()> {
        self.shared.mount.attached().map_or(Ok(()), |attached| attached.written(FOREVER))
    }

    /// Makes all that was appended before durable, and writes all rows. Blocks on the disk.
    pub fn flush(&self) -> Result<()> {
        self.flush_within(Duration::MAX)
    }

    fn flush_within(&self, patience: Duration) -> Result<()> {
        let syncer = self.syncer.as_ref().ok_or_else(|| Error::new(Kind::Conflict, "the store is only looked at"))?;
        let until = Instant::now().checked_add(patience);
        let left = || until.map_or(FOREVER, |until| until.saturating_duration_since(Instant::now()));
        if let Some(attached) = self.shared.mount.attached() {
            attached.written(left())?;
        }
        let (answer, answered) = sync_channel(1);
        syncer.try_send(Ask::Flush(answer)).map_err(|_| stopped())?;
        answered.recv_timeout(left()).map_err(|_| Error::new(Kind::Busy, "the disk does not answer"))?
    }

    /// Ends the store: all that was received is written, every recording closed and every row written, unless that
    /// takes longer than `patience`; then `Busy`, and the next start finds the rest in files and journal.
    pub fn shutdown(&self, now: WallTime, patience: Duration) -> Result<()> {
        let Some(syncer) = &self.syncer else { return Ok(()) };
        let until = Instant::now() + patience;
        let left = || until.saturating_duration_since(Instant::now());
        if let Some(attached) = self.shared.mount.attached() {
            attached.stop(EndReason::new(Cause::Stopped, ""), left())?;
        }
        self.flush_within(left())?;
        if let Some(attached) = self.shared.mount.attached() {
            self.shared.db.end_open(attached.open_id, now, attached.age())?;
        }
        // It has answered just now, so there is room.
        let _ = syncer.try_send(Ask::Stop);
        // Its end is the end of its sender.
        let _ = self.syncer_ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(left());
        Ok(())
    }
}

/// Whether a recording is listed for a span.
fn within(span: &Range<WallTime>) -> impl Fn(&Recording) -> bool {
    |r| r.start < span.end && (r.end() > span.start || r.start == span.start)
}

#[cfg(test)]
impl Store {
    pub(crate) fn shared_for_tests(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// The id of the machine's boot.
fn boot_id() -> Result<Uuid> {
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    let text = std::fs::read_to_string(FILE).or_fail(Kind::Internal, || format!("read {FILE}"))?;
    Uuid::parse_str(text.trim()).or_fail(Kind::Internal, || format!("read {FILE}"))
}

/// Flushes that may wait for the syncer; who comes later is told that it is busy.
const ASKS: usize = 16;
/// Longer than anybody waits.
const FOREVER: Duration = Duration::from_secs(1 << 30);
