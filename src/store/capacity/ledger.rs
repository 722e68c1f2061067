//! `Ledger`: what each entry of the sample directory weighs, and in which order its recordings were made.

use crate::base::{RecordingId, StreamId};
use crate::store::dir::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// By stat, never by what a database says: closed and growing files, and everything else in the directory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    streams: BTreeMap<StreamId, Files>,
    /// Journal, catalog, identity, what was set aside and what is foreign, by name.
    others: BTreeMap<String, u64>,
}

/// The sample files of one stream.
#[derive(Debug, Default)]
struct Files {
    /// By number, which is the order of recording within a stream.
    files: VecDeque<File>,
    /// Numbers that are not to be deleted now: growing, waiting for a trailer, or deleted already though still there.
    busy: BTreeSet<u32>,
    bytes: u64,
    /// Ever written, since the start.
    written: u64,
}

/// A sample file. There may be half a million, so it is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct File {
    sequence: u64,
    number: u32,
    /// Of 512 bytes, as the disk counts.
    blocks: u32,
}

/// A closed file that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) id: RecordingId,
    pub(super) sequence: u64,
    pub(super) bytes: u64,
}

const BLOCK: u64 = 512;

impl File {
    fn new(id: RecordingId, sequence: u64, bytes: u64) -> Self {
        Self { sequence, number: id.number(), blocks: blocks(bytes) }
    }

    fn bytes(self) -> u64 {
        u64::from(self.blocks) * BLOCK
    }
}

/// A recording is far below 2 TiB.
fn blocks(bytes: u64) -> u32 {
    u32::try_from(bytes / BLOCK).unwrap_or(u32::MAX)
}

impl Ledger {
    /// What a scan found; `sequences` are those of the recordings that are known, ascending by id. A sample file of
    /// none of them counts, but is nobody's to delete.
    pub(super) fn scanned(entries: &[Entry], sequences: &[(RecordingId, u64)]) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            let known = entry.recording().and_then(|id| {
                let at = sequences.binary_search_by_key(&id, |&(id, _)| id).ok()?;
                Some(sequences[at])
            });
            match known {
                Some((id, sequence)) => ledger.put(id, File::new(id, sequence, entry.disk_bytes)),
                None => ledger.weigh_other(&entry.name, entry.disk_bytes),
            }
        }
        ledger
    }

    fn put(&mut self, id: RecordingId, file: File) {
        let files = self.streams.entry(id.stream()).or_default();
        files.bytes += file.bytes();
        match files.find(id.number()) {
            Ok(at) => {
                files.bytes -= files.files[at].bytes();
                files.files[at] = file;
            }
            Err(at) => files.files.insert(at, file),
        }
    }

    /// A file was created, and grows.
    pub(super) fn begin(&mut self, id: RecordingId, sequence: u64) {
        self.put(id, File::new(id, sequence, 0));
        self.streams.entry(id.stream()).or_default().busy.insert(id.number());
    }

    /// A file weighs this much now.
    pub(super) fn weigh(&mut self, id: RecordingId, bytes: u64) {
        let Some(files) = self.streams.get_mut(&id.stream()) else { return };
        if let Ok(at) = files.find(id.number()) {
            let before = files.files[at].bytes();
            files.files[at].blocks = blocks(bytes);
            let after = files.files[at].bytes();
            files.bytes = files.bytes - before + after;
            files.written += after.saturating_sub(before);
        }
    }

    /// A file does not grow any more: it may be deleted.
    pub(super) fn close(&mut self, id: RecordingId) {
        if let Some(files) = self.streams.get_mut(&id.stream()) {
            files.busy.remove(&id.number());
        }
    }

    /// A file is to be unlinked: it weighs until it is, and is not chosen again.
    pub(super) fn doom(&mut self, id: RecordingId) {
        if let Some(files) = self.streams.get_mut(&id.stream())
            && files.find(id.number()).is_ok()
        {
            files.busy.insert(id.number());
        }
    }

    /// A file is gone. Says what it weighed.
    pub(super) fn remove(&mut self, id: RecordingId) -> u64 {
        let Some(files) = self.streams.get_mut(&id.stream()) else { return 0 };
        files.busy.remove(&id.number());
        if let Ok(at) = files.find(id.number())
            && let Some(gone) = files.files.remove(at)
        {
            files.bytes -= gone.bytes();
            return gone.bytes();
        }
        0
    }

    /// Something else in the directory weighs this much now; nothing when it is gone.
    pub(super) fn weigh_other(&mut self, name: &str, bytes: u64) {
        match bytes {
            0 => _ = self.others.remove(name),
            _ => _ = self.others.insert(name.to_owned(), bytes),
        }
    }

    /// What all of it weighs.
    pub(super) fn bytes(&self) -> u64 {
        self.streams.values().map(|files| files.bytes).sum::<u64>() + self.other_bytes()
    }

    /// What is no recording's.
    pub(super) fn other_bytes(&self) -> u64 {
        self.others.values().sum()
    }

    /// What the files of a stream weigh, and how much was ever written to them.
    pub(super) fn stream(&self, stream: StreamId) -> (u64, u64) {
        self.streams.get(&stream).map_or((0, 0), |files| (files.bytes, files.written))
    }

    /// The streams that have files.
    pub(super) fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.streams.iter().filter(|(_, files)| !files.files.is_empty()).map(|(&stream, _)| stream)
    }

    /// The closed files of a stream in the order of recording.
    pub(super) fn closed(&self, stream: StreamId) -> impl Iterator<Item = Closed> {
        self.streams.get(&stream).into_iter().flat_map(move |files| {
            let idle = files.files.iter().filter(|file| !files.busy.contains(&file.number));
            idle.map(move |file| Closed {
                id: RecordingId::new(stream, file.number),
                sequence: file.sequence,
                bytes: file.bytes(),
            })
        })
    }

    /// The closed file that was begun next after this sequence, and not after `last`.
    pub(super) fn next(&self, after: u64, last: u64) -> Option<Closed> {
        let next_of = |(&stream, files): (&StreamId, &Files)| {
            let from = files.files.partition_point(|file| file.sequence <= after);
            let file = files.files.range(from..).find(|file| !files.busy.contains(&file.number))?;
            let id = RecordingId::new(stream, file.number);
            (file.sequence <= last).then(|| Closed { id, sequence: file.sequence, bytes: file.bytes() })
        };
        self.streams.iter().filter_map(next_of).min_by_key(|file| file.sequence)
    }

    /// The sequence of the newest closed file.
    pub(super) fn last_sequence(&self) -> Option<u64> {
        let newest = |files: &Files| {
            let file = files.files.iter().rev().find(|file| !files.busy.contains(&file.number))?;
            Some(file.sequence)
        };
        self.streams.values().filter_map(newest).max()
    }

    /// What the files weigh that were begun after this sequence, and not after `last`.
    pub(super) fn weight_between(&self, after: u64, last: u64) -> u64 {
        let of_stream = |files: &Files| -> u64 {
            let [from, to] = [after, last].map(|at| files.files.partition_point(|file| file.sequence <= at));
            files.files.range(from..to.max(from)).map(|file| file.bytes()).sum()
        };
        self.streams.values().map(of_stream).sum()
    }

    /// There is such a file, it does not grow, and it is not on its way out.
    pub(super) fn is_closed(&self, id: RecordingId) -> bool {
        self.streams
            .get(&id.stream())
            .is_some_and(|files| files.find(id.number()).is_ok() && !files.busy.contains(&id.number()))
    }

    /// What a file weighs; `None` when there is none.
    pub(super) fn file(&self, id: RecordingId) -> Option<u64> {
        let files = self.streams.get(&id.stream())?;
        files.find(id.number()).ok().map(|at| files.files[at].bytes())
    }

    /// A new scan: files and others weigh what it says. Files that it does not know are asked for one by one, as are
    /// those that grow: both may have changed since. Says by how many bytes the ledger was wrong.
    pub(super) fn compare(&mut self, entries: &[Entry], weight: impl Fn(RecordingId) -> Option<u64>) -> u64 {
        let mut wrong = 0;
        let mut found = BTreeSet::new();
        self.others.retain(|name, _| entries.iter().any(|entry| entry.name == *name));
        for entry in entries {
            match entry.recording().filter(|&id| self.file(id).is_some()) {
                None => self.weigh_other(&entry.name, entry.disk_bytes),
                Some(id) => {
                    found.insert(id);
                    wrong += self.correct(id, Some(entry.disk_bytes), &weight);
                }
            }
        }
        let all: Vec<_> = self
            .streams
            .iter()
            .flat_map(|(&stream, files)| files.files.iter().map(move |file| RecordingId::new(stream, file.number)))
            .collect();
        for id in all.into_iter().filter(|id| !found.contains(id)) {
            wrong += self.correct(id, None, &weight);
        }
        wrong
    }

    fn correct(&mut self, id: RecordingId, scanned: Option<u64>, weight: impl Fn(RecordingId) -> Option<u64>) -> u64 {
        let known = self.file(id);
        if known == scanned {
            return 0;
        }
        let grows = self.streams.get(&id.stream()).is_some_and(|files| files.busy.contains(&id.number()));
        let now = weight(id);
        match now {
            Some(bytes) => self.weigh(id, bytes),
            // Its writer knows better.
            None if grows => {}
            None => _ = self.remove(id),
        }
        if grows { 0 } else { known.unwrap_or(0).abs_diff(now.unwrap_or(0)) }
    }
}

impl Files {
    fn find(&self, number: u32) -> Result<usize, usize> {
        // Nearly all that is asked for is the newest, or the oldest.
        match self.files.back() {
            Some(last) if last.number == number => Ok(self.files.len() - 1),
            Some(last) if last.number < number => Err(self.files.len()),
            _ => self.files.binary_search_by_key(&number, |file| file.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(stream: i64, number: u32) -> RecordingId {
        RecordingId::new(StreamId::new(stream).unwrap(), number)
    }

    fn entry(name: &str, disk_bytes: u64) -> Entry {
        Entry { name: name.into(), len: 0, disk_bytes, is_file: true, mode: 0o100640, hidden: None, old: None }
    }

    fn closed(ledger: &Ledger, stream: i64) -> Vec<(u32, u64)> {
        ledger.closed(StreamId::new(stream).unwrap()).map(|c| (c.id.number(), c.bytes)).collect()
    }

    #[test]
    fn every_entry_counts_and_only_known_recordings_can_go() {
        let entries = [
            entry("0000000100000002", 4096),
            entry("0000000100000003", 8192),
            entry("0000000100000009", 512),
            entry("aside.0000000100000007", 1024),
            entry("journal", 512),
        ];
        let ledger = Ledger::scanned(&entries, &[(id(1, 1), 4), (id(1, 2), 5), (id(1, 3), 9)]);
        assert_eq!((ledger.bytes(), ledger.other_bytes()), (4096 + 8192 + 512 + 1024 + 512, 2048));
        assert_eq!(closed(&ledger, 1), [(2, 4096), (3, 8192)]);
        assert_eq!(ledger.streams().collect::<Vec<_>>(), [StreamId::new(1).unwrap()]);
    }

    #[test]
    fn a_file_grows_closes_is_condemned_and_goes() {
        let mut ledger = Ledger::default();
        ledger.begin(id(1, 1), 7);
        ledger.weigh(id(1, 1), 4096);
        ledger.weigh(id(1, 1), 12_288);
        assert_eq!((ledger.bytes(), closed(&ledger, 1)), (12_288, vec![]));
        ledger.close(id(1, 1));
        assert_eq!(closed(&ledger, 1), [(1, 12_288)]);
        ledger.doom(id(1, 1));
        assert_eq!((ledger.bytes(), closed(&ledger, 1)), (12_288, vec![]), "it still weighs");
        ledger.remove(id(1, 1));
        assert_eq!((ledger.bytes(), ledger.stream(StreamId::new(1).unwrap())), (0, (0, 12_288)));
        ledger.remove(id(1, 1));
        ledger.doom(id(1, 9));
        assert_eq!(ledger.bytes(), 0);
    }

    #[test]
    fn a_new_scan_corrects_what_others_did() {
        let mut ledger = Ledger::scanned(
            &[entry("0000000100000001", 4096), entry("0000000100000002", 4096), entry("aside.x", 512)],
            &[(id(1, 1), 1), (id(1, 2), 2)],
        );
        ledger.begin(id(1, 3), 3);
        ledger.weigh(id(1, 3), 8192);
        let now = [entry("0000000100000002", 1024), entry("0000000100000003", 4096), entry("stranger", 2048)];
        let weight = |id: RecordingId| [None, None, Some(1024), Some(16_384)][id.number() as usize];
        assert_eq!(ledger.compare(&now, weight), 4096 + 3072);
        assert_eq!(ledger.bytes(), 1024 + 16_384 + 2048);
        assert_eq!(ledger.compare(&now, weight), 0);
    }

    #[test]
    fn closed_files_come_in_the_order_of_recording_over_all_streams() {
        let files: Vec<_> = (1..=3).flat_map(|n| [id(1, n), id(2, n)]).collect();
        let entries: Vec<_> = files.iter().map(|id| entry(&id.file_name(), 1024)).collect();
        let mut sequences: Vec<_> = files.iter().zip(10..).map(|(&id, sequence)| (id, sequence)).collect();
        sequences.sort();
        let mut ledger = Ledger::scanned(&entries, &sequences);
        let order = |ledger: &Ledger, last| {
            let mut next = ledger.next(0, last);
            let mut told = Vec::new();
            while let Some(file) = next {
                told.push((file.id.to_string(), file.sequence));
                next = ledger.next(file.sequence, last);
            }
            told.iter().map(|(id, sequence)| format!("{id}={sequence}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(&ledger, u64::MAX), "1/1=10 2/1=11 1/2=12 2/2=13 1/3=14 2/3=15");
        assert_eq!((ledger.last_sequence(), ledger.weight_between(11, 14)), (Some(15), 3 * 1024));
        ledger.doom(id(2, 1));
        ledger.begin(id(1, 4), 16);
        ledger.remove(id(1, 2));
        assert_eq!(order(&ledger, 14), "1/1=10 2/2=13 1/3=14");
        assert_eq!((ledger.last_sequence(), ledger.weight_between(0, 14)), (Some(15), 4 * 1024));
        assert_eq!(ledger.weight_between(20, 14), 0);
        assert_eq!(
            [id(1, 1), id(1, 2), id(1, 4), id(2, 1)].map(|id| ledger.is_closed(id)),
            [true, false, false, false]
        );
        assert_eq!(Ledger::default().last_sequence(), None);
    }

    #[test]
    fn three_hundred_thousand_files_of_64_mib_are_counted_in_full() {
        let mut ledger = Ledger::default();
        for n in 1..=300_000 {
            ledger.begin(id(1, n), n.into());
            ledger.weigh(id(1, n), 64 << 20);
        }
        assert_eq!(ledger.bytes(), 300_000 * (64 << 20));
        assert!(ledger.bytes() > 18_000_000_000_000);
    }
}
