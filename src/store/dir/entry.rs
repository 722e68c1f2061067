//! `Entry`: one name in the directory of film, and what is known of it.

use super::SampleDir;
use crate::base::RecordingId;
use nix::errno::Errno;
use nix::sys::stat::SFlag;
use rustix::fs::{FileType, Stat};

/// One entry of the directory, by stat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name; what is not UTF-8 is shown with replacement characters and belongs to nobody.
    pub(crate) name: String,
    /// Its length.
    pub(crate) len: u64,
    /// What it weighs on the disk: `st_blocks` × 512.
    pub(crate) disk_bytes: u64,
    /// A plain file, neither a directory nor a link.
    pub(crate) is_file: bool,
    /// What it is, and who may read and write it: `st_mode`.
    pub(crate) mode: u32,
    /// Why nothing but the name is known of it.
    pub(crate) hidden: Option<String>,
    /// The recording that the original system gave this name.
    pub(crate) old: Option<RecordingId>,
}

impl Entry {
    pub(super) fn new(name: String, stat: &Stat) -> Self {
        Self {
            name,
            len: u64::try_from(stat.st_size).unwrap_or(0),
            disk_bytes: u64::try_from(stat.st_blocks).unwrap_or(0) * 512,
            is_file: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
            mode: stat.st_mode,
            hidden: None,
            old: None,
        }
    }

    /// What a thing is that is no file.
    pub(crate) fn kind(&self) -> &'static str {
        match SFlag::from_bits_truncate(self.mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => "file",
            SFlag::S_IFDIR => "directory",
            SFlag::S_IFLNK => "link",
            _ => "special file",
        }
    }

    pub(super) fn hidden(name: String, e: Errno) -> Self {
        Self { name, len: 0, disk_bytes: 0, is_file: false, mode: 0, hidden: Some(e.to_string()), old: None }
    }

    /// The recording whose sample file has this name.
    pub(crate) fn named(&self) -> Option<RecordingId> {
        self.old.or_else(|| RecordingId::from_file_name(&self.name))
    }

    /// The recording whose sample file this is, by its name.
    pub(crate) fn recording(&self) -> Option<RecordingId> {
        self.named().filter(|_| self.is_file)
    }

    /// The recording whose number this name takes: its sample file, also when set aside.
    pub(crate) fn takes_number(&self) -> Option<RecordingId> {
        let name = self.name.strip_prefix(SampleDir::ASIDE).unwrap_or(&self.name);
        self.old.or_else(|| RecordingId::from_file_name(name.split('.').next().unwrap_or(name)))
    }
}
