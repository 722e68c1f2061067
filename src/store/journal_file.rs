//! `JournalFile`: the journal on disk. It is begun anew now and then, for it tells nothing of what is closed and durable.

use crate::base::{Kind, Result, ResultExt};
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
    renewal: Arc<Renewal>,
}

/// Whether a new journal waits for the next sync before it takes the place of the old one.
#[derive(Debug, Default)]
pub(crate) struct Renewal(AtomicBool);

impl JournalFile {
    /// Begins an empty journal in place of any other: all that the other told is closed and durable.
    pub(crate) fn begin(dir: Arc<SampleDir>) -> Result<Self> {
        let file = create_new(&dir)?;
        dir.rename(NEW, NAME)?;
        Ok(Self { dir, file, len: MAGIC.len() as u64, renew_at: RENEW_AT, renewal: Arc::default() })
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
        let bytes: Vec<u8> = entries.iter().flat_map(journal::encode).collect();
        match self.dir.append(&self.file, &mut [IoSlice::new(&bytes)]) {
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
        let mut new = Self {
            dir: self.dir.clone(),
            file: create_new(&self.dir)?,
            len: MAGIC.len() as u64,
            renew_at: 0,
            renewal: self.renewal.clone(),
        };
        new.append(growing).or_fail(Kind::Disk, || format!("write {NEW}"))?;
        new.renew_at = new.len + RENEW_AT;
        *self = new;
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

/// All entries of the journal, and of a newer one that did not take its place yet.
pub(crate) fn read(dir: &SampleDir) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for name in NAMES {
        match dir.open_read(name) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).or_fail(Kind::Disk, || format!("read {name}"))?;
                entries.extend(journal::decode(&bytes));
            }
            Err(e) if e.kind() == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(entries)
}

fn create_new(dir: &SampleDir) -> Result<File> {
    dir.unlink(NEW)?;
    let file = dir.create(NEW)?;
    dir.append(&file, &mut [IoSlice::new(MAGIC)]).or_fail(Kind::Disk, || format!("write {NEW}"))?;
    Ok(file)
}

/// The journal and its successor, in the order in which they are read.
pub(crate) const NAMES: [&str; 2] = [NAME, NEW];
const NAME: &str = "journal";
const NEW: &str = "journal.new";
/// A few minutes of six streams.
const RENEW_AT: u64 = 256 << 10;
