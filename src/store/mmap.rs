//! `Mapping`: a piece of a file in memory, mapped and read in beforehand. The only `unsafe` code.

use crate::base::{Error, Kind, Result, ResultExt};
use memmap2::{Advice, Mmap, MmapOptions};
use nix::fcntl::AtFlags;
use nix::libc;
use nix::unistd::{AccessFlags, faccessat, geteuid};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::OnceLock;

/// Bytes of a file. Nobody changes them as long as this lives: film on file is never written again.
#[derive(Debug)]
pub(super) enum Mapping {
    /// Pages of the file itself.
    Mapped(Mmap),
    /// A copy.
    Read(Vec<u8>),
}

impl Mapping {
    /// The most that one holds.
    pub(super) const MAX: usize = 1 << 20;

    /// Maps `len` bytes and reads them in, or copies them where the kernel cannot say whether that went well. Blocks
    /// on the disk. `Corrupt` when the file is shorter, `BadInput` when more than [`Self::MAX`] or nothing is asked.
    ///
    /// A mapped window must only be handed to the kernel (a write to a socket): if the disk dies or somebody cuts the
    /// file meanwhile, the kernel's touch is an `EFAULT`, ours would be a `SIGBUS`.
    pub(super) fn map(file: &File, offset: u64, len: usize) -> Result<Self> {
        bound(file, offset, len)?;
        // SAFETY: `bound` has checked that the range ends within the file, and `len` is not 0. Film that is written is
        // never changed again: the daemon only appends, the directory is locked against a second one, and what recovery
        // cuts was never listed. A file cut by a stranger makes a touch a SIGBUS, which is why the pages are populated
        // here, where a failure is an error value, and why callers give the bytes to the kernel only.
        let map = unsafe { MmapOptions::new().offset(offset).len(len).no_reserve_swap().map(file) };
        match map.and_then(|map| populate(&map).map(|()| map)) {
            Ok(map) => Ok(Self::Mapped(map)),
            Err(_) => Self::read(file, offset, len),
        }
    }

    /// Maps `len` bytes if all of them are in the page cache, so that the kernel can hand them on at once; `None` when
    /// the disk would have to be asked, or the kernel does not tell. Only for a file of which it tells the truth, see
    /// [`tells_residency`]. Does not block. Fails, and is to be used, as [`Self::map`] says.
    pub(super) fn map_cached(file: &File, file_len: u64, offset: u64, len: usize) -> Result<Option<Self>> {
        within(file_len, offset, len)?;
        // SAFETY: as in `map`. The pages are not populated: they are the kernel's to look at, in any case.
        let map = unsafe { MmapOptions::new().offset(offset).len(len).no_reserve_swap().map(file) };
        Ok(map.ok().filter(|map| is_at_hand(file, offset, map)).map(Self::Mapped))
    }

    /// They are pages of the file.
    pub(super) fn is_mapped(&self) -> bool {
        matches!(self, Self::Mapped(_))
    }

    /// Copies `len` bytes; for whatever looks at them in user space. Fails as [`Self::map`] does.
    pub(super) fn read(file: &File, offset: u64, len: usize) -> Result<Self> {
        bound(file, offset, len)?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, offset).or_fail(Kind::Disk, || format!("read {len} bytes at {offset}"))?;
        Ok(Self::Read(bytes))
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

/// The kernel says of this file which of its pages are in the page cache. To who neither owns it nor may write it, Linux
/// (5.2 and later) says that all are.
pub(super) fn tells_residency(file: &File, meta: Option<&Metadata>) -> bool {
    let owned = meta.is_some_and(|meta| meta.uid() == geteuid().as_raw());
    // Where the call does not know these flags it fails, which is the safe side.
    let flags = AtFlags::AT_EACCESS | AtFlags::AT_EMPTY_PATH;
    owned || faccessat(file, c"", AccessFlags::W_OK, flags).is_ok()
}

/// The kernel can hand on these bytes of a file, which `map` holds, without asking a disk just now.
///
/// To ask for each page costs more than all else that sending it does. So pages are counted, which is quick (Linux 6.5),
/// and of each stretch that a disk is read by, one is asked for: what is on its way from the disk counts, too.
pub(super) fn is_at_hand(file: &File, offset: u64, map: &[u8]) -> bool {
    let page = page_size();
    let first = offset / page as u64;
    let pages = (offset + map.len() as u64).div_ceil(page as u64) - first;
    match cached_pages(file, offset, map.len()) {
        Some(cached) if cached == pages => {
            let last = map.len().saturating_sub(1);
            let asked = (0..map.len()).step_by(READ_AHEAD).chain([last]);
            asked.into_iter().all(|at| is_resident(&map[at..(at + 1).min(map.len())]))
        }
        Some(_) => false,
        None => is_resident(map),
    }
}

/// How many of the pages under these bytes of a file are in the page cache, read in or about to be; `None` where the kernel
/// does not tell.
pub(super) fn cached_pages(file: &File, offset: u64, len: usize) -> Option<u64> {
    #[repr(C)]
    struct Range {
        offset: u64,
        len: u64,
    }
    /// Pages in the cache, dirty, under writeback, evicted, evicted lately.
    type Told = [u64; 5];
    let range = Range { offset, len: len as u64 };
    let mut told: Told = [0; 5];
    // SAFETY: the call reads `range` and writes `told`, which are as cachestat(2) has them, and keeps neither.
    let done = unsafe { libc::syscall(CACHESTAT, file.as_raw_fd(), &raw const range, &raw mut told, 0) };
    (done == 0).then_some(told[0])
}

/// From now on the disk works for this thread when it has nothing else to do, where its scheduler minds that. A hint.
pub(super) fn ask_the_disk_last() {
    // ioprio_set(2): of a process; 0 is the calling thread; class idle.
    let (who, whom, idle) = (1, 0, 3 << 13);
    // SAFETY: three numbers, no memory.
    let _ = unsafe { libc::syscall(libc::SYS_ioprio_set, who, whom, idle) };
}

/// cachestat(2), on all processors that we build for.
const CACHESTAT: libc::c_long = 451;

/// What Linux reads ahead by default.
const READ_AHEAD: usize = 128 << 10;

/// Every page of these bytes is in memory just now: for a map, in the page cache. `false` for more than a window.
fn is_resident(bytes: &[u8]) -> bool {
    // A map may begin within a page; the call wants the page's start.
    let page = page_size();
    let within = bytes.as_ptr().addr() % page;
    let len = within + bytes.len();
    let mut pages = [0u8; Mapping::MAX / MIN_PAGE + 2];
    let Some(pages) = pages.get_mut(..len.div_ceil(page)) else { return false };
    let start = bytes.as_ptr().wrapping_byte_sub(within).cast_mut().cast();
    // SAFETY: the call writes a byte for each page of the range to `pages`, which is exactly as long; the range is that
    // of bytes that live, and nothing in it is read or written.
    let told = unsafe { libc::mincore(start, len, pages.as_mut_ptr()) };
    told == 0 && pages.iter().all(|page| page & 1 == 1)
}

fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| match nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE) {
        Ok(Some(size)) if size as usize >= MIN_PAGE => size as usize,
        // No page is as large: then nothing is known of the cache.
        _ => usize::MAX / 2,
    })
}

/// The smallest that there is.
const MIN_PAGE: usize = 4096;

/// Reads all of a map in, and waits for it.
fn populate(map: &Mmap) -> io::Result<()> {
    // Asked for as one read of just these pages. By itself each fault would read around it as much as the disk's
    // read-ahead says, which may be megabytes on both sides of a seek. A hint: when it fails, populating does it all.
    let _ = map.advise(Advice::WillNeed);
    map.advise(Advice::PopulateRead)
}

/// The range is not empty, no more than a window, and ends within the file as it is now.
fn bound(file: &File, offset: u64, len: usize) -> Result<()> {
    within(file.metadata().or_fail(Kind::Disk, || "stat")?.len(), offset, len)
}

/// The range is not empty, no more than a window, and ends within so many bytes.
fn within(file_len: u64, offset: u64, len: usize) -> Result<()> {
    if len == 0 || len > Mapping::MAX {
        return Err(Error::new(Kind::BadInput, format!("a window of {len} bytes")));
    }
    match offset.checked_add(len as u64) {
        Some(end) if end <= file_len => Ok(()),
        _ => Err(Error::new(Kind::Corrupt, format!("{len} bytes at {offset} of a file of {file_len}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(len: usize) -> (File, Vec<u8>) {
        let data: Vec<u8> = (0..len).map(|i| (i * 31 / 7) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&data).unwrap();
        (file, data)
    }

    #[test]
    fn mapped_and_read_windows_hold_the_same_bytes_at_any_offset() {
        let (file, data) = file(3 << 20);
        for (offset, len) in [(0, 1), (4095, 2), (4096, 4096), (1_000_003, Mapping::MAX), ((3 << 20) - 5, 5)] {
            let want = &data[offset..offset + len];
            assert!(Mapping::map(&file, offset as u64, len).unwrap().as_ref() == want, "{offset}+{len}");
            assert!(Mapping::read(&file, offset as u64, len).unwrap().as_ref() == want, "{offset}+{len}");
        }
    }

    #[test]
    fn what_is_in_the_page_cache_is_mapped_at_once() {
        let (file, data) = file(3 << 20);
        for (offset, len) in [(0, 1), (4095, 2), (1_000_003, Mapping::MAX), ((3 << 20) - 5, 5)] {
            let map = Mapping::map_cached(&file, 3 << 20, offset as u64, len).unwrap().expect("it was just written");
            assert!(map.as_ref() == &data[offset..offset + len], "{offset}+{len}");
        }
        assert_eq!(Mapping::map_cached(&file, 3 << 20, 3 << 20, 1).unwrap_err().kind(), Kind::Corrupt);
        // A hole was never read.
        file.set_len(8 << 20).unwrap();
        assert!(Mapping::map_cached(&file, 8 << 20, 5 << 20, 1 << 20).unwrap().is_none());
        assert!(Mapping::map_cached(&file, 8 << 20, (3 << 20) - 4096, 1 << 20).unwrap().is_none());
    }

    #[test]
    fn of_a_strangers_file_the_kernel_tells_nothing() {
        let tells = |file: File| tells_residency(&file, file.metadata().ok().as_ref());
        assert!(tells(file(1).0));
        let strangers = File::open("/etc/passwd").unwrap();
        assert_eq!(tells(strangers), geteuid().is_root());
    }

    #[test]
    fn a_short_file_is_an_error_and_not_a_signal() {
        let (file, _) = file(5000);
        for (offset, len) in [(0, 5001), (4999, 2), (6000, 1), (u64::MAX, 1)] {
            assert_eq!(Mapping::map(&file, offset, len).unwrap_err().kind(), Kind::Corrupt);
            assert_eq!(Mapping::read(&file, offset, len).unwrap_err().kind(), Kind::Corrupt);
        }
        assert_eq!(Mapping::map(&file, 0, 0).unwrap_err().kind(), Kind::BadInput);
        assert_eq!(Mapping::map(&file, 0, Mapping::MAX + 1).unwrap_err().kind(), Kind::BadInput);
    }
}
