//! `Unflushed`: the recordings that are not rows yet, growing or closed; and the sums over these and the rows.

use crate::base::{RecordingId, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::anchor::shift;
use crate::media::growing::Progress;
use crate::media::recording::Flags;
use crate::store::changes::{Changes, Mark, Part};
use crate::store::closed::ClosedRecording;
use crate::store::gap::Hole;
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
    /// Realtime − monotonic of this boot, once it is proven. What is told in unproven time is listed in proven time.
    proof: Option<WallDuration>,
    /// Of all that is listed. A row that comes or goes is told of after it did, so that who takes a mark before
    /// listing misses nothing.
    changes: Changes,
    /// What the disk refused while nobody noticed. Bounded by the syncer, which takes it with each round.
    lost: Vec<(StreamId, Hole)>,
}

#[derive(Debug)]
enum Item {
    Growing(Growing),
    Closed(Arc<ClosedRecording>),
}

#[derive(Debug)]
struct Growing {
    /// Its row so far.
    recording: Recording,
    /// The index of that.
    index: Vec<u8>,
    /// Realtime − monotonic by which its writer tells of it.
    clock_offset: WallDuration,
    /// That was not known to be right, and the writer goes on with it.
    unproven: bool,
}

impl Growing {
    /// How far off the writer's time is, as far as that is known.
    fn shift(&self, proof: Option<WallDuration>) -> WallDuration {
        let proof = proof.filter(|_| self.unproven);
        proof.map_or(WallDuration::ZERO, |proof| shift(self.clock_offset, proof))
    }
}

impl Item {
    fn recording(&self) -> &Recording {
        match self {
            Self::Growing(growing) => &growing.recording,
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
    /// Puts what is told in unproven time into proven time, if that is known.
    fn anchor(&mut self, id: RecordingId) {
        let Some(proof) = self.proof else { return };
        match self.items.get_mut(&id) {
            Some(Item::Growing(growing)) if growing.recording.flags.contains(Flags::UNPROVEN_TIME) => {
                let shift = growing.shift(Some(proof));
                let r = &mut growing.recording;
                r.start = r.start + shift;
                r.flags = r.flags.without(Flags::UNPROVEN_TIME);
            }
            Some(Item::Closed(closed)) if closed.is_unproven() => {
                *closed = Arc::new((**closed).clone().in_proven_time(proof));
            }
            _ => {}
        }
    }

    /// The sums of a stream, from its rows and what is no row yet.
    fn count_all(&mut self, stream: StreamId, rows: &[Piece], zone: &TimeZone) {
        let mut stats = Stats::new(zone.clone());
        rows.iter().for_each(|piece| stats.add(piece));
        let of_stream = |r: &&Recording| r.id.stream() == stream && r.video_samples > 0;
        self.items.values().map(Item::recording).filter(of_stream).for_each(|r| stats.add(&Piece::from(r)));
        self.stats.insert(stream, stats);
        self.changes.note_stream(stream);
        self.new_version(stream);
    }

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
        self.lock().count_all(stream, pieces, &self.zone);
    }

    /// The clock of this boot was proven before.
    pub(crate) fn know_proof(&self, proof: Option<WallDuration>) {
        self.lock().proof = proof;
    }

    /// Realtime − monotonic of this boot, once it is proven.
    pub(crate) fn proof(&self) -> Option<WallDuration> {
        self.lock().proof
    }

    /// The clock of this boot is proven: what is here moves, and the sums of these streams are those of their rows as they
    /// are now, and of what is here.
    pub(crate) fn prove(&self, proof: WallDuration, rows: &[(StreamId, Vec<Piece>)]) {
        let mut inner = self.lock();
        inner.proof = Some(proof);
        let ids: Vec<_> = inner.items.keys().copied().collect();
        ids.into_iter().for_each(|id| inner.anchor(id));
        rows.iter().for_each(|(stream, pieces)| inner.count_all(*stream, pieces, &self.zone));
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
        let (id, clock_offset, unproven) = (recording.id, facts.clock_offset, facts.is_unproven());
        let mut inner = self.lock();
        let growing = Growing { recording, index: Vec::new(), clock_offset, unproven };
        inner.items.insert(id, Item::Growing(growing));
        inner.anchor(id);
    }

    /// A recording that grows is whole up to here; `index` is its index so far.
    pub(crate) fn grow(&self, id: RecordingId, whole: &Progress, index: &[u8]) {
        let mut inner = self.lock();
        let proof = inner.proof;
        if let Some(Item::Growing(growing)) = inner.items.get_mut(&id) {
            let before = growing.recording.clone();
            let whole = Progress { start: whole.start + growing.shift(proof), ..*whole };
            whole.put_into(&mut growing.recording);
            growing.index.extend_from_slice(&index[growing.index.len()..]);
            let after = growing.recording.clone();
            inner.count(Some(&before), Some(&after), &self.zone);
        }
    }

    /// A recording got its last frame, and its trailer is written.
    pub(crate) fn close(&self, closed: Arc<ClosedRecording>) {
        let id = closed.recording.id;
        let mut inner = self.lock();
        let before = inner.items.insert(id, Item::Closed(closed));
        inner.anchor(id);
        let after = inner.items.get(&id).map(|item| item.recording().clone());
        inner.count(before.as_ref().map(Item::recording), after.as_ref(), &self.zone);
    }

    /// The newest recording of a stream, in the order of numbers, that is listed, and realtime − monotonic that it is
    /// listed by.
    pub(crate) fn newest(&self, stream: StreamId) -> Option<(Recording, WallDuration)> {
        let span = RecordingId::new(stream, 0)..=RecordingId::new(stream, u32::MAX);
        let inner = self.lock();
        let newest = inner.items.range(span).map(|(_, item)| item).rfind(|item| {
            let recording = item.recording();
            recording.video_samples > 0 && !recording.is_imported()
        })?;
        Some(match newest {
            Item::Growing(growing) => (growing.recording.clone(), growing.clock_offset + growing.shift(inner.proof)),
            Item::Closed(closed) => (closed.recording.clone(), closed.clock_offset),
        })
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

    /// All that are no rows yet, growing or closed.
    pub(crate) fn ids(&self) -> Vec<RecordingId> {
        self.lock().items.keys().copied().collect()
    }

    /// None of these is listed any more: their sample directory is gone.
    pub(crate) fn forget_all(&self) {
        self.ids().into_iter().for_each(|id| self.forget(id));
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
            Item::Growing(_) => None,
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

    /// When the next of its stream starts, listed or not, as far as is known.
    pub(crate) fn start_after(&self, id: RecordingId) -> Option<WallTime> {
        let later = id..=RecordingId::new(id.stream(), u32::MAX);
        let inner = self.lock();
        inner.items.range(later).find(|(other, _)| **other != id).map(|(_, item)| item.recording().start)
    }

    /// A hole in a run: the disk refused the end of a recording, and its session went on. It is asked for once.
    pub(crate) fn lose(&self, stream: StreamId, hole: Hole) {
        self.lock().lost.push((stream, hole));
    }

    /// What was lost so since it was asked for last.
    pub(crate) fn take_lost(&self) -> Vec<(StreamId, Hole)> {
        std::mem::take(&mut self.lock().lost)
    }

    /// It has begun and not ended.
    pub(crate) fn is_growing(&self, id: RecordingId) -> bool {
        self.lock().items.get(&id).is_some_and(|item| item.recording().growing)
    }

    /// The index of one of them.
    pub(crate) fn index(&self, id: RecordingId) -> Option<Arc<[u8]>> {
        self.lock().items.get(&id).map(|item| match item {
            Item::Growing(growing) => growing.index.as_slice().into(),
            Item::Closed(closed) => closed.video_index.clone(),
        })
    }
}
