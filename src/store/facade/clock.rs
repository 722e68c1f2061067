//! The clock: what is known of the time that film was recorded by.

use crate::base::{Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::Flags;
use crate::store::Store;
use crate::store::db::{ClockProof, Moved, SOFTWARE};
use crate::store::gap::Moment;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLockReadGuard};

/// Where the film of a stream ended that was recorded last, whatever its clock said.
#[derive(Clone, Debug)]
pub struct Newest {
    /// Its last recording.
    pub recording: Recording,
    /// Its end.
    pub end: Moment,
    /// Realtime − monotonic of its run, if that was in this boot: then it can be compared with what the clock says now.
    pub clock_offset: Option<WallDuration>,
    /// The version of the program that recorded it and was stopped, where this is another.
    pub replaced: Option<String>,
}

impl Newest {
    fn new(recording: Recording, clock_offset: Option<WallDuration>) -> Self {
        let unproven = clock_offset.filter(|_| recording.flags.contains(Flags::UNPROVEN_TIME));
        Self { end: Moment { time: recording.end(), unproven }, clock_offset, recording, replaced: None }
    }
}

impl Store {
    /// Realtime − monotonic of this boot, once it is proven. From memory.
    pub fn clock_proof(&self) -> Option<WallDuration> {
        self.shared.unflushed.proof()
    }

    /// The system's clock is right from now on, and this is realtime − monotonic. All film of this boot that was recorded
    /// before this was known moves, what grows too, in one transaction and for every listing at once; what is told of it
    /// from now on in its own time is moved as it comes. The runs with a row are the answer. Blocks on the disk.
    ///
    /// When it fails nothing has moved and nothing is proven: try again. A crash leaves it either so or done.
    pub fn prove_clock(&self, clock_offset: WallDuration) -> Result<Vec<Moved>> {
        // So that nearly all is rows. What cannot be written now is moved when it can.
        if let Err(e) = self.flush() {
            log::debug!("before the clock is proven: {e}");
        }
        let shared = &self.shared;
        // No row is written meanwhile: none is counted twice.
        let _removal = shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        let _moving = shared.moving.write().unwrap_or_else(PoisonError::into_inner);
        let moved = shared.db.prove_clock(ClockProof { boot_id: self.boot_id, clock_offset })?;
        let streams: BTreeSet<StreamId> = moved.iter().map(|m| m.run.stream()).collect();
        for stream in streams {
            if let Err(e) = self.protect_moved(stream) {
                log::warn!("stream {stream}: what is protected of it was not moved: {e}");
            }
        }
        // An earlier proof of this boot stays.
        let proof = shared.db.clock_proof(self.boot_id)?.unwrap_or(clock_offset);
        let mut rows = Vec::new();
        for stream in self.cameras().iter().flat_map(|camera| &camera.streams) {
            rows.push((stream.id, shared.db.pieces(stream.id)?));
        }
        let mut pending = shared.pending();
        pending.prove(proof);
        shared.unflushed.prove(proof, &rows);
        // Should the database get lost, the catalog tells what moved.
        shared.set_cameras_changed();
        Ok(moved)
    }

    /// What was recorded last of a stream, by the order of recording, and of a time that is or will be known: not what an
    /// earlier boot recorded without ever learning the time. `None` when there is no such film. Blocks on the disk.
    pub fn newest(&self, stream: StreamId) -> Result<Option<Newest>> {
        let _still = self.still();
        if let Some((recording, clock_offset)) = self.shared.unflushed.newest(stream) {
            return Ok(Some(Newest::new(recording, Some(clock_offset))));
        }
        let Some((last, clock_offset)) = self.shared.db.newest_run(stream, self.boot_id)? else { return Ok(None) };
        let Some(recording) = self.shared.db.recording(last)? else { return Ok(None) };
        let replaced = self.shared.db.replaced(recording.open_id, SOFTWARE)?;
        Ok(Some(Newest { replaced, ..Newest::new(recording, clock_offset) }))
    }

    /// Where the film of all streams ended that was recorded last. Blocks on the disk.
    pub fn newest_end(&self) -> Result<Option<WallTime>> {
        let mut newest: Option<Recording> = None;
        for stream in self.cameras().iter().flat_map(|camera| &camera.streams) {
            let Some(found) = self.newest(stream.id)? else { continue };
            if newest.as_ref().is_none_or(|newest| newest.sequence < found.recording.sequence) {
                newest = Some(found.recording);
            }
        }
        Ok(newest.map(|recording| recording.end()))
    }

    /// Nothing moves in time while this is held.
    pub(super) fn still(&self) -> RwLockReadGuard<'_, ()> {
        self.shared.moving.read().unwrap_or_else(PoisonError::into_inner)
    }
}
