//! `CatalogFile`: the catalog on the disk, which follows the database.

use crate::base::{RecordingId, Result};
use crate::store::attached::Attached;
use crate::store::catalog::{self, Catalog};
use crate::store::shared::Shared;
use log::warn;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What was written last.
#[derive(Debug, Default)]
pub(crate) struct CatalogFile {
    text: Option<Vec<u8>>,
    written: Option<Instant>,
}

impl CatalogFile {
    /// The catalog follows changes of cameras at once, and holes once an hour or when a flush is wished: it is written
    /// whole each time. `undone` are the recordings whose files are gone and whose rows are not.
    pub(crate) fn write(
        &mut self,
        shared: &Shared,
        attached: &Attached,
        undone: &BTreeSet<RecordingId>,
        now: Instant,
        wished: bool,
    ) {
        let waited = self.written.is_none_or(|then| now - then >= INTERVAL);
        if !(wished || waited || shared.take_cameras_changed()) {
            return;
        }
        let write = || -> Result<Vec<u8>> {
            let text = self.now(shared, undone)?;
            if self.text.as_ref() != Some(&text) {
                attached.dir.replace_private(catalog::NAME, &text)?;
            }
            Ok(text)
        };
        match write() {
            Ok(text) => (self.text, self.written) = (Some(text), Some(now)),
            Err(e) => warn!("catalog: {e}"),
        }
    }

    fn now(&self, shared: &Shared, undone: &BTreeSet<RecordingId>) -> Result<Vec<u8>> {
        // A database that cannot be read has changed nothing since.
        let known = || self.text.as_ref().and_then(|text| Catalog::decode(text).ok());
        let catalog = Catalog::of(&shared.db).or_else(|e| known().ok_or(e))?;
        let deleted = undone.iter().map(|id| id.composite()).collect();
        let reserve = shared.capacity.last_reserve();
        Ok(catalog.with(deleted, reserve).encode())
    }
}

/// How seldom holes alone make it be written.
const INTERVAL: Duration = Duration::from_secs(3600);
