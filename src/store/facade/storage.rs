//! What is on the disk, and what is to stay there.

use crate::base::{Error, Kind, RecordingId, Result, StreamId, WallTime};
use crate::media::spans;
use crate::store::capacity::Kept;
use crate::store::db::Damage;
use crate::store::{Storage, Store, Verification};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

impl Store {
    /// What the sample directory and its disk held when they were looked at last; `None` before that, and where nothing
    /// can be recorded. From memory.
    pub fn storage(&self) -> Option<Arc<Storage>> {
        self.shared.capacity.report()
    }

    /// How far all film has been read again in the background; `None` where it is not. From memory.
    pub fn verification(&self) -> Option<Verification> {
        self.shared.verified.told()
    }

    /// The recordings that are known to be damaged. From memory; where another process records, as it was when
    /// rows were listed last.
    pub fn damaged(&self) -> Arc<BTreeMap<RecordingId, Damage>> {
        self.shared.damages.all()
    }

    /// The spans of a stream whose film is kept whatever its age, ascending. Blocks on the disk.
    pub fn protected(&self, stream: StreamId) -> Result<Vec<Range<WallTime>>> {
        self.shared.db.protected_spans(stream)
    }

    /// Keeps all film of a stream of which some part is within the span: by reference, nothing is copied. Blocks on the
    /// disk.
    ///
    /// `BadInput` when the span has not ended yet or there is no film in it, `Conflict` when more than half of what the
    /// disk holds would be protected, `Busy` where that cannot be known.
    pub fn protect(&self, stream: StreamId, span: Range<WallTime>) -> Result<()> {
        if span.end > (self.shared.clock)() {
            return Err(Error::new(Kind::BadInput, "only what is past can be protected: the span ends in the future"));
        }
        if self.recordings(stream, span.clone())?.is_empty() {
            return Err(Error::new(Kind::BadInput, "nothing was recorded within the span"));
        }
        if self.storage().is_none() {
            // The first look at the disk is still to come.
            self.flush()?;
        }
        self.set_protected(stream, |known| spans::joined(known, span), true)
    }

    /// Lets film within the span go when its time has come, where it is not within another one. Blocks on the disk.
    pub fn unprotect(&self, stream: StreamId, span: Range<WallTime>) -> Result<()> {
        self.set_protected(stream, |known| spans::without(known, span), false)
    }

    /// Film that is protected stays so when it is moved in time. To be called while no row can be written.
    pub(super) fn protect_moved(&self, stream: StreamId) -> Result<()> {
        let db = &self.shared.db;
        let mut spans = db.protected_spans(stream)?;
        for id in self.shared.capacity.protected_of(stream) {
            if let Some(r) = db.recording(id)? {
                spans = spans::joined(&spans, r.start..r.end().max(WallTime(r.start.0 + 1)));
            }
        }
        if spans != db.protected_spans(stream)? {
            db.set_protected_spans(stream, &spans)?;
            self.shared.capacity.keep(Kept::of(db, stream)?);
            self.shared.set_cameras_changed();
        }
        Ok(())
    }

    fn set_protected(
        &self,
        stream: StreamId,
        change: impl FnOnce(&[Range<WallTime>]) -> Vec<Range<WallTime>>,
        within_half: bool,
    ) -> Result<()> {
        // Nothing is condemned meanwhile.
        let _removal = self.shared.removal.lock().unwrap_or_else(PoisonError::into_inner);
        let db = &self.shared.db;
        let spans = change(&db.protected_spans(stream)?);
        let mut recordings = Vec::new();
        for span in &spans {
            recordings.extend(self.recordings(stream, span.clone())?);
        }
        let kept = Kept { stream, spans, recordings };
        if within_half {
            self.shared.capacity.check_half(&kept)?;
        }
        db.set_protected_spans(stream, &kept.spans)?;
        self.shared.capacity.keep(kept);
        // The catalog tells it to whoever must do without the database.
        self.shared.set_cameras_changed();
        Ok(())
    }
}
