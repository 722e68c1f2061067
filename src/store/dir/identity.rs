//! Which directory of film it is: the file that holds its uuid, and its lock.

use super::{GROUP_READS, SampleDir};
use crate::base::{Error, Kind, Result, ResultExt};
use std::fs::{File, TryLockError};
use std::io::Read;
use uuid::Uuid;

impl SampleDir {
    /// Its uuid; `None` when it has no identity yet.
    pub(crate) fn uuid(&self) -> Option<Uuid> {
        self.identity.as_ref().map(|(uuid, _)| *uuid)
    }

    /// Its identity file is empty, cut off or full of zeros. Such a directory has no [`Self::uuid`].
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Gives a directory without identity this one, and locks it.
    pub(crate) fn initialize(&mut self, uuid: Uuid) -> Result<()> {
        self.replace(Self::IDENTITY, format!("{IDENTITY_FORMAT}\n{uuid}\n").as_bytes(), GROUP_READS)?;
        let file = self.open_read(Self::IDENTITY)?;
        self.identity = self.identify(file, true)?;
        Ok(())
    }

    /// None when the file is torn.
    pub(super) fn identify(&mut self, mut file: File, lock: bool) -> Result<Option<(Uuid, File)>> {
        let name = self.path.join(Self::IDENTITY);
        if lock {
            file.try_lock().map_err(|e| match e {
                TryLockError::WouldBlock => Error::new(
                    Kind::Conflict,
                    format!("the sample directory {} is in use by another lunette", self.path.display()),
                ),
                TryLockError::Error(e) => Error::caused(Kind::Disk, format!("lock {}", name.display()), e),
            })?;
        }
        let mut text = Vec::new();
        let read = (&mut file).take(IDENTITY_LIMIT).read_to_end(&mut text);
        read.or_fail(Kind::Disk, || format!("read {}", name.display()))?;
        let uuid = match String::from_utf8_lossy(&text).lines().collect::<Vec<_>>()[..] {
            [IDENTITY_FORMAT, uuid] => Uuid::parse_str(uuid).ok(),
            _ => None,
        };
        let begins = IDENTITY_FORMAT.as_bytes().starts_with(&text) || text.starts_with(IDENTITY_FORMAT.as_bytes());
        self.torn = uuid.is_none() && (begins || text.contains(&0));
        match uuid {
            Some(uuid) => Ok(Some((uuid, file))),
            None if self.torn => Ok(None),
            None => Err(Error::new(Kind::Corrupt, format!("{} holds no uuid", name.display()))),
        }
    }
}

/// The first line of the identity file.
const IDENTITY_FORMAT: &str = "lunette sample directory 1";
/// More than any identity file has.
const IDENTITY_LIMIT: u64 = 200;
