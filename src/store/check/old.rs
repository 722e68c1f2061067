//! What a recording of the original system is worth: its file has a name of its own, SHA-1, and no trailer.

use super::Check;
use super::rows::{Verdict, index_agrees};
use crate::base::{Kind, RecordingId, Result};
use crate::store::old_file::OldFile;

impl Check {
    /// Nothing is mended: there is nothing to mend it from.
    pub(super) fn judge_old(&self, id: RecordingId, old: &OldFile) -> Result<Verdict> {
        let file = match self.dir.open_read(&old.file_name()) {
            Ok(file) => file,
            Err(e) if e.kind() == Kind::NotFound => return Ok(Verdict::NoFile),
            Err(e) => return Ok(Verdict::Odd(e.to_string())),
        };
        let rows = match self.db.closed_recording(id) {
            Ok(rows) => rows,
            Err(e) if e.kind() == Kind::Corrupt => return Ok(Verdict::Odd(e.to_string())),
            Err(e) => return Err(e),
        };
        if let Err(what) = index_agrees(&rows) {
            return Ok(Verdict::Odd(what));
        }
        let film = rows.recording.sample_file_bytes;
        let agrees = if self.options.hash { old.verify(&file, film) } else { OldFile::has_length(&file, film) };
        match agrees {
            Ok(()) => Ok(Verdict::Well),
            Err(e) => Ok(Verdict::Odd(e.to_string())),
        }
    }
}
