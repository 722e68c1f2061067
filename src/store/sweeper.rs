//! `Sweeper`: unlinks the files of garbage, each on its own, and remembers what became of them until the rows know.

use crate::base::{RecordingId, Result};
use crate::store::attached::Attached;
use crate::store::shared::Shared;
use log::{error, warn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What of the garbage is gone, and what stays.
#[derive(Debug)]
pub(crate) struct Sweeper {
    shared: Arc<Shared>,
    /// Garbage whose files are gone.
    unlinked: BTreeSet<RecordingId>,
    /// Garbage whose files the disk does not let go.
    stuck: BTreeSet<RecordingId>,
    /// Unlinked while no row could be written: their rows are still there.
    undone: BTreeSet<RecordingId>,
}

impl Sweeper {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, unlinked: BTreeSet::new(), stuck: BTreeSet::new(), undone: BTreeSet::new() }
    }

    /// Garbage whose files are gone, and whose garbage rows are not yet.
    pub(crate) fn unlinked(&self) -> &BTreeSet<RecordingId> {
        &self.unlinked
    }

    /// Recordings whose files went before their rows could.
    pub(crate) fn undone(&self) -> &BTreeSet<RecordingId> {
        &self.undone
    }

    /// The rows of both are gone now.
    pub(crate) fn rows_are_gone(&mut self) {
        self.unlinked.clear();
        self.undone.clear();
    }

    /// The sample directory is gone.
    pub(crate) fn leave(&mut self) {
        self.unlinked.clear();
        self.stuck.clear();
    }

    /// Unlinks the files of garbage, each on its own. What stays is tried again with the next flush, and the garbage
    /// rows of what went go with it: the sync before that makes the names durable.
    pub(crate) fn sweep(&mut self, attached: &Attached) -> Result<()> {
        if !std::mem::take(&mut self.shared.pending().sweep) {
            return Ok(());
        }
        let garbage = self.shared.db.garbage().inspect_err(|_| self.shared.pending().sweep = true)?;
        let mut stuck = BTreeSet::new();
        for id in garbage {
            if self.unlinked.contains(&id) {
                continue;
            }
            match self.unlink(attached, id) {
                Ok(()) => _ = self.unlinked.insert(id),
                Err(e) => {
                    if !self.stuck.contains(&id) {
                        error!("recording {id}: deleted, but its file stays: {e}; tried again until it goes");
                    }
                    stuck.insert(id);
                }
            }
        }
        self.shared.pending().sweep |= !stuck.is_empty();
        self.stuck = stuck;
        Ok(())
    }

    fn unlink(&self, attached: &Attached, id: RecordingId) -> Result<()> {
        let name = attached.dir.file_name(id);
        // Not to know its weight is no reason to keep it.
        let weight = attached.dir.stat(&name).ok().flatten().map_or(0, |e| e.disk_bytes);
        if attached.dir.unlink(&name)? {
            self.shared.shelf.unlinked(id, weight);
        }
        self.shared.capacity.remove(id);
        Ok(())
    }

    /// No row can be written, and the files go first. Until their rows can follow, they are listed as missing. True when
    /// there are such rows.
    pub(crate) fn delete_at_once(&mut self, attached: &Attached, condemned: &[RecordingId]) -> bool {
        let mut gone = Vec::new();
        for &id in condemned {
            match self.unlink(attached, id) {
                Ok(()) => gone.push(id),
                Err(e) => error!("recording {id}: it should go, but its file stays: {e}"),
            }
        }
        let closed = self.shared.unflushed.closed();
        let (without_row, with_row): (Vec<_>, _) =
            gone.into_iter().partition(|&id| closed.iter().any(|c| c.recording.id == id));
        without_row.into_iter().for_each(|id| self.shared.unflushed.forget(id));
        if with_row.is_empty() {
            return false;
        }
        warn!("{} of the oldest recordings were deleted, their rows go when rows can be written", with_row.len());
        attached.add_missing(&with_row);
        self.undone.extend(with_row);
        self.shared.unflushed.all_changed();
        true
    }
}
