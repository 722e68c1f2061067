//! `JournalFile`: the journal on disk. It is begun anew now and then, for it tells nothing of what is closed and durable.

use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::dir::SampleDir;
use crate::store::journal::{self, Entry, MAGIC, Story};
use std::fs::File;
use std::io::{self, IoSlice, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// What a journal told whose pages are not to be trusted; every new one is told it until [`Self::trust`].
    kept: Vec<Entry>,
    /// What is appended might not be read: nothing is, until there is a new one.
    spoiled: bool,
    renewal: Arc<Renewal>,
}

/// Whether a new journal waits for the next sync before it takes the place of the old one.
#[derive(Debug, Default)]
pub(crate) struct Renewal(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Counts the new journals.
    newest: u64,
    /// Which of them waits.
    waits: Option<u64>,
}

impl JournalFile {
    /// Begins a journal in place of any other: what the other told besides `unresolved` is closed and durable.
    pub(crate) fn begin(dir: Arc<SampleDir>, unresolved: &[Entry]) -> Result<Self> {
        dir.unlink(NEW)?;
        let file = dir.create(NEW)?;
        let (unresolved, kept) = (unresolved.to_vec(), Vec::new());
        let mut journal =
            Self { dir, file, len: 0, renew_at: 0, unresolved, kept, spoiled: false, renewal: Arc::default() };
        journal.tell(&[])?;
        journal.dir.sync_all()?;
        journal.dir.rename(NEW, NAME)?;
        Ok(journal)
    }

    /// The beginning of a new file.
    fn tell(&mut self, growing: &[Entry]) -> Result<()> {
        let told: Vec<_> = [&self.unresolved[..], &self.kept, growing].concat();
        self.write(MAGIC).and_then(|()| self.append(&told)).or_fail(Kind::Disk, || format!("write {NEW}"))?;
        self.renew_at = self.len + RENEW_AT;
        Ok(())
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
        if self.spoiled {
            return Err(io::Error::other("the journal cannot be begun anew"));
        }
        match self.dir.append(&self.file, &mut [IoSlice::new(bytes)]) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(e) => {
                // What follows a torn entry would not be read.
                if self.dir.cut(&self.file, self.len).is_err() {
                    self.spoil();
                }
                Err(e)
            }
        }
    }

    /// A sync failed, or a torn entry stays: nothing more is appended, and a new journal tells all that can be read of
    /// this one, and of an older one whose place it has not taken yet.
    pub(crate) fn spoil(&mut self) {
        self.spoiled = true;
        // What is kept already may be on no disk: a new journal was not written either.
        let told = journal::replay(std::mem::take(&mut self.kept).into_iter().chain(read(&self.dir).entries));
        self.kept = told.stories.values().flat_map(Story::entries).collect();
        self.kept.extend(told.durable.into_iter().map(Entry::Durable));
    }

    /// See [`Self::spoil`].
    pub(crate) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// What the spoiled journal told is of no use any more.
    pub(crate) fn trust(&mut self) {
        if !self.spoiled {
            self.kept.clear();
        }
    }

    /// It is long, and no earlier renewal waits; or it is spoiled.
    pub(crate) fn is_due(&self) -> bool {
        self.spoiled || self.len >= self.renew_at && self.renewal.waits().is_none()
    }

    /// Goes on in a new file, which is told first what grows. The old one stays until the new one is durable, and a
    /// reader takes both. When it fails, the old one goes on, unless that is spoiled.
    pub(crate) fn renew(&mut self, growing: &[Entry]) -> Result<()> {
        self.renew_at = self.len + RENEW_AT;
        self.renewal.lock().waits = None;
        self.dir.unlink(NEW)?;
        let mut new = Self {
            dir: self.dir.clone(),
            file: self.dir.create(NEW)?,
            len: 0,
            renew_at: 0,
            unresolved: self.unresolved.clone(),
            kept: self.kept.clone(),
            spoiled: false,
            renewal: self.renewal.clone(),
        };
        new.tell(growing)?;
        *self = new;
        let mut renewal = self.renewal.lock();
        renewal.newest += 1;
        renewal.waits = Some(renewal.newest);
        Ok(())
    }
}

impl Renewal {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The new journal that waits; to be asked before a sync, for [`Self::settle`] after it.
    pub(crate) fn waits(&self) -> Option<u64> {
        self.lock().waits
    }

    /// This new journal is durable, and so is all that the old one told more: it takes its place, unless there is a yet
    /// newer one.
    pub(crate) fn settle(&self, dir: &SampleDir, durable: u64) -> Result<()> {
        let mut renewal = self.lock();
        if renewal.waits == Some(durable) {
            dir.rename(NEW, NAME)?;
            renewal.waits = None;
        }
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
