//! What was recorded: listings, sums, film and holes.

use crate::base::{Error, Kind, RecordingId, Result, StreamId, WallTime};
use crate::media::Recording;
use crate::media::SampleEntry;
use crate::media::recording::Flags;
use crate::media::rows::{Row, Terms};
use crate::store::Store;
use crate::store::changes::{Mark, Part};
use crate::store::db::Wanted;
use crate::store::film::{FileRange, Film};
use crate::store::gap::Gap;
use crate::store::listing;
use crate::store::stats::{Extent, Stats};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

impl Store {
    /// The recordings of a stream of which some part is within the span, whether they have a row, wait for it or still
    /// grow; each once, ascending by start, then sequence. Blocks on the disk.
    pub fn recordings(&self, stream: StreamId, span: Range<WallTime>) -> Result<Vec<Recording>> {
        let _still = self.still();
        // Memory first: what becomes a row meanwhile is then in both, and never in neither.
        let unflushed = self.shared.unflushed.of(stream, within(&span));
        let rows = self.shared.db.recordings(stream, span.clone())?;
        Ok(self.mark_unsound(listing::by_time(rows, unflushed)))
    }

    /// What [`Self::recordings`] lists, put together to rows, newest first; see [`Rows`](crate::media::rows::Rows). Blocks
    /// on the disk.
    pub fn rows(&self, stream: StreamId, span: Range<WallTime>, terms: Terms) -> Result<Vec<Row>> {
        let _still = self.still();
        let unflushed = self.shared.unflushed.of(stream, within(&span));
        let extent = match &self.syncer {
            Some(_) => self.shared.unflushed.extent(stream, &span),
            // Another process may record: what is in memory is old.
            None => Extent::default(),
        };
        let attached = self.shared.mount.attached();
        let missing = attached.as_ref().map(|attached| attached.missing());
        let missing = missing.as_deref();
        if self.syncer.is_none() {
            // As for what is in memory.
            self.shared.damages.load(&self.shared.db)?;
        }
        let damaged = &*self.damaged();
        self.shared.db.rows(&Wanted { stream, span, extent, terms, missing, damaged }, unflushed)
    }

    /// The recordings of a stream with these numbers, each once, ascending by number. Blocks on the disk.
    pub fn recordings_by_number(&self, stream: StreamId, numbers: RangeInclusive<u32>) -> Result<Vec<Recording>> {
        let _still = self.still();
        let unflushed = self.shared.unflushed.of(stream, |r| numbers.contains(&r.id.number()));
        let rows = self.shared.db.recordings_by_number(stream, numbers.clone())?;
        Ok(self.mark_unsound(listing::by_number(rows, unflushed)))
    }

    /// One recording; `NotFound` when there is none. Blocks on the disk.
    pub fn recording(&self, id: RecordingId) -> Result<Recording> {
        let found = self.recordings_by_number(id.stream(), id.number()..=id.number())?;
        found.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, format!("recording {id}: there is none")))
    }

    /// Those whose film is gone or damaged are told so.
    fn mark_unsound(&self, mut recordings: Vec<Recording>) -> Vec<Recording> {
        let damaged = self.damaged();
        for r in recordings.iter_mut().filter(|r| damaged.contains_key(&r.id)) {
            r.flags = r.flags.with(Flags::DAMAGED);
        }
        if let Some(missing) = self.shared.mount.attached().map(|attached| attached.missing())
            && !missing.is_empty()
        {
            for r in &mut recordings {
                if missing.contains(&r.id) {
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

    /// [`Self::mark`] from memory. Where another process records, that of some milliseconds ago does; `None` when
    /// nobody has asked since then.
    pub fn mark_at_hand(&self, stream: StreamId) -> Option<Mark> {
        match self.syncer {
            Some(_) => self.mark(stream).ok(),
            None => self.shared.db.last_data_version(MARK_LASTS).map(Mark::of),
        }
    }

    /// Whether this part of a stream's listing is, or may be, other `now` than it was at the mark before: something came,
    /// grew, closed, went or was moved in time. That a recording grew is no change of a span that ends before. From memory.
    pub fn has_changed(&self, stream: StreamId, since: &Mark, now: &Mark, part: &Part) -> bool {
        match self.syncer {
            Some(_) => self.shared.unflushed.has_changed(stream, since, part),
            None => since != now,
        }
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
        if self.syncer.is_none() {
            self.shared.mount.look_to_read(&self.shared.db)?;
        }
        match self.shared.mount.dir() {
            Some(dir) => self.shared.shelf.open(&dir, id),
            None => Err(Error::new(Kind::NotFound, self.trouble().unwrap_or_default())),
        }
    }

    /// The same, if no disk has to be asked for it. A file that is not at hand may be there.
    pub fn film_at_hand(&self, id: RecordingId) -> Option<Film> {
        self.shared.shelf.open_at_hand(&*self.shared.mount.dir()?, id)
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
        let _still = self.still();
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
}

/// Who only looks on learns so much later what another process recorded or deleted.
const MARK_LASTS: Duration = Duration::from_millis(20);

/// Whether a recording is listed for a span.
fn within(span: &Range<WallTime>) -> impl Fn(&Recording) -> bool {
    |r| r.start < span.end && (r.end() > span.start || r.start == span.start)
}
