//! What a recorder does: begin, tell of holes, delete.

use crate::base::{Error, Kind, RecordingId, Result, StreamId};
use crate::media::growing::Head;
use crate::store::Store;
use crate::store::gap::{Gap, Hole};
use crate::store::growing::Growing;
use crate::store::patch::Patch;
use std::ops::RangeInclusive;
use std::sync::PoisonError;

impl Store {
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

    /// Notes a hole between two runs as [`Self::gap`] does, in proven time as soon as that is known.
    pub fn hole(&self, stream: StreamId, hole: Hole) {
        let mut pending = self.shared.pending();
        let proof = self.shared.unflushed.proof();
        pending.add_hole(stream, hole, proof);
    }

    /// These recordings of a stream were imported: the holes around them are told as they are now. Writes all rows before.
    /// Blocks on the disk.
    pub fn patch_in(&self, stream: StreamId, numbers: RangeInclusive<u32>) -> Result<()> {
        self.flush()?;
        let db = &self.shared.db;
        let film = db.recordings_by_number(stream, numbers)?;
        let (start, end) = (film.iter().map(|r| r.start).min(), film.iter().map(|r| r.end()).max());
        let Some((start, end)) = start.zip(end) else { return Ok(()) };
        let patch = Patch::new(&db.pieces(stream)?, &db.all_gaps(stream)?, start..end);
        db.patch_gaps(stream, &patch)
    }

    /// Deletes recordings: with the next flush their rows go and then their files. Those that grow are left alone.
    pub fn delete(&self, ids: impl IntoIterator<Item = RecordingId>) {
        let ids = ids.into_iter().filter(|&id| !self.shared.unflushed.is_growing(id));
        self.shared.pending().condemned.extend(ids);
    }
}
