//! `Direct`: a file read from its disk, and not from the kernel's memory.

use crate::base::Result;
use crate::store::dir::SampleDir;
use crate::store::mmap;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use rustix::fs::Advice;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;

/// An open file, with room for a piece of it. What others have in the kernel's memory stays there, and nothing is added.
#[derive(Debug)]
pub(super) struct Direct {
    file: File,
    /// The kernel's memory is passed by. Where it is not, film that somebody has read lately comes from there.
    past_cache: bool,
    room: Vec<u8>,
    /// Where the piece is in it: disks want their pages to lie so.
    start: usize,
}

impl Direct {
    /// As much as is read at once: what a disk is kept from others by. A multiple of [`ALIGNMENT`].
    pub(super) const PIECE: usize = 128 << 10;

    /// `NotFound` when there is no such file.
    pub(super) fn open(dir: &SampleDir, name: &str) -> Result<Self> {
        let (file, past_cache) = dir.open_past_cache(name)?;
        let room = vec![0; Self::PIECE + ALIGNMENT];
        let start = room.as_ptr().align_offset(ALIGNMENT);
        let direct = Self { file, past_cache, room, start };
        if !past_cache {
            direct.read_no_more();
        }
        Ok(direct)
    }

    /// The next bytes from `offset` on, a multiple of [`ALIGNMENT`]: a whole piece, or what there is before the end.
    pub(super) fn read(&mut self, offset: u64) -> io::Result<&[u8]> {
        let foreign = self.past_cache || mmap::cached_pages(&self.file, offset, Self::PIECE) != Some(0);
        let mut filled = 0;
        while filled < Self::PIECE {
            let room = &mut self.room[self.start + filled..self.start + Self::PIECE];
            match self.file.read_at(room, offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => {
                    filled += n;
                    // Only the end of a file is no whole page.
                    if n % ALIGNMENT != 0 {
                        break;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if self.past_cache && e.raw_os_error() == Some(Errno::EINVAL as i32) => {
                    self.go_through_cache()?
                }
                Err(e) => return Err(e),
            }
        }
        if !foreign {
            // A hint. Rustix' takes 64 bits on every machine, nix' does not.
            let _ = rustix::fs::fadvise(&self.file, offset, NonZeroU64::new(Self::PIECE as u64), Advice::DontNeed);
        }
        Ok(&self.room[self.start..self.start + filled])
    }

    /// A file system may say that late.
    fn go_through_cache(&mut self) -> io::Result<()> {
        fcntl(&self.file, FcntlArg::F_SETFL(OFlag::O_RDONLY))?;
        self.past_cache = false;
        self.read_no_more();
        Ok(())
    }

    /// The kernel shall not read ahead: that would stay in its memory.
    fn read_no_more(&self) {
        // A hint.
        let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::Random);
    }
}

/// No disk wants larger pages.
pub(super) const ALIGNMENT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;
    use std::path::Path;

    const NAME: &str = "0000000100000001";

    /// On a real disk, where the machine has one, and in memory.
    fn places() -> Vec<tempfile::TempDir> {
        let on = |path: &str| tempfile::tempdir_in(path).ok();
        [on(env!("CARGO_MANIFEST_DIR")), on("/dev/shm")].into_iter().flatten().collect()
    }

    fn read_all(path: &Path) -> Vec<u8> {
        let mut direct = Direct::open(&SampleDir::open(path, false).unwrap(), NAME).unwrap();
        let mut all = Vec::new();
        loop {
            let piece = direct.read(all.len() as u64).unwrap().to_vec();
            all.extend_from_slice(&piece);
            if piece.len() < Direct::PIECE {
                return all;
            }
        }
    }

    #[test]
    fn all_of_a_file_is_read_whatever_its_length_and_file_system() {
        for place in places() {
            for len in [0, 1, ALIGNMENT, ALIGNMENT + 1, Direct::PIECE - 1, Direct::PIECE, 3 * Direct::PIECE + 77] {
                let film: Vec<u8> = (0..len).map(|i| (i * 31 / 7) as u8).collect();
                std::fs::write(place.path().join(NAME), &film).unwrap();
                assert!(read_all(place.path()) == film, "{len} in {}", place.path().display());
            }
        }
    }

    #[test]
    fn what_others_read_stays_in_memory_and_nothing_is_added() {
        let place = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        std::fs::write(place.path().join(NAME), vec![7; 2 * Direct::PIECE]).unwrap();
        let file = File::open(place.path().join(NAME)).unwrap();
        file.sync_all().unwrap();
        let cached = || mmap::cached_pages(&file, 0, 2 * Direct::PIECE);
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        if cached() != Some(0) {
            return; // A kernel before 6.5, or a file system that keeps all in memory.
        }
        assert_eq!(read_all(place.path()).len(), 2 * Direct::PIECE);
        assert_eq!(cached(), Some(0), "nothing is added");
        // The same through the kernel's memory.
        let mut direct = Direct::open(&SampleDir::open(place.path(), false).unwrap(), NAME).unwrap();
        direct.go_through_cache().unwrap();
        assert_eq!(direct.read(0).unwrap().len(), Direct::PIECE);
        assert_eq!(cached(), Some(0), "nothing is added");
        rustix::fs::fadvise(&file, 0, None, Advice::Random).unwrap();
        file.read_exact_at(&mut [0; ALIGNMENT], 0).unwrap();
        let theirs = cached();
        assert!(theirs > Some(0));
        direct.read(0).unwrap();
        read_all(place.path());
        assert!(cached() >= theirs, "it stays");
    }

    #[test]
    fn a_file_that_is_gone_is_not_found() {
        let place = tempfile::tempdir().unwrap();
        let dir = SampleDir::open(place.path(), false).unwrap();
        assert_eq!(Direct::open(&dir, NAME).unwrap_err().kind(), Kind::NotFound);
    }
}
