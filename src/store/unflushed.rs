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

    /// A recording that grows is whole up to here; `index` is its index so far.
    pub(crate) fn grow(&self, facts: &ClosedRecording, whole: &Progress, index: &[u8]) {
        let mut items = self.lock();
        let item = items.entry(facts.recording.id).or_insert_with(|| {
            Item::Growing(Recording { growing: true, end_reason: None, ..facts.recording.clone() }, Vec::new())
        });
        if let Item::Growing(recording, known) = item {
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
        items.range(span).map(|(_, item)| item.recording()).filter(|r| wanted(r)).cloned().collect()
    }

    /// One of them.
    pub(crate) fn get(&self, id: RecordingId) -> Option<Recording> {
        self.lock().get(&id).map(|item| item.recording().clone())
    }

    /// The index of one of them.
    pub(crate) fn index(&self, id: RecordingId) -> Option<Arc<[u8]>> {
        self.lock().get(&id).map(|item| match item {
            Item::Growing(_, index) => index.as_slice().into(),
            Item::Closed(closed) => closed.video_index.clone(),
        })
    }
}
