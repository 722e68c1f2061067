//! What a start makes of what it finds.

use super::*;
use crate::store::capacity::Capacity;
use crate::store::journal::Entry;
use crate::store::journal_file::JournalFile;
use crate::store::sample_file::SampleFile;
use crate::store::testing::{Script, facts};
use std::fs;
use std::time::Duration;
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
        let capacity = Arc::new(Capacity::new(None, Duration::ZERO, self.tmp.path().to_owned()));
        let mut file = SampleFile::create(self.dir.clone(), capacity, facts).unwrap();
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
    assert_eq!(told(&recovered), ["recording 3/1: close: Input/output error (os error 5); left for the next start"]);
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
