//! `Damages`: which recordings are known to be damaged, in memory.

use crate::base::{RecordingId, Result};
use crate::store::db::{Damage, Database};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the table of damage has. Nobody who asks waits for a disk.
#[derive(Debug, Default)]
pub(crate) struct Damages(Mutex<Arc<BTreeMap<RecordingId, Damage>>>);

impl Damages {
    /// All of them, by recording.
    pub(crate) fn all(&self) -> Arc<BTreeMap<RecordingId, Damage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As the database tells. Blocks on the disk.
    pub(crate) fn load(&self, db: &Database) -> Result<()> {
        let all = db.damaged()?.into_iter().map(|damage| (damage.id, damage)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
        Ok(())
    }

    /// Notes damage, in the database too. True if it is news, and there is such a recording. Blocks on the disk.
    pub(crate) fn note(&self, db: &Database, damage: Damage) -> Result<bool> {
        let is_news = db.note_damage(&damage)?;
        if is_news {
            self.change(|all| _ = all.insert(damage.id, damage));
        }
        Ok(is_news)
    }

    /// It is not damaged after all. Blocks on the disk.
    pub(crate) fn clear(&self, db: &Database, id: RecordingId) -> Result<()> {
        db.clear_damage(id)?;
        self.change(|all| _ = all.remove(&id));
        Ok(())
    }

    /// These recordings are gone, and their rows of damage with them.
    pub(crate) fn forget(&self, gone: impl Fn(RecordingId) -> bool) {
        if self.all().keys().any(|&id| gone(id)) {
            self.change(|all| all.retain(|&id, _| !gone(id)));
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<RecordingId, Damage>)) {
        change(Arc::make_mut(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}
