//! `Storage`: what is on the disk, told from memory.

use crate::base::StreamId;
use crate::media::retention::Holding;

/// What the sample directory and its disk held when they were looked at last, in bytes by stat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Storage {
    /// The file system that film is on.
    pub file_system_bytes: u64,
    /// What may still be written to it.
    pub free_bytes: u64,
    /// What is to stay free.
    pub reserve_bytes: u64,
    /// What others have taken of the reserve.
    pub taken_bytes: u64,
    /// What the sample directory may weigh: what it does, and what is free beyond what is to stay free.
    pub capacity_bytes: u64,
    /// What every entry of the sample directory weighs, and deleted film that somebody still has open.
    pub used_bytes: u64,
    /// Of that: deleted film that somebody still has open.
    pub lingering_bytes: u64,
    /// Of that: what is no recording's.
    pub other_bytes: u64,
    /// Every stream, in the order of cameras, then those that only have film.
    pub streams: Vec<StreamStorage>,
    /// Sample files that were deleted since the start.
    pub deleted_recordings: u64,
    /// What they weighed.
    pub deleted_bytes: u64,
    /// The quotas are more than the disk holds.
    pub overcommitted: bool,
    /// What an owner should do something about.
    pub trouble: Option<String>,
}

/// What one stream has of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamStorage {
    /// Which one.
    pub stream: StreamId,
    /// Quota, weight and need; what it writes a day.
    pub holding: Holding,
}

impl Storage {
    /// The same with another reserve, as far as that goes without deleting anything.
    pub fn with_reserve(&self, bytes: u64) -> Self {
        let free = self.free_bytes.saturating_sub(bytes.saturating_sub(self.taken_bytes));
        Self { reserve_bytes: bytes, capacity_bytes: self.used_bytes.saturating_add(free), ..self.clone() }
    }

    /// What film alone may weigh.
    pub fn film_capacity(&self) -> u64 {
        self.capacity_bytes.saturating_sub(self.other_bytes)
    }
}
