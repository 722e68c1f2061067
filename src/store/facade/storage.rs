//! What is on the disk, and what is to stay there.

use crate::store::{Storage, Store};
use std::sync::Arc;

impl Store {
    /// What the sample directory and its disk held when they were looked at last; `None` before that, and where nothing
    /// can be recorded. From memory.
    pub fn storage(&self) -> Option<Arc<Storage>> {
        self.shared.capacity.report()
    }
}
