//! What was found in the sample directory at the start, and what becomes of it.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt, StreamId};
use crate::media::recording::{Cause, EndReason, Flags};
use crate::store::closed::ClosedRecording;
use crate::store::dir::{Entry, SampleDir};
use crate::store::journal::{self, Mark, Story};
use crate::store::{catalog, journal_file, trailer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use uuid::Uuid;

/// What the database knows of the directory.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Every recording that has a row, ascending.
    pub(crate) rows: Vec<RecordingId>,
    /// What is to be unlinked, ascending.
    pub(crate) garbage: Vec<RecordingId>,
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

/// Makes a directory consistent: every file has a row, will have one, or is out of the way.
pub(crate) fn recover(dir: &SampleDir, known: &Known) -> Result<Recovered> {
    let entries = dir.list()?;
    let stories = journal::replay(journal_file::read(dir)?);
    let mut done = Recovered::default();
    for &id in &known.garbage {
        dir.unlink(&id.file_name())?;
        done.take_number(id);
        done.unlinked.push(id);
    }
    let newest = newest_orphans(&entries, known);
    let mut files = Vec::new();
    for entry in &entries {
        if let Some(id) = entry.takes_number() {
            done.take_number(id);
        }
        match RecordingId::from_file_name(&entry.name).filter(|_| entry.is_file) {
            Some(id) if known.garbage.binary_search(&id).is_ok() => {}
            Some(id) => {
                files.push(id);
                if known.rows.binary_search(&id).is_err() {
                    done.orphan(dir, id, entry, stories.get(&id), newest.contains(&id));
                }
            }
            None => done.stranger(dir, entry),
        }
    }
    files.sort_unstable();
    done.missing = known.rows.iter().filter(|id| files.binary_search(id).is_err()).copied().collect();
    done.problems.extend(done.missing.iter().map(|id| format!("recording {id}: its sample file is missing")));
    Ok(done)
}

/// The last two files of each stream that have no row. When the journal does not know them, nothing vouches for them
/// but their place in time; older ones have seen a sync.
fn newest_orphans(entries: &[Entry], known: &Known) -> BTreeSet<RecordingId> {
    let mut newest: BTreeMap<StreamId, Vec<RecordingId>> = BTreeMap::new();
    // Names are in the order of ids.
    for id in entries.iter().filter_map(|e| RecordingId::from_file_name(&e.name)) {
        if known.rows.binary_search(&id).is_err() {
            let of_stream = newest.entry(id.stream()).or_default();
            of_stream.push(id);
            if of_stream.len() > 2 {
                of_stream.remove(0);
            }
        }
    }
    newest.into_values().flatten().collect()
}

impl Recovered {
    fn take_number(&mut self, id: RecordingId) {
        let highest = self.numbers.entry(id.stream()).or_default();
        *highest = id.number().max(*highest);
    }

    /// A sample file without a row: closed, growing or neither.
    fn orphan(&mut self, dir: &SampleDir, id: RecordingId, entry: &Entry, story: Option<&Story>, is_new: bool) {
        let suspect = story.map_or(is_new, |story| !story.is_durable);
        let result = dir.open_append(&entry.name).and_then(|file| match whole(&file, id, suspect) {
            Ok(Some(closed)) => Ok(Some(closed)),
            Ok(None) => close_grown(dir, &file, story),
            Err(e) if e.kind() == Kind::Corrupt => {
                self.problems.push(format!("recording {id}: {e}"));
                close_grown(dir, &file, story)
            }
            Err(e) => Err(e),
        });
        match result {
            Ok(Some(closed)) => {
                if closed.recording.flags.contains(Flags::RECOVERED) {
                    let lost = entry.len.saturating_sub(closed.recording.sample_file_bytes);
                    self.problems.push(format!("recording {id}: recovered, its last {lost} bytes were not whole"));
                }
                self.closed.push(Arc::new(closed));
            }
            Ok(None) if entry.len == 0 => {
                if let Err(e) = dir.unlink(&entry.name) {
                    self.problems.push(format!("recording {id}: {e}"));
                }
            }
            Ok(None) => self.set_aside(dir, &entry.name, "has neither a trailer nor whole frames in the journal"),
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

/// What a file tells that was closed. A suspect one was closed just before the end, so its film may be not all on the
/// disk although the trailer is: it is hashed.
fn whole(file: &File, id: RecordingId, suspect: bool) -> Result<Option<ClosedRecording>> {
    let Some(closed) = trailer::read(file)? else { return Ok(None) };
    let corrupt = |what: String| Err(Error::new(Kind::Corrupt, what));
    if closed.recording.id != id {
        return corrupt(format!("its trailer is of recording {}", closed.recording.id));
    }
    if suspect && hash(file, closed.recording.sample_file_bytes)? != closed.blake3 {
        return corrupt("its film is not what its trailer tells".to_owned());
    }
    Ok(Some(closed))
}

/// Cuts a file to where it and the journal agree, and closes it; `None` when they agree on nothing.
fn close_grown(dir: &SampleDir, file: &File, story: Option<&Story>) -> Result<Option<ClosedRecording>> {
    let Some(story) = story else { return Ok(None) };
    let Some((mark, blake3)) = last_agreement(file, &story.marks).or_fail(Kind::Disk, || "read film")? else {
        return Ok(None);
    };
    let mut closed = story.facts.clone();
    let r = &mut closed.recording;
    mark.covered.put_into(r);
    r.flags = r.flags.with(Flags::RECOVERED);
    r.end_reason = Some(EndReason::new(Cause::PowerCut, "").to_string());
    closed.video_index = story.index[..mark.index_len].into();
    closed.blake3 = blake3;
    let trailer = trailer::encode(&closed);
    dir.cut(file, mark.covered.sample_file_bytes)
        .and_then(|()| dir.append(file, &mut [IoSlice::new(&trailer)]))
        .or_fail(Kind::Disk, || "close")?;
    Ok(Some(closed))
}

/// The last mark up to which the film is what the journal says, with the whole hash of that.
fn last_agreement(file: &File, marks: &[Mark]) -> io::Result<Option<(Mark, [u8; 32])>> {
    let mut hasher = blake3::Hasher::new();
    let mut agreed = None;
    for mark in marks {
        let whole = feed(&mut hasher, file, mark.covered.sample_file_bytes)?;
        let hash = *hasher.finalize().as_bytes();
        if !whole || !hash.starts_with(&mark.hash) {
            break;
        }
        agreed = Some((*mark, hash));
    }
    Ok(agreed)
}

/// BLAKE3 of the first `len` bytes; `Corrupt` when there are fewer.
pub(crate) fn hash(file: &File, len: u64) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    match feed(&mut hasher, file, len).or_fail(Kind::Disk, || "read film")? {
        true => Ok(*hasher.finalize().as_bytes()),
        false => Err(Error::new(Kind::Corrupt, format!("less than {len} bytes of film"))),
    }
}

/// Hashes on up to `end`; false when the file ends before.
fn feed(hasher: &mut blake3::Hasher, file: &File, end: u64) -> io::Result<bool> {
    let mut buffer = vec![0; BUFFER];
    while let left @ 1.. = end.saturating_sub(hasher.count()) {
        let most = left.min(BUFFER as u64) as usize;
        match file.read_at(&mut buffer[..most], hasher.count()) {
            Ok(0) => return Ok(false),
            Ok(n) => _ = hasher.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(true)
}

const BUFFER: usize = 256 << 10;

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
        assert_eq!(told[1], "recording 3/1: its film is not what its trailer tells");
        assert!(told[2].starts_with("recording 3/1: recovered, its last "), "{}", told[2]);
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
    fn without_a_journal_the_last_two_files_of_a_stream_are_read() {
        let mut rig = Rig::new();
        let ids = [1, 2, 3].map(|number| rig.record(number, true, true));
        rig.tear(ids[0], 1000);
        rig.tear(ids[1], 1000);
        assert_eq!(
            told(&rig.recover()),
            [
                "3/1: 12",
                "3/3: 12",
                "recording 3/2: its film is not what its trailer tells",
                "0000000300000002: has neither a trailer nor whole frames in the journal; set aside as \
                 aside.0000000300000002",
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
    fn numbers_of_whatever_was_there_are_taken() {
        let mut rig = Rig::new();
        rig.record(4, false, true);
        fs::write(rig.tmp.path().join("0000000300000009"), "").unwrap();
        fs::write(rig.tmp.path().join("aside.0000000200000008.3"), "x").unwrap();
        let stream = |n| StreamId::new(n).unwrap();
        let known = Known { garbage: vec![RecordingId::new(stream(5), 7)], rows: Vec::new() };
        let numbers = recover(&rig.dir, &known).unwrap().numbers;
        assert_eq!(numbers, BTreeMap::from([(stream(2), 8), (stream(3), 9), (stream(5), 7)]));
    }
}
