//! `Film`: an open sample file, to be read; and the `Shelf` that knows which are open.

use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::store::dir::SampleDir;
use crate::store::mmap::{Mapping, is_at_hand, tells_residency};
use nix::errno::Errno;
use nix::libc;
use nix::sys::sendfile::sendfile64;
use socket2::SockRef;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
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

/// The files that are open for reading, each once.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    open: Mutex<HashMap<RecordingId, Weak<OpenFile>>>,
    /// Mapped windows by their address.
    windows: Mutex<BTreeMap<usize, Placed>>,
    lingering_bytes: AtomicU64,
    /// Readers that wait for the disk, or may.
    waiting: AtomicUsize,
    /// How many ever did.
    waited: AtomicUsize,
}

/// A reader waits for the disk until this is dropped.
#[derive(Debug)]
struct Waits<'a>(&'a Shelf);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is mapped at an address.
#[derive(Debug)]
struct Placed {
    len: usize,
    offset: u64,
    film: Weak<OpenFile>,
    /// When its pages were last known to be in the page cache.
    seen: Instant,
}

impl Shelf {
    fn lock_windows(&self) -> MutexGuard<'_, BTreeMap<usize, Placed>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waits(&self) -> Waits<'_> {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<RecordingId, Weak<OpenFile>>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;
    use bytes::Bytes;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    fn id() -> RecordingId {
        RecordingId::new(StreamId::new(3).unwrap(), 9)
    }

    fn shelf() -> (tempfile::TempDir, SampleDir, Arc<Shelf>) {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::write(tmp.path().join(id().file_name()), "0123456789").unwrap();
        let dir = SampleDir::open(tmp.path(), true).unwrap();
        (tmp, dir, Arc::default())
    }

    #[test]
    fn windows_are_shared_as_bytes() {
        let (_tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        let bytes = Bytes::from_owner(film.window(2, 5).unwrap());
        assert_eq!(&bytes.slice(1..3)[..], b"34");
        assert_eq!(film.copy(2, 5).unwrap().as_ref(), b"23456");
        let mut buffer = [0; 2];
        film.read_exact_at(&mut buffer, 8).unwrap();
        assert_eq!(&buffer, b"89");
        assert_eq!(film.file_len().unwrap(), 10);
    }

    #[test]
    fn a_part_of_a_window_goes_straight_from_its_file() {
        let (tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        let [other, bytes] = [(0, 3), (2, 8)].map(|(at, len)| Bytes::from_owner(film.window(at, len).unwrap()));
        if shelf.mapped() == (0, 0) {
            // An emulator, or a kernel before 5.14, cannot populate a map: windows are copies there.
            return;
        }
        let (reader, writer) = UnixStream::pair().unwrap();
        let sent = |bytes: &[u8]| shelf.file_range(bytes).map(|s| s.send(&writer).map_err(|e| e.to_string()));
        assert_eq!((sent(&bytes.slice(3..6)), sent(&other)), (Some(Ok(3)), Some(Ok(3))));
        let mut read = [0; 6];
        (&reader).read_exact(&mut read).unwrap();
        assert_eq!(&read, b"567012");
        assert_eq!(shelf.mapped(), (2, 11));
        assert!(sent(b"567").is_none() && sent(film.copy(5, 3).unwrap().as_ref()).is_none());
        std::fs::OpenOptions::new().write(true).open(tmp.path().join(id().file_name())).unwrap().set_len(4).unwrap();
        assert_eq!(sent(&bytes.slice(3..)), Some(Err("recording 3/9: at 5: its file ends before".into())));
        drop((bytes, other));
        assert_eq!(shelf.mapped(), (0, 0));
    }

    #[test]
    fn what_stands_before_film_goes_with_it_in_one_packet() {
        let (_tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        let Some(window) = film.cached_window(2, 5).unwrap() else { return };
        let range = shelf.file_range(window.as_ref()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let writer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        writer.set_nodelay(true).unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        assert_eq!(range.announce(&writer, &[IoSlice::new(b"he"), IoSlice::new(b"ad")]).unwrap(), 4);
        assert_eq!(range.send(&writer).unwrap(), 5);
        let mut read = [0; 20];
        assert_eq!(reader.read(&mut read).unwrap(), 9);
        assert_eq!(&read[..9], b"head23456");
    }

    #[test]
    fn a_file_at_hand_is_opened_without_asking_the_disk() {
        let (_tmp, dir, shelf) = shelf();
        let Some(film) = shelf.open_at_hand(&dir, id()) else { return }; // A kernel before 5.12.
        assert_eq!((film.id(), film.file_len().unwrap(), shelf.open_files()), (id(), 10, 1));
        let again = shelf.open(&dir, id()).unwrap();
        assert!(Arc::ptr_eq(&film.0, &again.0));
        let other = RecordingId::new(StreamId::new(3).unwrap(), 10);
        assert!(shelf.open_at_hand(&dir, other).is_none());
    }

    #[test]
    fn a_window_of_film_that_grew_is_found_and_one_beyond_it_is_not() {
        let (tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        assert!(film.cached_window(8, 3).is_err());
        let mut file = std::fs::OpenOptions::new().append(true).open(tmp.path().join(id().file_name())).unwrap();
        std::io::Write::write_all(&mut file, b"ab").unwrap();
        assert_eq!(film.cached_window(8, 3).unwrap().unwrap().as_ref(), b"89a");
        assert_eq!(film.cached_window(8, 5).unwrap_err().to_string(), "recording 3/9: 5 bytes at 8 of a file of 12");
    }

    #[test]
    fn a_window_that_waited_is_looked_at_again() {
        use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
        let (_tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        let window = film.cached_window(0, 10).unwrap().expect("it was just written");
        let range = || shelf.file_range(window.as_ref()).unwrap();
        let later = Instant::now() + 2 * FRESH;
        assert!(range().is_at_hand(window.as_ref(), later));
        let much_later = later + 2 * FRESH;
        film.0.file.sync_all().unwrap();
        posix_fadvise(&film.0.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
        if film.cached_window(0, 10).unwrap().is_some() {
            return; // This file system keeps all in memory.
        }
        assert!(range().is_at_hand(window.as_ref(), later), "nobody looked: it was there just now");
        assert!(!range().is_at_hand(window.as_ref(), much_later));
        range().read_in();
        assert!(range().is_at_hand(window.as_ref(), much_later));
    }

    #[test]
    fn a_short_file_is_an_error_that_names_the_recording() {
        let (_tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        assert_eq!(film.window(8, 3).unwrap_err().to_string(), "recording 3/9: 3 bytes at 8 of a file of 10");
        assert_eq!(film.read_exact_at(&mut [0; 3], 8).unwrap_err().kind(), Kind::Corrupt);
        let other = RecordingId::new(StreamId::new(3).unwrap(), 10);
        assert_eq!(shelf.open(&dir, other).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn an_unlinked_file_weighs_until_its_last_window_is_gone() {
        let (_tmp, dir, shelf) = shelf();
        let film = shelf.open(&dir, id()).unwrap();
        let again = shelf.open(&dir, id()).unwrap();
        assert_eq!(shelf.open_files(), 1);
        dir.unlink(&id().file_name()).unwrap();
        shelf.unlinked(id(), 4096);
        let window = film.window(0, 10).unwrap();
        drop((film, again));
        assert_eq!((shelf.open_files(), shelf.lingering_bytes()), (1, 4096));
        assert_eq!(window.as_ref(), b"0123456789");
        drop(window);
        assert_eq!((shelf.open_files(), shelf.lingering_bytes()), (0, 0));
    }
}
