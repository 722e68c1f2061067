//! `Shelf`: which sample files are open, and which parts of them are mapped.

use super::{FileRange, Film, OpenFile};
use crate::base::{RecordingId, Result};
use crate::store::dir::SampleDir;
use crate::store::mmap::tells_residency;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// The files that are open for reading, each once.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    open: Mutex<HashMap<RecordingId, Weak<OpenFile>>>,
    /// Mapped windows by their address.
    windows: Mutex<BTreeMap<usize, Placed>>,
    pub(super) lingering_bytes: AtomicU64,
    /// Readers that wait for the disk, or may.
    waiting: AtomicUsize,
    /// How many ever did.
    waited: AtomicUsize,
}

/// A reader waits for the disk until this is dropped.
#[derive(Debug)]
pub(super) struct Waits<'a>(&'a Shelf);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is mapped at an address.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) len: usize,
    pub(super) offset: u64,
    pub(super) film: Weak<OpenFile>,
    /// When its pages were last known to be in the page cache.
    pub(super) seen: Instant,
}

impl Shelf {
    pub(super) fn lock_windows(&self) -> MutexGuard<'_, BTreeMap<usize, Placed>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn waits(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.waited.fetch_add(1, Ordering::Relaxed);
        Waits(self)
    }

    /// How many readers wait for the disk just now, and how many ever did: who is in no hurry lets them go first.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting.load(Ordering::Relaxed), self.waited.load(Ordering::Relaxed))
    }

    /// Where in a file these bytes lie, if they are a window's, or a part of one.
    pub(crate) fn file_range(&self, bytes: &[u8]) -> Option<FileRange> {
        let (address, len) = (bytes.as_ptr().addr(), bytes.len());
        let windows = self.lock_windows();
        let (start, window) = windows.range(..=address).next_back()?;
        let within = address - start;
        let is_part = len > 0 && within.checked_add(len).is_some_and(|end| end <= window.len);
        let film = if is_part { window.film.upgrade()? } else { return None };
        Some(FileRange { film, offset: window.offset + within as u64, len, window: *start, seen: window.seen })
    }

    /// How many windows are mapped, and how many bytes they are.
    pub(crate) fn mapped(&self) -> (usize, usize) {
        let windows = self.lock_windows();
        (windows.len(), windows.values().map(|window| window.len).sum())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<RecordingId, Weak<OpenFile>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the film of a recording, or shares it with whoever has it open. `NotFound` when there is no such file.
    pub(crate) fn open(self: &Arc<Self>, dir: &SampleDir, id: RecordingId) -> Result<Film> {
        if let Some(film) = self.find(id) {
            return Ok(film);
        }
        let _waits = self.waits();
        let file = dir.open_read(&dir.file_name(id)).map_err(|e| e.on(format!("recording {id}")))?;
        Ok(self.put(id, file))
    }

    /// The same, if no disk has to be asked for it.
    pub(crate) fn open_at_hand(self: &Arc<Self>, dir: &SampleDir, id: RecordingId) -> Option<Film> {
        self.find(id).or_else(|| Some(self.put(id, dir.open_at_hand(&dir.file_name(id))?)))
    }

    fn find(&self, id: RecordingId) -> Option<Film> {
        self.lock().get(&id).and_then(Weak::upgrade).map(Film)
    }

    fn put(self: &Arc<Self>, id: RecordingId, file: File) -> Film {
        let meta = file.metadata().ok();
        let tells_residency = tells_residency(&file, meta.as_ref());
        let film = Arc::new(OpenFile {
            id,
            file,
            tells_residency,
            known_len: AtomicU64::new(meta.map_or(0, |meta| meta.len())),
            shelf: self.clone(),
            lingering_bytes: AtomicU64::new(0),
        });
        self.lock().insert(id, Arc::downgrade(&film));
        Film(film)
    }

    /// The sample directory is gone: who asks from now on gets another one's files.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    /// A file was unlinked that weighed this much: as long as it is open, the disk does not get it back (Fd3).
    pub(crate) fn unlinked(&self, id: RecordingId, disk_bytes: u64) {
        if let Some(film) = self.lock().get(&id).and_then(Weak::upgrade) {
            film.lingering_bytes.store(disk_bytes, Ordering::Relaxed);
            self.lingering_bytes.fetch_add(disk_bytes, Ordering::Relaxed);
        }
    }

    /// Somebody has the file of a recording open.
    pub(crate) fn is_open(&self, id: RecordingId) -> bool {
        self.lock().get(&id).is_some_and(|film| film.strong_count() > 0)
    }

    /// How many files are open.
    pub(crate) fn open_files(&self) -> usize {
        self.lock().len()
    }

    /// What unlinked files still weigh on the disk because they are open.
    pub(crate) fn lingering_bytes(&self) -> u64 {
        self.lingering_bytes.load(Ordering::Relaxed)
    }
}
