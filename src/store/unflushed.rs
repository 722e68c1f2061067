//! `Unflushed`: the recordings that are not rows yet, growing or closed; and the sums over these and the rows.

use crate::base::{RecordingId, StreamId, WallTime};
use crate::media::Recording;
use crate::media::growing::Progress;
use crate::store::changes::{Changes, Mark, Part};
use crate::store::closed::ClosedRecording;
use crate::store::stats::{Extent, Piece, Stats};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a listing adds to the rows. Its lock is held for a few lines and never while a disk works.
#[derive(Debug)]
pub(crate) struct Unflushed {
    inner: Mutex<Inner>,
    zone: TimeZone,
}

#[derive(Debug, Default)]
struct Inner {
    items: BTreeMap<RecordingId, Item>,
    /// Of all that is listed: rows too.
    stats: HashMap<StreamId, Stats>,
    /// Of each stream's sums; none comes twice.
    versions: HashMap<StreamId, u64>,
    newest_version: u64,
    /// Of all that is listed. A row that comes or goes is told of after it did, so that who takes a mark before
    /// listing misses nothing.
    changes: Changes,
}

#[derive(Debug)]
enum Item {
    /// Its row so far, and the index of that.
    Growing(Recording, Vec<u8>),
    Closed(Arc<ClosedRecording>),
}

impl Item {
    fn recording(&self) -> &Recording {
        match self {
            Self::Growing(recording, _) => recording,
            Self::Closed(closed) => &closed.recording,
        }
    }
}

impl Inner {
    /// A recording is listed as `after` where it was listed as `before`, if at all.
    fn count(&mut self, before: Option<&Recording>, after: Option<&Recording>, zone: &TimeZone) {
        let listed = |r: &&Recording| r.video_samples > 0;
        let (before, after) = (before.filter(listed), after.filter(listed));
        let Some(stream) = before.or(after).map(|r| r.id.stream()) else { return };
        self.changes.note(before, after);
        self.new_version(stream);
        let stats = self.stats.entry(stream).or_insert_with(|| Stats::new(zone.clone()));
        match (before, after) {
            (Some(before), Some(after)) => stats.replace(before, after),
            (Some(before), None) => _ = stats.remove(before),
            (None, Some(after)) => stats.add(&Piece::from(after)),
            (None, None) => {}
        }
    }
}

impl Inner {
    fn new_version(&mut self, stream: StreamId) {
        self.newest_version += 1;
        self.versions.insert(stream, self.newest_version);
    }
}

impl Unflushed {
    /// Nothing yet; days are counted in this zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { inner: Mutex::default(), zone }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of a stream, all of them, as they are now; those of them that are still here must not be among them.
    pub(crate) fn count_rows(&self, stream: StreamId, pieces: &[Piece]) {
        let mut stats = Stats::new(self.zone.clone());
        pieces.iter().for_each(|piece| stats.add(piece));
        let mut inner = self.lock();
        let listed =
            inner.items.values().map(Item::recording).filter(|r| r.id.stream() == stream && r.video_samples > 0);
        listed.for_each(|r| stats.add(&Piece::from(r)));
        inner.stats.insert(stream, stats);
        inner.changes.note_stream(stream);
        inner.new_version(stream);
    }

    /// Anything of a stream may have changed: its rows were moved in time, or are gone.
    pub(crate) fn stream_changed(&self, stream: StreamId) {
        self.lock().changes.note_stream(stream);
    }

    /// What is told of recordings that did not change themselves: the sample directory came.
    pub(crate) fn all_changed(&self) {
        self.lock().changes.note_all();
    }

    /// The history of a stream's listing up to now.
    pub(crate) fn mark(&self, stream: StreamId) -> Mark {
        self.lock().changes.mark(stream)
    }

    /// Something of this part of the listing is, or may be, other than it was then.
    pub(crate) fn has_changed(&self, stream: StreamId, since: &Mark, part: &Part) -> bool {
        self.lock().changes.since(stream, since, part)
    }

    /// The sums over all recordings of a stream that a listing gives.
    pub(crate) fn stats(&self, stream: StreamId) -> Stats {
        self.lock().stats.get(&stream).cloned().unwrap_or_else(|| Stats::new(self.zone.clone()))
    }

    /// The version of a stream's sums; shows them if it is another than the known one.
    pub(crate) fn stats_since(&self, stream: StreamId, known: Option<u64>, show: impl FnOnce(&Stats)) -> u64 {
        let inner = self.lock();
        let version = inner.versions.get(&stream).copied().unwrap_or(0);
        if known != Some(version) {
            match inner.stats.get(&stream) {
                Some(stats) => show(stats),
                None => show(&Stats::new(self.zone.clone())),
            }
        }
        version
    }

    /// Where in the numbers of a stream a span is.
    pub(crate) fn extent(&self, stream: StreamId, span: &Range<WallTime>) -> Extent {
        self.lock().stats.get(&stream).map_or_else(Extent::default, |stats| stats.extent(span))
    }

    /// These rows are gone.
    pub(crate) fn uncount(&self, rows: &[Recording]) {
        let mut inner = self.lock();
        rows.iter().for_each(|row| inner.count(Some(row), None, &self.zone));
    }

    /// A recording begins. It is listed when there is something whole of it.
    pub(crate) fn begin(&self, facts: &ClosedRecording) {
        let recording = Recording { growing: true, ..facts.recording.clone() };
        self.lock().items.insert(recording.id, Item::Growing(recording, Vec::new()));
    }

    /// A recording that grows is whole up to here; `index` is its index so far.
    pub(crate) fn grow(&self, id: RecordingId, whole: &Progress, index: &[u8]) {
        let mut inner = self.lock();
        if let Some(Item::Growing(recording, known)) = inner.items.get_mut(&id) {
            let before = recording.clone();
            whole.put_into(recording);
            known.extend_from_slice(&index[known.len()..]);
            let after = recording.clone();
            inner.count(Some(&before), Some(&after), &self.zone);
        }
    }

    /// A recording got its last frame, and its trailer is written.
    pub(crate) fn close(&self, closed: Arc<ClosedRecording>) {
        let mut inner = self.lock();
        let before = inner.items.insert(closed.recording.id, Item::Closed(closed.clone()));
        inner.count(before.as_ref().map(Item::recording), Some(&closed.recording), &self.zone);
    }

    /// Recordings became rows.
    pub(crate) fn became_rows(&self, ids: impl IntoIterator<Item = RecordingId>) {
        let mut inner = self.lock();
        for id in ids {
            inner.items.remove(&id);
        }
    }

    /// A recording is listed no more, and has no row.
    pub(crate) fn forget(&self, id: RecordingId) {
        let mut inner = self.lock();
        let before = inner.items.remove(&id);
        inner.count(before.as_ref().map(Item::recording), None, &self.zone);
    }

    /// None of these is listed any more: their sample directory is gone.
    pub(crate) fn forget_all(&self) {
        let ids: Vec<_> = self.lock().items.keys().copied().collect();
        ids.into_iter().for_each(|id| self.forget(id));
    }

    /// Forgets those that closed first, beyond this number.
    pub(crate) fn forget_oldest(&self, keep: usize) {
        let mut closed = self.closed();
        closed.sort_by_key(|c| c.recording.sequence);
        for old in closed.iter().take(closed.len().saturating_sub(keep)) {
            self.forget(old.recording.id);
        }
    }

    /// All that are closed, in the order of ids.
    pub(crate) fn closed(&self) -> Vec<Arc<ClosedRecording>> {
        let closed = |item: &Item| match item {
            Item::Closed(closed) => Some(closed.clone()),
            Item::Growing(..) => None,
        };
        self.lock().items.values().filter_map(closed).collect()
    }

    /// Those of a stream that `wanted` picks, in the order of numbers.
    pub(crate) fn of(&self, stream: StreamId, wanted: impl Fn(&Recording) -> bool) -> Vec<Recording> {
        let span = RecordingId::new(stream, 0)..=RecordingId::new(stream, u32::MAX);
        let inner = self.lock();
        let listed = |r: &&Recording| r.video_samples > 0 && wanted(r);
        inner.items.range(span).map(|(_, item)| item.recording()).filter(listed).cloned().collect()
    }

    /// It has begun and not ended.
    pub(crate) fn is_growing(&self, id: RecordingId) -> bool {
        self.lock().items.get(&id).is_some_and(|item| item.recording().growing)
    }

    /// The index of one of them.
    pub(crate) fn index(&self, id: RecordingId) -> Option<Arc<[u8]>> {
        self.lock().items.get(&id).map(|item| match item {
            Item::Growing(_, index) => index.as_slice().into(),
            Item::Closed(closed) => closed.video_index.clone(),
        })
    }
}
