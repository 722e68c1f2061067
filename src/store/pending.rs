//! `Pending`: what was told to the store and waits for the next flush.

use crate::base::{RecordingId, StreamId, WallDuration, WallTime};
use crate::store::gap::{Gap, Hole};
use std::collections::{BTreeMap, BTreeSet};

/// What waits for the next flush besides closed recordings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    /// Holes by stream and start; the newest word counts. Bounded: see [`Pending::add_gap`].
    pub(crate) gaps: BTreeMap<(StreamId, WallTime), Gap>,
    /// Those of them that move when the clock is proven.
    pub(crate) unproven: BTreeMap<(StreamId, WallTime), Hole>,
    /// Recordings to be deleted.
    pub(crate) condemned: BTreeSet<RecordingId>,
    /// Streams that were removed with their film: what closes of them later is deleted too.
    pub(crate) removed: BTreeSet<StreamId>,
    /// There may be garbage in the database whose files are not unlinked yet.
    pub(crate) sweep: bool,
}

impl Pending {
    /// Adds a hole. While no row can be written there may come more than are worth remembering: then one is forgotten.
    pub(crate) fn add_gap(&mut self, stream: StreamId, gap: Gap) {
        self.gaps.insert((stream, gap.start), gap);
        if self.gaps.len() > REMEMBERED {
            self.gaps.pop_first();
        }
    }

    /// Adds a hole as it is told, in proven time as far as that is known.
    pub(crate) fn add_hole(&mut self, stream: StreamId, hole: Hole, proof: Option<WallDuration>) {
        let gap = hole.gap(proof);
        if proof.is_none() && hole.is_unproven() {
            self.unproven.insert((stream, gap.start), hole);
            if self.unproven.len() > REMEMBERED {
                self.unproven.pop_first();
            }
        }
        self.add_gap(stream, gap);
    }

    /// The clock is proven: the holes that wait move.
    pub(crate) fn prove(&mut self, proof: WallDuration) {
        for (key, hole) in std::mem::take(&mut self.unproven) {
            if self.gaps.remove(&key).is_some() {
                self.add_gap(key.0, hole.gap(Some(proof)));
            }
        }
    }
}

/// Closed recordings, and holes, that are remembered while no row can be written; older recordings are found again
/// at the next start.
pub(crate) const REMEMBERED: usize = 10_000;
