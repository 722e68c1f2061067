//! `Protected`: which recordings are kept because their owner said so.

use crate::base::{Error, Kind, RecordingId, Result, StreamId, WallTime};
use crate::media::Recording;
use crate::store::capacity::{Capacity, Inner, Size};
use crate::store::db::Database;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Spans, and the recordings of which some part is within one: kept by reference, nothing is copied.
#[derive(Debug, Default)]
pub(super) struct Protected {
    spans: BTreeMap<StreamId, Vec<Range<WallTime>>>,
    recordings: BTreeSet<RecordingId>,
}

/// All that is protected of a stream.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) stream: StreamId,
    pub(crate) spans: Vec<Range<WallTime>>,
    /// At least all within the spans; one may be told of twice.
    pub(crate) recordings: Vec<Recording>,
}

impl Kept {
    /// As the database has it. Blocks on the disk.
    pub(crate) fn of(db: &Database, stream: StreamId) -> Result<Self> {
        let spans = db.protected_spans(stream)?;
        let mut recordings = Vec::new();
        for span in &spans {
            recordings.extend(db.recordings(stream, span.clone())?);
        }
        Ok(Self { stream, spans, recordings })
    }
}

impl Capacity {
    /// This is protected of a stream, and nothing else of it.
    pub(crate) fn keep(&self, kept: Kept) {
        let protected = &mut self.lock().protected;
        protected.recordings.retain(|id| id.stream() != kept.stream);
        protected.spans.insert(kept.stream, kept.spans);
        kept.recordings.iter().for_each(|r| protected.note(r));
    }

    /// A recording is kept whatever its age.
    pub(crate) fn is_protected(&self, id: RecordingId) -> bool {
        self.lock().protected.has(id)
    }

    /// The recordings of a stream that are kept.
    pub(crate) fn protected_of(&self, stream: StreamId) -> Vec<RecordingId> {
        self.lock().protected.of(stream).collect()
    }

    /// `Conflict` when more than half of what the disk holds would be protected by this, `Busy` while that is not known.
    pub(crate) fn check_half(&self, kept: &Kept) -> Result<()> {
        let storage = self.report();
        let storage = storage.ok_or_else(|| Error::new(Kind::Busy, "how much the disk holds is not known yet"))?;
        let inner = self.lock();
        let of_others = inner.protected.recordings.iter().copied().filter(|id| id.stream() != kept.stream);
        let ids: BTreeSet<_> = kept.recordings.iter().map(|r| r.id).chain(of_others).collect();
        let bytes = inner.weight(ids);
        let most = storage.capacity_bytes / 2;
        if bytes <= most {
            return Ok(());
        }
        let what = format!(
            "{} would be protected then, and at most half of what the disk holds may be: {}",
            Size(bytes),
            Size(most)
        );
        Err(Error::new(Kind::Conflict, what))
    }
}

impl Inner {
    /// What the protected files of a stream weigh.
    pub(super) fn protected_bytes(&self, stream: StreamId) -> u64 {
        self.weight(self.protected.of(stream))
    }

    fn weight(&self, ids: impl IntoIterator<Item = RecordingId>) -> u64 {
        ids.into_iter().filter_map(|id| self.ledger.file(id)).sum()
    }
}

impl Protected {
    /// A recording is closed.
    pub(super) fn note(&mut self, r: &Recording) {
        let spans = self.spans.get(&r.id.stream()).map_or(&[][..], |spans| spans);
        if spans.iter().any(|span| touches(span, r)) {
            self.recordings.insert(r.id);
        }
    }

    /// A recording is gone.
    pub(super) fn forget(&mut self, id: RecordingId) {
        self.recordings.remove(&id);
    }

    fn of(&self, stream: StreamId) -> impl Iterator<Item = RecordingId> {
        let all = RecordingId::new(stream, 0)..=RecordingId::new(stream, u32::MAX);
        self.recordings.range(all).copied()
    }

    pub(super) fn has(&self, id: RecordingId) -> bool {
        self.recordings.contains(&id)
    }
}

/// A recording without a duration is within a span that holds its only moment.
fn touches(span: &Range<WallTime>, r: &Recording) -> bool {
    r.start < span.end && (r.end() > span.start || r.start == span.start)
}
