//! `Mapping`: a piece of a file in memory, mapped and read in beforehand. The only `unsafe` code.

use crate::base::{Error, Kind, Result, ResultExt};
use memmap2::{Advice, Mmap, MmapOptions};
use std::fs::File;
use std::os::unix::fs::FileExt;

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
        match map.and_then(|map| map.advise(Advice::PopulateRead).map(|()| map)) {
            Ok(map) => Ok(Self::Mapped(map)),
            Err(_) => Self::read(file, offset, len),
        }
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

/// The range is not empty, no more than a window, and ends within the file as it is now.
fn bound(file: &File, offset: u64, len: usize) -> Result<()> {
    if len == 0 || len > Mapping::MAX {
        return Err(Error::new(Kind::BadInput, format!("a window of {len} bytes")));
    }
    let file_len = file.metadata().or_fail(Kind::Disk, || "stat")?.len();
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
