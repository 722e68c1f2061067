//! What was found in the sample directory at the start, and what becomes of it.

use crate::base::{RecordingId, Result, StreamId};
use crate::store::closed::ClosedRecording;
use crate::store::db::StreamIds;
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal::{self, Story};
use crate::store::orphan::{Orphan, Outcome};
use crate::store::{catalog, journal_file};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// What the database knows of the directory.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Every recording that has a row, ascending.
    pub(crate) rows: Vec<RecordingId>,
    /// What is to be unlinked, ascending.
    pub(crate) garbage: Vec<RecordingId>,
    /// Whatever there is of a stream that was removed is garbage too: it closed too late to be condemned by name.
    pub(crate) streams: StreamIds,
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
    /// What the journal tells of files that the disk would not let us mend; the next journal must tell it again.
    pub(crate) unresolved: Vec<journal::Entry>,
    /// What an owner should know of, a line each.
    pub(crate) problems: Vec<String>,
    /// The highest number of each stream that any file name or garbage takes.
    pub(crate) numbers: BTreeMap<StreamId, u32>,
}

/// Makes a directory consistent: every file has a row, will have one, or is out of the way. What the disk refuses for
/// one file is a problem of that file and keeps no other from being recorded; an error is the whole directory's.
pub(crate) fn recover(dir: &SampleDir, known: &Known) -> Result<Recovered> {
    let found = journal_file::read(dir);
    let journal = journal::replay(found.entries);
    let mut done = Recovered::default();
    for &id in &known.garbage {
        done.take_number(id);
        match dir.unlink(&id.file_name()) {
            Ok(_) => done.unlinked.push(id),
            Err(e) => done.problems.push(format!("recording {id}: deleted, but its file stays: {e}")),
        }
    }
    let (mut files, mut orphans) = (Vec::new(), Vec::new());
    for entry in dir.list()? {
        if let Some(id) = entry.takes_number() {
            done.take_number(id);
        }
        let id = RecordingId::from_file_name(&entry.name);
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
                files.push(id);
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
    // Last, so that a power cut just now loses nothing of what could be read.
    for (name, e) in found.unreadable {
        done.set_aside(dir, name, &e.to_string());
    }
    files.sort_unstable();
    done.missing = known.rows.iter().filter(|id| files.binary_search(id).is_err()).copied().collect();
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
        match orphan.settle(dir, story, suspect) {
            Ok(Outcome::Closed(closed)) => self.closed.push(Arc::new(closed)),
            Ok(Outcome::Recovered(closed, why)) => {
                self.problems.push(format!("recording {id}: recovered: {why}"));
                self.closed.push(Arc::new(closed));
            }
            Ok(Outcome::Empty) => {
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

    /// Something that is no sample file.
    fn stranger(&mut self, dir: &SampleDir, entry: &Entry) {
        let name = entry.name.as_str();
        let ours = name == SampleDir::IDENTITY
            || name == catalog::NAME
            || journal_file::NAMES.contains(&name)
            || name.starts_with(SampleDir::ASIDE)
            || name == "lost+found"
            // A sample file of the original system.
            || Uuid::try_parse(name).is_ok() && name.len() == 36;
        if ours {
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

/// How many closed files are read to the end at a start, at most.
const SUSPECTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::Entry;
    use crate::store::journal_file::JournalFile;
    use crate::store::sample_file::SampleFile;
    use crate::store::testing::{Script, facts};
    use std::fs;
    use tempfile::TempDir;

    struct Rig {
        tmp: TempDir,
        dir: Arc<SampleDir>,
        journal: JournalFile,
    }

    impl Rig {
        fn new() -> Self {
            let tmp = tempfile::tempdir().unwrap();
            let dir = Arc::new(SampleDir::open(tmp.path(), true).unwrap());
            let journal = JournalFile::begin(dir.clone(), &[]).unwrap();
            Self { tmp, dir, journal }
        }

        /// Six frames and six more in two writes, the journal told unless `untold`; then the end if it is `closed`.
        fn record(&mut self, number: u32, untold: bool, closed: bool) -> RecordingId {
            let facts = facts(number);
            let (id, mut script) = (facts.recording.id, Script::new(facts.recording.start));
            let mut file = SampleFile::create(self.dir.clone(), facts).unwrap();
            for _ in 0..2 {
                script.frames(6).into_iter().for_each(|frame| file.add(frame));
                let written = file.write().unwrap();
                if !untold {
                    self.journal.append(&written.entries).unwrap();
                }
            }
            if closed {
                let closed = file.closed(script.close()).unwrap();
                file.seal(&closed).unwrap();
            }
            id
        }

        /// The file system gives a zero where it had no time to write.
        fn tear(&self, id: RecordingId, at: usize) {
            let path = self.tmp.path().join(id.file_name());
            let mut bytes = fs::read(&path).unwrap();
            bytes[at] = !bytes[at];
            fs::write(path, bytes).unwrap();
        }

        fn recover(&self) -> Recovered {
            recover(&self.dir, &Known::default()).unwrap()
        }
    }

    fn told(recovered: &Recovered) -> Vec<String> {
        let frames = recovered.closed.iter().map(|c| format!("{}: {}", c.recording.id, c.recording.video_samples));
        frames.chain(recovered.problems.iter().cloned()).collect()
    }

    #[test]
    fn a_file_that_was_closed_but_not_synced_is_taken_as_far_as_the_journal_vouches_for_it() {
        let mut rig = Rig::new();
        let id = rig.record(1, false, true);
        rig.tear(id, 1000);
        let told = told(&rig.recover());
        assert_eq!(told[0], "3/1: 5");
        assert_eq!(told[1], "recording 3/1: recovered: its film is not what its trailer tells");
    }

    #[test]
    fn film_that_is_known_to_be_durable_is_not_read() {
        let mut rig = Rig::new();
        let id = rig.record(1, false, true);
        rig.journal.append(&[Entry::Durable(id)]).unwrap();
        rig.tear(id, 1000);
        assert_eq!(told(&rig.recover()), ["3/1: 12"]);
    }

    #[test]
    fn film_of_which_the_journal_tells_nothing_is_read() {
        let mut rig = Rig::new();
        let ids = [1, 2, 3].map(|number| rig.record(number, true, true));
        rig.tear(ids[1], 1000);
        assert_eq!(
            told(&rig.recover()),
            [
                "3/1: 12",
                "3/3: 12",
                "0000000300000002: its film is not what its trailer tells, and the journal does not vouch for it; \
                 set aside as aside.0000000300000002",
            ]
        );
    }

    #[test]
    fn what_the_disk_does_not_let_mend_is_left_for_the_next_start() {
        let mut rig = Rig::new();
        rig.record(1, false, false);
        rig.dir.fail_after(0);
        let recovered = rig.recover();
        assert_eq!(
            told(&recovered),
            ["recording 3/1: close: No space left on device (os error 28); left for the next start"]
        );
        rig.dir.fail_after(i64::MAX);
        rig.journal = JournalFile::begin(rig.dir.clone(), &recovered.unresolved).unwrap();
        assert_eq!(rig.recover().closed[0].recording.video_samples, 11);
    }

    #[test]
    fn garbage_that_cannot_be_unlinked_stays_garbage_and_is_told() {
        let mut rig = Rig::new();
        let [stuck, gone, kept] = [1, 2, 3].map(|number| rig.record(number, false, true));
        rig.dir.fail_entry(Some(&stuck.file_name()));
        let known = Known { garbage: vec![stuck, gone], ..Known::default() };
        let recovered = recover(&rig.dir, &known).unwrap();
        assert_eq!(recovered.unlinked, [gone]);
        assert_eq!(recovered.closed.iter().map(|c| c.recording.id).collect::<Vec<_>>(), [kept]);
        assert_eq!(
            recovered.problems,
            ["recording 3/1: deleted, but its file stays: unlink 0000000300000001: EIO: I/O error"]
        );
    }

    #[test]
    fn garbage_that_can_be_looked_at_but_not_unlinked_gets_no_row() {
        let rig = Rig::new();
        let id = RecordingId::new(StreamId::new(3).unwrap(), 1);
        fs::create_dir(rig.tmp.path().join(id.file_name())).unwrap();
        let recovered = recover(&rig.dir, &Known { garbage: vec![id], ..Known::default() }).unwrap();
        assert_eq!((recovered.unlinked, recovered.closed), (vec![], vec![]));
    }

    #[test]
    fn an_entry_that_cannot_be_looked_at_is_left_and_hides_no_other() {
        let mut rig = Rig::new();
        let [row, growing, _] = [1, 2, 3].map(|number| rig.record(number, false, number != 2));
        rig.dir.fail_entry(Some(&row.file_name()));
        let known = Known { rows: vec![row], ..Known::default() };
        let recovered = recover(&rig.dir, &known).unwrap();
        assert_eq!(recovered.missing, []);
        let first = "0000000300000001: EIO: I/O error; left for the next start";
        assert_eq!(told(&recovered)[2..], [first, "recording 3/2: recovered: it was not closed"]);

        let mut rig = Rig::new();
        rig.record(2, false, false);
        rig.dir.fail_entry(Some(&growing.file_name()));
        let recovered = rig.recover();
        rig.dir.fail_entry(None);
        rig.journal = JournalFile::begin(rig.dir.clone(), &recovered.unresolved).unwrap();
        assert_eq!(told(&rig.recover())[0], "3/2: 11");
    }

    #[test]
    fn a_journal_that_cannot_be_read_is_set_aside() {
        let mut rig = Rig::new();
        rig.record(1, false, true);
        fs::remove_file(rig.tmp.path().join("journal")).unwrap();
        fs::create_dir(rig.tmp.path().join("journal")).unwrap();
        assert_eq!(
            told(&rig.recover()),
            ["3/1: 12", "journal: read journal: Is a directory (os error 21); set aside as aside.journal"]
        );
        JournalFile::begin(rig.dir.clone(), &[]).unwrap();
    }

    #[test]
    fn numbers_of_whatever_was_there_are_taken() {
        let mut rig = Rig::new();
        rig.record(4, false, true);
        fs::write(rig.tmp.path().join("0000000300000009"), "").unwrap();
        fs::write(rig.tmp.path().join("aside.0000000200000008.3"), "x").unwrap();
        let stream = |n| StreamId::new(n).unwrap();
        let known = Known { garbage: vec![RecordingId::new(stream(5), 7)], ..Known::default() };
        let numbers = recover(&rig.dir, &known).unwrap().numbers;
        assert_eq!(numbers, BTreeMap::from([(stream(2), 8), (stream(3), 9), (stream(5), 7)]));
    }
}
