//! `Protected`: which recordings are kept because their owner said so.

use crate::base::{RecordingId, StreamId, WallTime};
use crate::media::Recording;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Spans, and the recordings of which some part is within one: kept by reference, nothing is copied.
#[derive(Debug, Default)]
pub(super) struct Protected {
    spans: BTreeMap<StreamId, Vec<Range<WallTime>>>,
    recordings: BTreeSet<RecordingId>,
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

    pub(super) fn has(&self, id: RecordingId) -> bool {
        self.recordings.contains(&id)
    }

    /// Those of a stream.
    pub(super) fn of(&self, stream: StreamId) -> impl Iterator<Item = RecordingId> {
        let all = RecordingId::new(stream, 0)..=RecordingId::new(stream, u32::MAX);
        self.recordings.range(all).copied()
    }
}

/// A recording without a duration is within a span that holds its only moment.
fn touches(span: &Range<WallTime>, r: &Recording) -> bool {
    r.start < span.end && (r.end() > span.start || r.start == span.start)
}
