//! `Suspects`: recordings that were on their way to the disk when a sync failed.
//!
//! The kernel tells of a failed write once: the next sync may succeed, though pages of before are not on the disk and
//! never will be. So what was not durable then is read back before it gets a row.

use crate::base::{RecordingId, Result};
use crate::media::EndReason;
use crate::media::recording::Cause;
use crate::store::closed::ClosedRecording;
use crate::store::dir::SampleDir;
use crate::store::journal::{self, Told};
use crate::store::journal_file;
use crate::store::orphan::{Orphan, Outcome};
use crate::store::unflushed::Unflushed;
use log::{error, info, warn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Those that were not read back yet.
#[derive(Debug, Default)]
pub(crate) struct Suspects(BTreeSet<RecordingId>);

/// What became of one.
enum Verdict {
    /// It is on the disk as it was recorded.
    Whole,
    /// It is now another, shorter one, or none: what was written for that needs a sync.
    Mended,
}

impl Suspects {
    /// A sync failed: all that is no row is suspect, unless it is known to be durable.
    pub(crate) fn arrest(&mut self, unflushed: &Unflushed, durable: &BTreeSet<RecordingId>) {
        self.0.extend(unflushed.ids().into_iter().filter(|id| !durable.contains(id)));
    }

    /// There are none, or not any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sample directory is gone: the start that follows looks at all of them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// After a sync that went well: reads the closed ones back that are suspect, and cuts what is not whole to what
    /// agrees with the journal. True when something was mended, which needs another sync. Takes as long as reading does.
    pub(crate) fn read_back(&mut self, dir: &SampleDir, unflushed: &Unflushed) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let told = journal::replay(journal_file::read(dir).entries);
        let present: BTreeSet<_> = unflushed.ids().into_iter().collect();
        self.0.retain(|id| present.contains(id));
        let mut mended = false;
        for closed in unflushed.closed() {
            let id = closed.recording.id;
            if !self.0.contains(&id) {
                continue;
            }
            match read_back(dir, unflushed, &closed, &told) {
                Ok(Verdict::Whole) => _ = self.0.remove(&id),
                Ok(Verdict::Mended) => mended = true,
                Err(e) => warn!("recording {id}: not read back after a failed sync: {e}; tried again"),
            }
        }
        mended
    }

    /// Those that may have rows.
    pub(crate) fn others(&self, closed: Vec<Arc<ClosedRecording>>) -> Vec<Arc<ClosedRecording>> {
        closed.into_iter().filter(|c| !self.0.contains(&c.recording.id)).collect()
    }
}

fn read_back(dir: &SampleDir, unflushed: &Unflushed, closed: &ClosedRecording, told: &Told) -> Result<Verdict> {
    let id = closed.recording.id;
    let name = id.file_name();
    let Some(entry) = dir.stat(&name)? else {
        error!("recording {id}: its file is lost: a sync failed");
        unflushed.forget(id);
        return Ok(Verdict::Mended);
    };
    let reason = EndReason::new(Cause::DiskFailed, "not all of it reached the disk");
    match Orphan::read(dir, id, entry).settle(dir, told.stories.get(&id), true, &reason)? {
        Outcome::Closed(found) if found.blake3 == closed.blake3 => {
            info!("recording {id}: read back after a failed sync: it is whole");
            return Ok(Verdict::Whole);
        }
        Outcome::Closed(found) | Outcome::Recovered(found, _) => {
            let (kept, had) = (found.recording.video_samples, closed.recording.video_samples);
            error!("recording {id}: {} of {had} frames did not reach the disk", had.saturating_sub(kept));
            let mut found = found;
            found.recording.sample_entry_id = closed.recording.sample_entry_id;
            unflushed.close(Arc::new(found));
        }
        Outcome::Empty => {
            error!("recording {id}: nothing of it reached the disk");
            dir.unlink(&name)?;
            unflushed.forget(id);
        }
        Outcome::Unknown(why) => {
            let aside = dir.set_aside(&name)?;
            error!("recording {id}: {why}, and the journal does not vouch for it; set aside as {aside}");
            unflushed.forget(id);
        }
    }
    Ok(Verdict::Mended)
}
