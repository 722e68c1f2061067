//! `SampleDir`: the directory of film, opened once; all its files are opened relative to its descriptor.

mod entry;
mod identity;

use crate::base::{Error, Kind, RecordingId, Result, ResultExt};
use crate::store::capacity::FileSystem;
use crate::store::old_file::OldNames;
pub(crate) use entry::Entry;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{self, OFlag, OpenHow, ResolveFlag};
use nix::libc;
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, UnlinkatFlags};
use rustix::fs::{AtFlags, Stat};
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use uuid::Uuid;

/// An open directory of film. Nothing here asks the database anything, and the other way round (Fa22).
#[derive(Debug)]
pub(crate) struct SampleDir {
    path: PathBuf,
    fd: OwnedFd,
    /// The open identity file, locked against a second daemon unless opened for reading only.
    identity: Option<(Uuid, File)>,
    /// What the original system called its files.
    old: OnceLock<OldNames>,
    /// There is an identity file, but it is empty, cut off or has zeros in it.
    torn: bool,
    /// Something was written since the last sync began.
    dirty: AtomicBool,
    /// How often the file system was synced.
    syncs: AtomicU64,
    #[cfg(test)]
    faults: std::sync::Arc<tests::faults::Faults>,
}

/// What a directory asks of the disk; for tests, which let it be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    Open,
    Create,
    Read,
    Append,
    Cut,
    List,
    Stat,
    Unlink,
    Rename,
    SyncFile,
    SyncNames,
    Sync,
}

impl SampleDir {
    /// The file that holds the directory's uuid.
    pub(crate) const IDENTITY: &'static str = "lunette-dir";
    /// What a file's name begins with after it was set aside.
    pub(crate) const ASIDE: &'static str = "aside.";

    /// Opens the directory, and takes its lock if it has an identity and `lock` is wished.
    ///
    /// `NotFound` when there is no such directory, `Conflict` when another process holds the lock.
    pub(crate) fn open(path: &Path, lock: bool) -> Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = fcntl::open(path, flags, Mode::empty()).map_err(|e| match e {
            Errno::ENOENT => Error::new(Kind::NotFound, format!("there is no sample directory {}", path.display())),
            e => Error::caused(Kind::Disk, format!("open sample directory {}", path.display()), e),
        })?;
        let mut dir = Self {
            path: path.to_owned(),
            fd,
            identity: None,
            old: OnceLock::new(),
            torn: false,
            dirty: AtomicBool::new(false),
            syncs: AtomicU64::new(0),
            #[cfg(test)]
            faults: tests::faults::Faults::of(path),
        };
        dir.about_to(Op::Open, "").or_fail(Kind::Disk, || format!("open sample directory {}", path.display()))?;
        dir.identity = match dir.open_read(Self::IDENTITY) {
            Ok(file) => dir.identify(file, lock)?,
            Err(e) if e.kind() == Kind::NotFound => None,
            Err(e) => return Err(e),
        };
        Ok(dir)
    }

    /// The original system's names, once they are known; until then its files are strangers.
    pub(crate) fn set_old_names(&self, files: Vec<(RecordingId, Uuid)>) {
        // They never become more.
        let _ = self.old.set(OldNames::new(files));
    }

    /// The name of a recording's sample file.
    pub(crate) fn file_name(&self, id: RecordingId) -> String {
        self.old.get().and_then(|old| old.name(id)).unwrap_or_else(|| id.file_name())
    }

    fn old_id(&self, name: &str) -> Option<RecordingId> {
        self.old.get()?.id(name)
    }

    fn entry(&self, name: String, stat: &Stat) -> Entry {
        Entry { old: self.old_id(&name), ..Entry::new(name, stat) }
    }

    /// Where it was found, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path leads to it still: `NotFound` where it leads to nothing, or elsewhere. What is opened stays usable
    /// either way. A disk that does not tell is left where it is.
    pub(crate) fn must_be_in_place(&self) -> Result<()> {
        let path = self.path.display();
        let Ok(ours) = rustix::fs::fstat(&self.fd) else { return Ok(()) };
        match rustix::fs::stat(&self.path) {
            Ok(found) if (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino) => Ok(()),
            Ok(_) => {
                Err(Error::new(Kind::NotFound, format!("another directory or disk has taken the place of {path}")))
            }
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                Err(Error::new(Kind::NotFound, format!("the sample directory {path} has vanished")))
            }
            Err(_) => Ok(()),
        }
    }

    /// Where tests put faults.
    #[cfg_attr(not(test), inline(always))]
    fn about_to(&self, op: Op, name: &str) -> nix::Result<()> {
        #[cfg(test)]
        return self.faults.hit(op, name);
        #[cfg(not(test))]
        return {
            let _ = (op, name);
            Ok(())
        };
    }

    /// Does what changes something on the disk. A sync that begins before it is done covers nothing of it for certain,
    /// so it is dirty afterwards whoever synced meanwhile; and it is before, for what is half done when it fails.
    fn changing<T>(&self, change: impl FnOnce() -> T) -> T {
        self.dirty.store(true, Ordering::Release);
        let done = change();
        self.dirty.store(true, Ordering::Release);
        done
    }

    /// Creates a file that did not exist, to be appended to only.
    pub(crate) fn create(&self, name: &str) -> Result<File> {
        self.create_for(name, GROUP_READS)
    }

    fn create_for(&self, name: &str, mode: Mode) -> Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_APPEND;
        let asked = self.about_to(Op::Create, name);
        let created = asked.and_then(|()| self.changing(|| self.open_file(name, flags, mode)));
        created.map_err(io::Error::from).or_fail(Kind::Disk, || format!("create {name}"))
    }

    /// Opens a file for reading. `NotFound` when it is not there.
    pub(crate) fn open_read(&self, name: &str) -> Result<File> {
        let opened = self.about_to(Op::Read, name).and_then(|()| self.open_file(name, OFlag::O_RDONLY, Mode::empty()));
        opened.map_err(|e| on_open(name, e))
    }

    /// Opens a file for reading if its name is in the kernel's memory, so that no disk is asked; `None` when it is not,
    /// or the kernel is older than Linux 5.12, or something is wrong: [`Self::open_read`] says what.
    pub(crate) fn open_at_hand(&self, name: &str) -> Option<File> {
        let cached = ResolveFlag::from_bits_retain(libc::RESOLVE_CACHED);
        let how = OpenHow::new().flags(OFlag::O_RDONLY | FILE_FLAGS).resolve(cached);
        fcntl::openat2(&self.fd, name, how).ok().map(File::from)
    }

    /// Opens a file to be read from the disk itself, past the kernel's memory, and says whether that can be done here.
    /// Nothing is written for it, not even when it was read. `NotFound` when it is not there.
    pub(crate) fn open_past_cache(&self, name: &str) -> Result<(File, bool)> {
        let mut flags = OFlag::O_DIRECT | OFlag::O_NOATIME;
        self.about_to(Op::Read, name).map_err(|e| on_open(name, e))?;
        loop {
            match self.open_file(name, OFlag::O_RDONLY | flags, Mode::empty()) {
                Ok(file) => return Ok((file, flags.contains(OFlag::O_DIRECT))),
                // Another user's file.
                Err(Errno::EPERM) if flags.contains(OFlag::O_NOATIME) => flags.remove(OFlag::O_NOATIME),
                // A file system that has no other way than through memory.
                Err(Errno::EINVAL) if flags.contains(OFlag::O_DIRECT) => flags.remove(OFlag::O_DIRECT),
                Err(e) => return Err(on_open(name, e)),
            }
        }
    }

    /// Opens a file that exists for reading, cutting and appending; only recovery does so.
    pub(crate) fn open_append(&self, name: &str) -> Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_APPEND;
        let opened = self.about_to(Op::Read, name).and_then(|()| self.open_file(name, flags, Mode::empty()));
        opened.map_err(|e| on_open(name, e))
    }

    fn open_file(&self, name: &str, flags: OFlag, mode: Mode) -> nix::Result<File> {
        fcntl::openat(&self.fd, name, flags | FILE_FLAGS, mode).map(File::from)
    }

    /// Writes all of the slices to the end of a file, without copying them together.
    pub(crate) fn append(&self, file: &File, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        self.about_to(Op::Append, "").inspect_err(|_| self.append_half(file, slices))?;
        self.changing(|| write_all(file, slices))
    }

    /// A write that fails may have written a part.
    #[cfg_attr(not(test), inline(always))]
    fn append_half(&self, file: &File, slices: &[IoSlice<'_>]) {
        #[cfg(test)]
        self.faults.append_half(file, slices);
        #[cfg(not(test))]
        let _ = (file, slices);
    }

    /// Cuts a file.
    pub(crate) fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        self.about_to(Op::Cut, "")?;
        self.changing(|| file.set_len(len))
    }

    /// Every entry, in the order of names. One that cannot be looked at is [hidden](Entry::hidden) and hides no other.
    pub(crate) fn list(&self) -> Result<Vec<Entry>> {
        let list = || -> nix::Result<Vec<Entry>> {
            self.about_to(Op::List, "")?;
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            let mut dir = Dir::openat(&self.fd, ".", flags, Mode::empty())?;
            let mut entries = Vec::new();
            for entry in dir.iter() {
                let entry = entry?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let shown = name.to_string_lossy().into_owned();
                let asked = self.about_to(Op::Stat, &shown);
                match asked.and_then(|()| self.look_at(name)) {
                    Ok(stat) => entries.push(self.entry(shown, &stat)),
                    Err(Errno::ENOENT) => {}
                    Err(e) => entries.push(Entry { old: self.old_id(&shown), ..Entry::hidden(shown, e) }),
                }
            }
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(entries)
        };
        list().or_fail(Kind::Disk, || format!("list {}", self.path.display()))
    }

    /// How full the file system is.
    pub(crate) fn file_system(&self) -> Result<FileSystem> {
        #[cfg(test)]
        if let Some(fake) = self.faults.file_system() {
            return Ok(fake);
        }
        let asked = self.about_to(Op::Stat, "").map_err(io::Error::from);
        let stat = asked.and_then(|()| Ok(rustix::fs::fstatvfs(&self.fd)?));
        let stat = stat.or_fail(Kind::Disk, || format!("ask how full the disk of {} is", self.path.display()))?;
        Ok(FileSystem {
            unit: stat.f_frsize,
            blocks: stat.f_blocks,
            free_blocks: stat.f_bfree,
            available_blocks: stat.f_bavail,
        })
    }

    /// Its own stat in 64 bits: a 32-bit program's usual one fails on a file whose number is beyond 4 G, as large disks have.
    fn look_at(&self, name: impl rustix::path::Arg) -> nix::Result<Stat> {
        let looked = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW);
        looked.map_err(|e| Errno::from_raw(e.raw_os_error()))
    }

    /// Which device it is on.
    pub(crate) fn device(&self) -> Result<u64> {
        let stat = rustix::fs::fstat(&self.fd).map_err(io::Error::from);
        Ok(stat.or_fail(Kind::Disk, || format!("stat {}", self.path.display()))?.st_dev)
    }

    /// One entry by name; `None` when it is not there.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<Entry>> {
        let asked = self.about_to(Op::Stat, name);
        match asked.and_then(|()| self.look_at(name)) {
            Ok(stat) => Ok(Some(self.entry(name.to_owned(), &stat))),
            Err(Errno::ENOENT) => Ok(None),
            Err(e) => Err(Error::caused(Kind::Disk, format!("stat {name}"), e)),
        }
    }

    /// Removes a file; false when it was not there.
    pub(crate) fn unlink(&self, name: &str) -> Result<bool> {
        self.about_to(Op::Unlink, name).or_fail(Kind::Disk, || format!("unlink {name}"))?;
        match self.changing(|| unistd::unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir)) {
            Ok(()) => {
                #[cfg(test)]
                if RecordingId::from_file_name(name).is_some() {
                    self.faults.note_unlinked();
                }
                Ok(true)
            }
            Err(Errno::ENOENT) => Ok(false),
            Err(e) => Err(Error::caused(Kind::Disk, format!("unlink {name}"), e)),
        }
    }

    /// Renames a file; another one of the new name is replaced.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.about_to(Op::Rename, from)
            .and_then(|()| self.changing(|| fcntl::renameat(&self.fd, from, &self.fd, to)))
            .or_fail(Kind::Disk, || format!("rename {from} to {to}"))
    }

    /// Says who may read and write a file, which is no link.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) -> Result<()> {
        let mode = Mode::from_bits_truncate(mode);
        let change = || stat::fchmodat(&self.fd, name, mode, stat::FchmodatFlags::FollowSymlink);
        self.changing(change).or_fail(Kind::Disk, || format!("change the mode of {name}"))
    }

    /// Moves something out of the way under a name that nobody reads, and returns that name. Never replaces anything.
    pub(crate) fn set_aside(&self, name: &str) -> Result<String> {
        let mut aside = format!("{}{name}", Self::ASIDE);
        let mut n = 1;
        while self.stat(&aside)?.is_some() {
            n += 1;
            aside = format!("{}{name}.{n}", Self::ASIDE);
        }
        self.rename(name, &aside)?;
        Ok(aside)
    }

    /// Puts a whole small file that only its owner may read into place; see [`Self::replace`].
    pub(crate) fn replace_private(&self, name: &str, data: &[u8]) -> Result<()> {
        self.replace(name, data, OWNER_ONLY)
    }

    /// Puts a whole small file into place, so that after a power cut it is either the old one or the new one.
    fn replace(&self, name: &str, data: &[u8], mode: Mode) -> Result<()> {
        let new = format!("{name}.new");
        self.unlink(&new)?;
        let file = self.create_for(&new, mode)?;
        self.append(&file, &mut [IoSlice::new(data)])
            .and_then(|()| Ok(self.about_to(Op::SyncFile, &new)?))
            .and_then(|()| file.sync_all())
            .or_fail(Kind::Disk, || format!("write {new}"))?;
        self.rename(&new, name)?;
        self.sync_names()
    }

    /// Makes the directory's names durable, and nothing else.
    pub(crate) fn sync_names(&self) -> Result<()> {
        let sync = self.about_to(Op::SyncNames, "").and_then(|()| unistd::fsync(&self.fd));
        sync.or_fail(Kind::Disk, || format!("sync {}", self.path.display()))
    }

    /// How often the file system was synced since it was opened.
    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Makes all that was written to this file system durable: film, names and journal. Takes long, unless nothing
    /// was written here since the last time. After a failure, what was written before may be on the disk or not.
    pub(crate) fn sync_all(&self) -> Result<()> {
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let synced = self.about_to(Op::Sync, "").and_then(|()| unistd::syncfs(&self.fd));
        #[cfg(test)]
        self.faults.synced(synced.is_ok(), &self.path);
        let synced = synced
            .map_err(io::Error::from)
            .or_fail(Kind::Disk, || format!("sync the file system of {}", self.path.display()));
        if synced.is_err() {
            self.dirty.store(true, Ordering::Release);
        }
        synced
    }
}

fn write_all(mut file: &File, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let most = slices.len().min(IOV_MAX);
        match file.write_vectored(&slices[..most]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut slices, n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn on_open(name: &str, e: Errno) -> Error {
    let kind = if e == Errno::ENOENT { Kind::NotFound } else { Kind::Disk };
    Error::caused(kind, format!("open {name}"), e)
}

/// Of all files that are opened. They may be larger than 2 GiB on 32-bit machines too.
const FILE_FLAGS: OFlag = OFlag::O_CLOEXEC.union(OFlag::O_NOFOLLOW).union(OFlag::O_LARGEFILE);
/// Mode 0600.
const OWNER_ONLY: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
/// Mode 0640: who makes backups need not be who records.
const GROUP_READS: Mode = OWNER_ONLY.union(Mode::S_IRGRP);
/// Slices that one `writev` takes (POSIX's `IOV_MAX` is 1024 on Linux).
const IOV_MAX: usize = 1024;

#[cfg(test)]
pub(crate) mod tests;
