//! `Film`: an open sample file, to be read.

mod shelf;

use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::store::mmap::{Mapping, is_at_hand};
use nix::errno::Errno;
use nix::libc;
use nix::sys::sendfile::sendfile64;
use shelf::Placed;
pub(crate) use shelf::Shelf;
use socket2::SockRef;
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The film of one recording, growing or closed, open until the last clone and the last of its windows are dropped. It
/// stays readable when the recording is deleted meanwhile.
#[derive(Clone, Debug)]
pub struct Film(Arc<OpenFile>);

#[derive(Debug)]
struct OpenFile {
    id: RecordingId,
    file: File,
    /// The kernel says which of its pages are in the page cache.
    tells_residency: bool,
    /// So long it was when somebody looked, or longer by now: film only grows.
    known_len: AtomicU64,
    shelf: Arc<Shelf>,
    /// What it still weighs on the disk although it has no name any more.
    lingering_bytes: AtomicU64,
}

impl Film {
    /// Which recording it is of.
    pub fn id(&self) -> RecordingId {
        self.0.id
    }

    /// Bytes `offset..offset + len`, mapped and read in; 1 to [`Window::MAX`] of them. Blocks on the disk. For the
    /// kernel's eyes only, such as a write to a plain socket: see [`Self::copy`] for everything else.
    ///
    /// `Corrupt` when the file is shorter, `BadInput` when that is no window.
    pub fn window(&self, offset: u64, len: usize) -> Result<Window> {
        let _waits = self.0.shelf.waits();
        Ok(self.open_window(self.named(Mapping::map(&self.0.file, offset, len))?, offset))
    }

    /// The same window if its bytes are in the page cache, else `None`, or where that is not told: then [`Self::window`]
    /// reads them. Does not block.
    pub fn cached_window(&self, offset: u64, len: usize) -> Result<Option<Window>> {
        if !self.0.tells_residency {
            return Ok(None);
        }
        let file_len = self.len_to(offset.saturating_add(len as u64))?;
        let mapping = self.named(Mapping::map_cached(&self.0.file, file_len, offset, len))?;
        Ok(mapping.map(|mapping| self.open_window(mapping, offset)))
    }

    /// The same bytes as a copy, which code of ours may look at: TLS, hashing, export. Blocks and fails as
    /// [`Self::window`] does.
    pub fn copy(&self, offset: u64, len: usize) -> Result<Window> {
        let _waits = self.0.shelf.waits();
        Ok(self.open_window(self.named(Mapping::read(&self.0.file, offset, len))?, offset))
    }

    fn named<T>(&self, mapping: Result<T>) -> Result<T> {
        mapping.map_err(|e| e.on(format!("recording {}", self.0.id)))
    }

    fn open_window(&self, mapping: Mapping, offset: u64) -> Window {
        let window = Window { mapping, film: self.clone() };
        if window.mapping.is_mapped() {
            let placed =
                Placed { len: window.as_ref().len(), offset, film: Arc::downgrade(&self.0), seen: Instant::now() };
            self.0.shelf.lock_windows().insert(window.address(), placed);
        }
        window
    }

    /// Fills the buffer from `offset` on. Blocks on the disk. `Corrupt` when the file is shorter.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let _waits = self.0.shelf.waits();
        self.0.file.read_exact_at(buffer, offset).map_err(|e| {
            let short = e.kind() == std::io::ErrorKind::UnexpectedEof;
            let kind = if short { Kind::Corrupt } else { Kind::Disk };
            Error::caused(kind, format!("recording {}: read at {offset}", self.0.id), e)
        })
    }

    /// How long the file is, looked up anew only if it was shorter than `end` when it was opened or looked at: film that
    /// is cut while it is open is found out when it is sent.
    pub fn len_to(&self, end: u64) -> Result<u64> {
        match self.0.known_len.load(Ordering::Relaxed) {
            known if known >= end => Ok(known),
            _ => self.file_len(),
        }
    }

    /// How long the file is just now, the trailer of a closed one included.
    pub fn file_len(&self) -> Result<u64> {
        let len = self.0.file.metadata().or_fail(Kind::Disk, || format!("recording {}: stat", self.0.id))?.len();
        self.0.known_len.store(len, Ordering::Relaxed);
        Ok(len)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let mut open = self.shelf.lock();
        // It may be open anew by now.
        if open.get(&self.id).is_some_and(|film| film.strong_count() == 0) {
            open.remove(&self.id);
        }
        drop(open);
        self.shelf.lingering_bytes.fetch_sub(self.lingering_bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Bytes of film, unchanged for as long as this lives. `Bytes::from_owner(window)` shares them without a copy. It is
/// dropped when they were fully sent (Ff14): then the map goes, and with the last one the file is closed.
#[derive(Debug)]
pub struct Window {
    mapping: Mapping,
    film: Film,
}

impl Window {
    /// The most that one window holds.
    pub const MAX: usize = Mapping::MAX;
}

impl Window {
    fn address(&self) -> usize {
        self.mapping.as_ref().as_ptr().addr()
    }
}

impl Drop for Window {
    /// Before the map goes: nothing else can have its address until then.
    fn drop(&mut self) {
        if self.mapping.is_mapped() {
            self.film.0.shelf.lock_windows().remove(&self.address());
        }
    }
}

impl AsRef<[u8]> for Window {
    fn as_ref(&self) -> &[u8] {
        self.mapping.as_ref()
    }
}

/// Where in a sample file bytes lie that a mapped window shares.
#[derive(Clone, Debug)]
pub struct FileRange {
    film: Arc<OpenFile>,
    offset: u64,
    len: usize,
    /// The address of its window.
    window: usize,
    /// When the window's pages were last known to be in the page cache.
    seen: Instant,
}

/// What was in the page cache so lately is taken to be there still: the kernel drops last what was read last.
const FRESH: Duration = Duration::from_secs(1);

impl FileRange {
    /// To send it asks no disk, as far as the kernel tells: a window pins no pages, and a slow reader may leave it for
    /// minutes. `bytes` are those that this was found by.
    pub fn is_at_hand(&self, bytes: &[u8], now: Instant) -> bool {
        if now.saturating_duration_since(self.seen) < FRESH {
            return true;
        }
        let found = self.film.tells_residency && is_at_hand(&self.film.file, self.offset, bytes);
        if found {
            self.see(now);
        }
        found
    }

    /// Reads it in once more. Blocks on the disk. What cannot be read is told by [`Self::send`].
    pub fn read_in(&self) {
        let _waits = self.film.shelf.waits();
        let _ = Mapping::map(&self.film.file, self.offset, self.len);
        self.see(Instant::now());
    }

    fn see(&self, now: Instant) {
        if let Some(window) = self.film.shelf.lock_windows().get_mut(&self.window)
            && window.film.as_ptr() == Arc::as_ptr(&self.film)
        {
            window.seen = now;
        }
    }

    /// Sends what stands before it, as much of that as the socket takes; the kernel keeps it back, so that both go in one
    /// packet. For who sends this right after. For sockets that do not block.
    pub fn announce(&self, socket: impl AsFd, before: &[IoSlice<'_>]) -> io::Result<usize> {
        SockRef::from(&socket).send_vectored_with_flags(before, libc::MSG_MORE)
    }

    /// Sends a part of it, as much as the socket takes, without a copy: the window is only told by it. For sockets that
    /// do not block; `WouldBlock` when there is no room, `Other` when it is the file's fault.
    /// Blocks on the disk when the pages were dropped meanwhile: see [`Self::is_at_hand`].
    pub fn send(&self, socket: impl AsFd) -> io::Result<usize> {
        let mut offset = i64::try_from(self.offset).map_err(io::Error::other)?;
        let ours = |what: &str| io::Error::other(format!("recording {}: at {}: {what}", self.film.id, self.offset));
        match sendfile64(socket, &self.film.file, Some(&mut offset), self.len) {
            Ok(0) => Err(ours("its file ends before")),
            Ok(sent) => Ok(sent),
            Err(Errno::EIO) => Err(ours("its file cannot be read")),
            Err(e) => Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests;
