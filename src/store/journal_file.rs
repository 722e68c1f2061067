//! `JournalFile`: the journal on disk. It is begun anew now and then, for it tells nothing of what is closed and durable.

use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::dir::SampleDir;
use crate::store::journal::{self, Entry, MAGIC};
use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The end of the journal that is written to.
#[derive(Debug)]
pub(crate) struct JournalFile {
    dir: Arc<SampleDir>,
    file: File,
    len: u64,
    /// At this length it is to be begun anew.
    renew_at: u64,
    /// What every new one is told first: of files that only the next start can mend.
    unresolved: Vec<Entry>,
    renewal: Arc<Renewal>,
}

/// Whether a new journal waits for the next sync before it takes the place of the old one.
#[derive(Debug, Default)]
pub(crate) struct Renewal(AtomicBool);

impl JournalFile {
    /// Begins a journal in place of any other: what the other told besides `unresolved` is closed and durable.
    pub(crate) fn begin(dir: Arc<SampleDir>, unresolved: &[Entry]) -> Result<Self> {
        let journal = Self::create(dir, unresolved.to_vec(), &[], Arc::default())?;
        journal.dir.sync_all()?;
        journal.dir.rename(NEW, NAME)?;
        Ok(journal)
    }

    fn create(dir: Arc<SampleDir>, unresolved: Vec<Entry>, growing: &[Entry], renewal: Arc<Renewal>) -> Result<Self> {
        dir.unlink(NEW)?;
        let file = dir.create(NEW)?;
        let told: Vec<_> = unresolved.iter().chain(growing).cloned().collect();
        let mut journal = Self { dir, file, len: 0, renew_at: 0, unresolved, renewal };
        journal.write(MAGIC).and_then(|()| journal.append(&told)).or_fail(Kind::Disk, || format!("write {NEW}"))?;
        journal.renew_at = journal.len + RENEW_AT;
        Ok(journal)
    }

    /// How the syncer finishes a renewal.
    pub(crate) fn renewal(&self) -> Arc<Renewal> {
        self.renewal.clone()
    }

    /// Appends entries: all of them or, when it fails, none.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.write(&entries.iter().flat_map(journal::encode).collect::<Vec<u8>>())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.dir.append(&self.file, &mut [IoSlice::new(bytes)]) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(e) => {
                // What follows a torn entry would not be read; if even this fails, a new journal is due.
                if self.file.set_len(self.len).is_err() {
                    self.renew_at = 0;
                }
                Err(e)
            }
        }
    }

    /// It is long, and no earlier renewal waits.
    pub(crate) fn is_due(&self) -> bool {
        self.len >= self.renew_at && !self.renewal.0.load(Ordering::Acquire)
    }

    /// Goes on in a new file, which is told first what grows. The old one stays until the new one is durable, and a
    /// reader takes both. When it fails, the old one goes on.
    pub(crate) fn renew(&mut self, growing: &[Entry]) -> Result<()> {
        self.renew_at = self.len + RENEW_AT;
        *self = Self::create(self.dir.clone(), self.unresolved.clone(), growing, self.renewal.clone())?;
        self.renewal.0.store(true, Ordering::Release);
        Ok(())
    }
}

impl Renewal {
    /// To be asked before a sync, for [`Self::settle`] after it.
    pub(crate) fn waits(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The new journal is durable, and so is all that the old one told more: it takes its place.
    pub(crate) fn settle(&self, dir: &SampleDir) -> Result<()> {
        dir.rename(NEW, NAME)?;
        self.0.store(false, Ordering::Release);
        Ok(())
    }
}

/// What is on the disk of the journal, and of a newer one that did not take its place yet.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// All entries that could be read.
    pub(crate) entries: Vec<Entry>,
    /// The files that could not be read, or not to the end.
    pub(crate) unreadable: Vec<(&'static str, Error)>,
}

/// Reads as much as the disk gives: it is better to know half than not to record at all.
pub(crate) fn read(dir: &SampleDir) -> Found {
    let mut found = Found::default();
    for name in NAMES {
        let mut bytes = Vec::new();
        let read = dir
            .open_read(name)
            .and_then(|mut file| file.read_to_end(&mut bytes).or_fail(Kind::Disk, || format!("read {name}")));
        found.entries.extend(journal::decode(&bytes));
        if let Err(e) = read
            && e.kind() != Kind::NotFound
        {
            found.unreadable.push((name, e));
        }
    }
    found
}

/// The journal and its successor, in the order in which they are read.
pub(crate) const NAMES: [&str; 2] = [NAME, NEW];
const NAME: &str = "journal";
const NEW: &str = "journal.new";
/// A few minutes of six streams.
const RENEW_AT: u64 = 256 << 10;
