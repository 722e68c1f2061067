//! `Unflushed`: the recordings that are not rows yet, growing or closed.

use crate::base::{RecordingId, StreamId};
use crate::media::Recording;
use crate::media::growing::Progress;
use crate::store::closed::ClosedRecording;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a listing adds to the rows. The lock is held for a few lines and never while a disk works.
#[derive(Debug, Default)]
pub(crate) struct Unflushed(Mutex<BTreeMap<RecordingId, Item>>);

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

impl Unflushed {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RecordingId, Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A recording begins. It is listed when there is something whole of it.
    pub(crate) fn begin(&self, facts: &ClosedRecording) {
        let recording = Recording { growing: true, ..facts.recording.clone() };
        self.lock().insert(recording.id, Item::Growing(recording, Vec::new()));
    }

    /// A recording that grows is whole up to here; `index` is its index so far.
    pub(crate) fn grow(&self, id: RecordingId, whole: &Progress, index: &[u8]) {
        if let Some(Item::Growing(recording, known)) = self.lock().get_mut(&id) {
            whole.put_into(recording);
            known.extend_from_slice(&index[known.len()..]);
        }
    }

    /// A recording got its last frame, and its trailer is written.
    pub(crate) fn close(&self, closed: Arc<ClosedRecording>) {
        self.lock().insert(closed.recording.id, Item::Closed(closed));
    }

    /// A recording became a row, or nothing.
    pub(crate) fn forget(&self, ids: impl IntoIterator<Item = RecordingId>) {
        let mut items = self.lock();
        for id in ids {
            items.remove(&id);
        }
    }

    /// Forgets the longest-closed beyond this number.
    pub(crate) fn forget_oldest(&self, keep: usize) {
        let mut items = self.lock();
        let mut closed: Vec<_> =
            items.values().map(Item::recording).filter(|r| !r.growing).map(|r| (r.sequence, r.id)).collect();
        closed.sort_unstable();
        for (_, id) in closed.iter().take(closed.len().saturating_sub(keep)) {
            items.remove(id);
        }
    }

    /// All that are closed, in the order of ids.
    pub(crate) fn closed(&self) -> Vec<Arc<ClosedRecording>> {
        let closed = |item: &Item| match item {
            Item::Closed(closed) => Some(closed.clone()),
            Item::Growing(..) => None,
        };
        self.lock().values().filter_map(closed).collect()
    }

    /// Those of a stream that `wanted` picks, in the order of numbers.
    pub(crate) fn of(&self, stream: StreamId, wanted: impl Fn(&Recording) -> bool) -> Vec<Recording> {
        let span = RecordingId::new(stream, 0)..=RecordingId::new(stream, u32::MAX);
        let items = self.lock();
        let listed = |r: &&Recording| r.video_samples > 0 && wanted(r);
        items.range(span).map(|(_, item)| item.recording()).filter(listed).cloned().collect()
    }

    /// It has begun and not ended.
    pub(crate) fn is_growing(&self, id: RecordingId) -> bool {
        self.lock().get(&id).is_some_and(|item| item.recording().growing)
    }

    /// The index of one of them.
    pub(crate) fn index(&self, id: RecordingId) -> Option<Arc<[u8]>> {
        self.lock().get(&id).map(|item| match item {
            Item::Growing(_, index) => index.as_slice().into(),
            Item::Closed(closed) => closed.video_index.clone(),
        })
    }
}
