//! What was found in the sample directory at the start, and what becomes of it.

use crate::base::{Error, Kind, RecordingId, Result, StreamId};
use crate::media::EndReason;
use crate::media::recording::Cause;
use crate::store::closed::ClosedRecording;
use crate::store::db::StreamIds;
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal::{self, Story};
use crate::store::newest::{self, Found};
use crate::store::old_file::{self, OldFile};
use crate::store::orphan::{Orphan, Outcome};
use crate::store::{catalog, journal_file};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the database knows of the directory.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Every recording that has a row, ascending.
    pub(crate) rows: Vec<RecordingId>,
    /// What is to be unlinked, ascending.
    pub(crate) garbage: Vec<RecordingId>,
    /// Some rows to be looked at again: of the newest, where the disk cannot be trusted to have their film.
    pub(crate) newest: Vec<ClosedRecording>,
    /// Whatever there is of a stream that was removed is garbage too: it closed too late to be condemned by name.
    pub(crate) streams: StreamIds,
    /// Files that were deleted while their rows could not go.
    pub(crate) deleted: BTreeSet<RecordingId>,
    /// A journal that cannot be read is a reason to come back later: it alone vouches for what grew.
    pub(crate) patient: bool,
}

/// What recovery did. The directory must be synced before the database learns of it.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Closed recordings without a row; those that were growing are cut, closed and flagged by now.
    pub(crate) closed: Vec<Arc<ClosedRecording>>,
    /// Garbage that is no file any more.
    pub(crate) unlinked: Vec<RecordingId>,
    /// Rows without a file.
    pub(crate) missing: Vec<RecordingId>,
    /// Rows without a file that were to go with it.
    pub(crate) deleted: Vec<RecordingId>,
    /// Rows whose film is not what was recorded, though a file is there, and what is wrong with it.
    pub(crate) damaged: Vec<(RecordingId, String)>,
    /// What the journal tells of files that the disk would not let us mend; the next journal must tell it again.
    pub(crate) unresolved: Vec<journal::Entry>,
    /// What an owner should know of, a line each.
    pub(crate) problems: Vec<String>,
    /// Every entry, as it was before.
    pub(crate) entries: Vec<Entry>,
    /// The highest number of each stream that any file name or garbage takes.
    pub(crate) numbers: BTreeMap<StreamId, u32>,
}

/// Makes a directory consistent: every file has a row, will have one, or is out of the way. What the disk refuses for
/// one file is a problem of that file and keeps no other from being recorded; an error is the whole directory's.
pub(crate) fn recover(dir: &SampleDir, known: &Known) -> Result<Recovered> {
    let found = journal_file::read(dir);
    if known.patient
        && let Some((name, e)) = found.unreadable.first()
    {
        return Err(Error::new(Kind::Disk, format!("{name}: {e}; tried again")));
    }
    let journal = journal::replay(found.entries);
    let mut done = Recovered::default();
    journal.stories.keys().chain(&journal.durable).for_each(|&id| done.take_number(id));
    for &id in &known.garbage {
        done.take_number(id);
        match dir.unlink(&dir.file_name(id)) {
            Ok(_) => done.unlinked.push(id),
            Err(e) => done.problems.push(format!("recording {id}: deleted, but its file stays: {e}")),
        }
    }
    let (mut files, mut orphans) = (Vec::new(), Vec::new());
    let entries = dir.list()?;
    for entry in entries.iter().cloned() {
        if let Some(id) = entry.takes_number() {
            done.take_number(id);
        }
        let id = entry.named();
        if id.is_some_and(|id| known.garbage.binary_search(&id).is_ok()) {
            // It would not go, and that is told already.
            continue;
        }
        if let Some(id) = id.filter(|id| known.streams.was_removed(id.stream())) {
            if let Err(e) = dir.unlink(&entry.name) {
                done.problems.push(format!("recording {id}: its camera was removed, but its file stays: {e}"));
            }
            continue;
        }
        if let Some(why) = &entry.hidden {
            done.problems.push(format!("{}: {why}; left for the next start", entry.name));
            files.extend(id);
            let story = id.and_then(|id| journal.stories.get(&id));
            done.unresolved.extend(story.into_iter().flat_map(Story::entries));
            continue;
        }
        match id.filter(|_| entry.is_file) {
            Some(id) => {
                if entry.len > 0 || known.rows.binary_search(&id).is_err() {
                    files.push(id);
                }
                if known.rows.binary_search(&id).is_err() {
                    orphans.push(Orphan::read(dir, id, entry));
                }
            }
            None => done.stranger(dir, &entry),
        }
    }
    let suspects = suspects(&orphans, &journal.durable);
    for orphan in orphans {
        let (story, suspect) = (journal.stories.get(&orphan.id), suspects.contains(&orphan.id));
        done.settle(dir, orphan, story, suspect);
    }
    for rows in &known.newest {
        if !done.look_again(dir, rows) {
            files.retain(|&id| id != rows.recording.id);
        }
    }
    done.entries = entries;
    // Last, so that a power cut just now loses nothing of what could be read.
    for (name, e) in found.unreadable {
        done.set_aside(dir, name, &e.to_string());
    }
    files.sort_unstable();
    let gone = known.rows.iter().filter(|id| files.binary_search(id).is_err()).copied();
    (done.deleted, done.missing) = gone.partition(|id| known.deleted.contains(id));
    done.problems.extend(done.missing.iter().map(|id| format!("recording {id}: its sample file is missing")));
    Ok(done)
}

/// Closed files whose film may be not all on the disk, although the trailer is: no sync was seen after they closed.
/// When there are very many, the rows of all of them were lost, which is another story: only the newest are suspect.
fn suspects(orphans: &[Orphan], durable: &BTreeSet<RecordingId>) -> BTreeSet<RecordingId> {
    let unsure = orphans.iter().filter(|o| !durable.contains(&o.id));
    let mut unsure: Vec<_> = unsure.filter_map(|o| Some((o.sequence()?, o.id))).collect();
    unsure.sort_unstable();
    unsure.into_iter().rev().take(SUSPECTS).map(|(_, id)| id).collect()
}

impl Recovered {
    fn take_number(&mut self, id: RecordingId) {
        let highest = self.numbers.entry(id.stream()).or_default();
        *highest = id.number().max(*highest);
    }

    fn settle(&mut self, dir: &SampleDir, orphan: Orphan, story: Option<&Story>, suspect: bool) {
        let (id, name) = (orphan.id, orphan.entry.name.clone());
        match orphan.settle(dir, story, suspect, &EndReason::new(Cause::PowerCut, "")) {
            Ok(Outcome::Closed(closed)) => self.closed.push(Arc::new(closed)),
            Ok(Outcome::Recovered(closed, why)) => {
                self.problems.push(format!("recording {id}: recovered: {why}"));
                self.closed.push(Arc::new(closed));
            }
            Ok(Outcome::Empty) => {
                if let Some(mark) = story.and_then(|story| story.marks.last()) {
                    let frames = mark.covered.video_samples;
                    self.problems
                        .push(format!("recording {id}: its file is empty, the journal tells of {frames} frames"));
                }
                if let Err(e) = dir.unlink(&name) {
                    self.problems.push(format!("recording {id}: {e}"));
                }
            }
            Ok(Outcome::Unknown(why)) => {
                self.set_aside(dir, &name, &format!("{why}, and the journal does not vouch for it"));
            }
            Err(e) => {
                self.problems.push(format!("recording {id}: {e}; left for the next start"));
                self.unresolved.extend(story.into_iter().flat_map(Story::entries));
            }
        }
    }

    /// False when a file that has a row is not there any more.
    fn look_again(&mut self, dir: &SampleDir, rows: &ClosedRecording) -> bool {
        let id = rows.recording.id;
        match newest::look_again(dir, rows) {
            Ok(Found::Whole) => {}
            Ok(Found::Sealed(why)) => self.problems.push(format!("recording {id}: {why}; made anew from its row")),
            Ok(Found::Torn(why)) => {
                self.set_aside(dir, &id.file_name(), &why);
                return false;
            }
            Ok(Found::Other(why)) => self.damaged.push((id, why)),
            Err(e) => self.problems.push(format!("recording {id}: {e}; not looked at")),
        }
        true
    }

    /// Something that is no sample file.
    fn stranger(&mut self, dir: &SampleDir, entry: &Entry) {
        let name = entry.name.as_str();
        if is_ours(name) {
        } else if entry.is_file && LEFTOVERS.contains(&name) {
            // It did not take the place of the old one, which counts.
            if let Err(e) = dir.unlink(name) {
                self.problems.push(e.to_string());
            }
        } else if entry.is_file {
            self.set_aside(dir, name, "is no sample file");
        } else {
            self.problems.push(format!("{name}: is no file; it does not belong here"));
        }
    }

    fn set_aside(&mut self, dir: &SampleDir, name: &str, why: &str) {
        self.problems.push(match dir.set_aside(name) {
            Ok(aside) => format!("{name}: {why}; set aside as {aside}"),
            Err(e) => format!("{name}: {why}, and cannot be set aside: {e}"),
        });
    }
}

/// What belongs into a sample directory, or may stay in it, besides sample files.
pub(crate) fn is_ours(name: &str) -> bool {
    name == SampleDir::IDENTITY
        || name == catalog::NAME
        || journal_file::NAMES.contains(&name)
        || name.starts_with(SampleDir::ASIDE)
        || name == "lost+found"
        || [old_file::NAME, old_file::NEW].contains(&name)
        // A sample file of the original system that has no row.
        || OldFile::is_name(name)
}

/// Begun while another took its time to be replaced.
const LEFTOVERS: [&str; 2] = ["catalog.new", "lunette-dir.new"];
/// How many closed files are read to the end at a start, at most.
const SUSPECTS: usize = 64;

#[cfg(test)]
mod tests;
