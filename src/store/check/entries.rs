//! What else is in the sample directory: files without rows, things that are no sample files, permissions.

use super::Check;
use crate::base::{Kind, RecordingId, Result};
use crate::media::recording::{Cause, EndReason};
use crate::store::catalog;
use crate::store::dir::Entry;
use crate::store::journal::Story;
use crate::store::old_file::OldFile;
use crate::store::orphan::{Orphan, Outcome};
use crate::store::recover;
use crate::store::trailer;
use std::collections::BTreeMap;

/// Why what grew at the end did not go on.
const CUT: EndReason = EndReason { cause: Cause::PowerCut, detail: String::new() };

impl Check {
    /// Sample files whose name is another than their trailer tells, while nothing is under the right name.
    pub(super) fn find_misnamed(&mut self) {
        for entry in self.entries.values().filter(|entry| entry.is_file && !recover::is_ours(&entry.name)) {
            let told = self.dir.open_read(&entry.name).and_then(|file| trailer::read(&file));
            if RecordingId::from_file_name(&entry.name).is_none()
                && let Ok(Some(told)) = told
                && self.entries.get(&told.recording.id.file_name()).is_none_or(|there| !there.is_file)
            {
                self.misnamed.insert(told.recording.id, entry.name.clone());
            }
        }
    }

    /// Everything that is no sample file of a row.
    pub(super) fn strangers(&mut self) -> Result<()> {
        let garbage = self.db.garbage()?;
        let streams = self.db.stream_ids()?;
        for entry in self.entries.clone().into_values() {
            let Some(id) = RecordingId::from_file_name(&entry.name) else {
                self.stranger(&entry);
                continue;
            };
            if garbage.binary_search(&id).is_ok() || self.db.recording(id)?.is_some() || self.is_set_aside(&entry) {
                continue;
            }
            match entry {
                _ if streams.was_removed(id.stream()) => {
                    self.tell(format!(
                        "recording {id}: its file is of a camera that was removed; the next start unlinks it"
                    ));
                }
                Entry { hidden: Some(why), .. } => self.tell(format!("recording {id}: its file: {why}")),
                Entry { is_file: false, .. } => {
                    let what = format!("recording {id}: a {} has its name", entry.kind());
                    self.mend(what, |check| Ok(format!("set aside as {}", check.dir.set_aside(&entry.name)?)));
                }
                entry => self.orphan(id, entry)?,
            }
        }
        Ok(())
    }

    /// It was moved away meanwhile.
    fn is_set_aside(&self, entry: &Entry) -> bool {
        self.options.repair && matches!(self.dir.stat(&entry.name), Ok(None))
    }

    /// A sample file without a row.
    fn orphan(&mut self, id: RecordingId, entry: Entry) -> Result<()> {
        let story = self.stories.get(&id).cloned();
        let told = self.dir.open_read(&entry.name).and_then(|file| trailer::read(&file));
        let closed = matches!(&told, Ok(Some(told)) if told.recording.id == id);
        if self.live && (closed || story.is_some() || self.is_new(id)?) {
            return Ok(());
        }
        let what = match told {
            // Only its writer can tell what it is.
            Err(e) if e.kind() == Kind::Conflict => {
                self.tell(format!("recording {id}: its file: {e}"));
                return Ok(());
            }
            Ok(Some(_)) if closed => "has no row; the next start makes it one",
            _ if story.is_some() => "was growing at the end; the next start closes it",
            Err(e) if e.kind() == Kind::Disk => {
                self.tell(format!("recording {id}: its file: {e}"));
                return Ok(());
            }
            _ => "has neither a row nor a trailer",
        };
        let name = entry.name.clone();
        self.mend(format!("recording {id}: its file {what}"), |check| {
            let settled = Orphan::read(&check.dir, id, entry).settle(&check.dir, story.as_ref(), true, &CUT);
            match settled.inspect_err(|_| check.unresolved.extend(story.iter().flat_map(Story::entries)))? {
                Outcome::Closed(closed) => {
                    check.add_row(closed)?;
                    Ok("it has its row".into())
                }
                Outcome::Recovered(closed, why) => {
                    let frames = closed.recording.video_samples;
                    check.add_row(closed)?;
                    Ok(format!("closed with {frames} frames: {why}"))
                }
                Outcome::Empty | Outcome::Unknown(_) => Ok(format!("set aside as {}", check.dir.set_aside(&name)?)),
            }
        });
        Ok(())
    }

    /// It may have been begun since the journal was read.
    fn is_new(&self, id: RecordingId) -> Result<bool> {
        Ok(self.db.last_number(id.stream())?.is_none_or(|(last, _)| id.number() > last))
    }

    fn stranger(&mut self, entry: &Entry) {
        if recover::is_ours(&entry.name) || self.is_set_aside(entry) || self.live && entry.name.ends_with(".new") {
            return;
        }
        let name = &entry.name;
        if let Some((&id, _)) = self.misnamed.iter().find(|(_, misnamed)| *misnamed == name) {
            self.misnamed.remove(&id);
            self.mend(format!("{name}: is the sample file of recording {id}, which has no row"), |check| {
                check.dir.rename(name, &id.file_name())?;
                let entry = check.dir.stat(&id.file_name())?;
                let entry = entry.ok_or_else(|| crate::base::Error::new(Kind::NotFound, name.clone()))?;
                match Orphan::read(&check.dir, id, entry).settle(&check.dir, None, true, &CUT)? {
                    Outcome::Closed(closed) => _ = check.add_row(closed)?,
                    _ => _ = check.dir.set_aside(&id.file_name())?,
                }
                Ok("named as it should be, and it has its row".into())
            });
            return;
        }
        let what = match &entry.hidden {
            Some(why) => return self.tell(format!("{name}: {why}")),
            None if entry.is_file => format!("{name}: is no sample file"),
            None => format!("{name}: is a {}; it does not belong here", entry.kind()),
        };
        self.mend(what, |check| Ok(format!("set aside as {}", check.dir.set_aside(name)?)));
    }

    /// Who may read and write the files: one line for all that are wrong in the same way.
    pub(super) fn permissions(&mut self) -> Result<()> {
        let mut wrong: BTreeMap<(u32, u32), Vec<String>> = BTreeMap::new();
        for entry in self.entries.values().filter(|entry| entry.is_file && entry.hidden.is_none()) {
            let mode = entry.mode & 0o7777;
            let right = match RecordingId::from_file_name(&entry.name) {
                Some(id) if self.db.recording(id)?.is_some() => 0o640,
                // As the original system made them.
                None if OldFile::is_name(&entry.name) => continue,
                None if entry.name == catalog::NAME => 0o600,
                None if recover::is_ours(&entry.name) && !entry.name.starts_with("aside.") => 0o640,
                _ => continue,
            };
            if mode & 0o600 != 0o600 || mode & !right != 0 {
                wrong.entry((mode, right)).or_default().push(entry.name.clone());
            }
        }
        for ((mode, right), names) in wrong {
            let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
            self.mend(format!("{}{more}: mode {mode:04o}, not {right:04o}", names[0]), |check| {
                names.iter().try_for_each(|name| check.dir.set_mode(name, right))?;
                Ok(format!("mode {right:04o}"))
            });
        }
        Ok(())
    }
}
