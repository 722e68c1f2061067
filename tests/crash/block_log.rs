//! `BlockLog`: what was done to a disk, and what a power cut leaves of it.
//!
//! The format is that of Linux' dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): a superblock,
//! then for each write a sector that tells of it and the data.

use crate::luck::Luck;
use std::ops::Range;

/// Writes and flushes in their order.
pub(crate) struct BlockLog {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    /// Where on the disk.
    at: usize,
    /// Its data in the log.
    data: Range<usize>,
    flags: u64,
}

const FLUSH: u64 = 1;
/// Not in the disk's memory alone when it has completed.
const FUA: u64 = 2;
const DISCARD: u64 = 4;
/// What a disk writes whole, and the file system's block.
const BLOCK: usize = 4096;
const MAGIC: u64 = 0x6a_7366_7773_6872;

/// A moment at which the power goes: after so many entries of the log, of which those since the last flush are on the
/// disk or not, as luck will have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cut {
    pub(crate) entries: usize,
    /// So many in a hundred of the writes since the last flush are on the disk, some of them torn.
    pub(crate) kept_percent: u64,
}

impl BlockLog {
    /// The log as the block layer wrote it.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!((number(0), number(8)), (MAGIC, 1), "a log of writes");
        let sector = u32::from_le_bytes(bytes[24..28].try_into().unwrap()) as usize;
        let mut entries = Vec::new();
        let mut at = sector;
        while at + sector <= bytes.len() {
            let [place, count, flags] = [0, 8, 16].map(|field| number(at + field));
            let length = if flags & DISCARD == 0 { count as usize * sector } else { 0 };
            let data = at + sector..at + sector + length;
            if (count, flags) == (0, 0) || data.end > bytes.len() {
                break;
            }
            at = data.end;
            entries.push(Entry { at: place as usize * sector, data, flags });
        }
        Self { bytes, entries }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How long the log was when so many entries were in it.
    pub(crate) fn position(&self, entries: usize) -> u64 {
        entries.checked_sub(1).map_or(0, |last| self.entries[last].data.end as u64)
    }

    /// How many entries were in the log when it was so long.
    pub(crate) fn entries_at(&self, position: u64) -> usize {
        self.entries.partition_point(|e| e.data.end as u64 <= position)
    }

    /// The moments just after a flush.
    pub(crate) fn flushes(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().enumerate().filter(|(_, e)| e.flags & FLUSH != 0).map(|(n, _)| n + 1)
    }

    fn apply(&self, disk: &mut [u8], entry: &Entry, part: Range<usize>) {
        let data = &self.bytes[entry.data.clone()];
        disk[entry.at + part.start..entry.at + part.end].copy_from_slice(&data[part]);
    }
}

/// A disk as it comes to be, entry by entry, up to the last flush before a cut.
pub(crate) struct Replay<'a> {
    log: &'a BlockLog,
    durable: Vec<u8>,
    done: usize,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(log: &'a BlockLog, blank: Vec<u8>) -> Self {
        Self { log, durable: blank, done: 0 }
    }

    /// The disk after a cut. Cuts come in their order.
    pub(crate) fn disk(&mut self, cut: Cut, luck: &mut Luck) -> Vec<u8> {
        let flushed = self.log.flushes().take_while(|&n| n <= cut.entries).last().unwrap_or(0);
        for entry in &self.log.entries[self.done.min(flushed)..flushed] {
            self.log.apply(&mut self.durable, entry, 0..entry.data.len());
        }
        self.done = flushed;
        let mut disk = self.durable.clone();
        for entry in &self.log.entries[flushed..cut.entries] {
            let length = entry.data.len();
            if entry.flags & FUA != 0 {
                self.log.apply(&mut disk, entry, 0..length);
            } else if luck.percent(10) && cut.kept_percent < 100 {
                // A write of many blocks is not one thing to a disk. One block is: ext4 relies on it for its superblock,
                // and a disk that tears that cannot be mounted whatever a recorder does.
                let blocks = (0..length).step_by(BLOCK).filter(|_| luck.percent(cut.kept_percent)).collect::<Vec<_>>();
                for at in blocks {
                    self.log.apply(&mut disk, entry, at..length.min(at + BLOCK));
                }
            } else if luck.percent(cut.kept_percent) {
                self.log.apply(&mut disk, entry, 0..length);
            }
        }
        disk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log with sectors of 512 bytes: `(sector, bytes, flags)`.
    fn log(entries: &[(u64, &[u8], u64)]) -> BlockLog {
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[8] = 1;
        bytes[24..28].copy_from_slice(&512u32.to_le_bytes());
        for (sector, data, flags) in entries {
            let mut head = vec![0; 512];
            head[..8].copy_from_slice(&sector.to_le_bytes());
            head[8..16].copy_from_slice(&(data.len() as u64).to_le_bytes());
            head[16..24].copy_from_slice(&flags.to_le_bytes());
            bytes.extend(head);
            data.iter().for_each(|&byte| bytes.extend([byte; 512]));
        }
        BlockLog::new(bytes)
    }

    fn disk(log: &BlockLog, entries: usize, kept_percent: u64) -> Vec<u8> {
        let mut luck = Luck::new("log");
        let disk = Replay::new(log, vec![0; 4 * 512]).disk(Cut { entries, kept_percent }, &mut luck);
        disk.chunks(512).map(|sector| sector[0]).collect()
    }

    #[test]
    fn what_was_flushed_stays_and_the_rest_is_luck() {
        let log = log(&[(0, b"ab", 0), (0, b"", FLUSH), (1, b"c", 0), (2, b"d", FUA), (3, b"e", 0), (0, b"", FLUSH)]);
        assert_eq!((log.len(), log.flushes().collect::<Vec<_>>()), (6, vec![2, 6]));
        assert_eq!(disk(&log, 1, 0), [0; 4]);
        assert_eq!(disk(&log, 2, 0), *b"ab\0\0");
        assert_eq!(disk(&log, 5, 0), *b"abd\0");
        assert_eq!(disk(&log, 5, 100), *b"acde");
        assert_eq!(disk(&log, 6, 0), *b"acde");
        assert_eq!([log.entries_at(log.position(3)), log.entries_at(log.position(3) - 1)], [3, 2]);
    }
}
