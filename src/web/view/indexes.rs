//! `Indexes`: the sample indexes that were read last.

use crate::base::{RecordingId, Result};
use crate::store::Store;
use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A browser asks for the tables of a film in several requests, and again for each seek: what they are made of is kept,
/// up to [`MAX_BYTES`] over all viewers; then what was not used for longest goes.
#[derive(Debug)]
pub(in crate::web) struct Indexes {
    cache: Mutex<Cache>,
}

#[derive(Debug)]
struct Cache {
    indexes: LruCache<RecordingId, Arc<[u8]>>,
    bytes: usize,
}

/// About 700 recordings of a minute at 30 frames a second.
const MAX_BYTES: usize = 4 << 20;

impl Default for Indexes {
    fn default() -> Self {
        Self { cache: Mutex::new(Cache { indexes: LruCache::unbounded(), bytes: 0 }) }
    }
}

impl Indexes {
    /// The index of a recording. One that was listed as growing is always read anew, for it is longer each time.
    /// Blocks on the database.
    pub(super) fn get(&self, store: &Store, id: RecordingId, growing: bool) -> Result<Arc<[u8]>> {
        if growing {
            return store.video_index(id);
        }
        if let Some(index) = self.lock().indexes.get(&id) {
            return Ok(index.clone());
        }
        let index = store.video_index(id)?;
        self.lock().put(id, index.clone());
        Ok(index)
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        // A panic elsewhere leaves at worst a sum that is too high: the cache is smaller then.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn put(&mut self, id: RecordingId, index: Arc<[u8]>) {
        self.bytes += index.len();
        if let Some(old) = self.indexes.put(id, index) {
            self.bytes -= old.len();
        }
        while self.bytes > MAX_BYTES {
            let Some((_, old)) = self.indexes.pop_lru() else { break };
            self.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let indexes = Indexes::default();
        let id = |number| RecordingId::new(StreamId::new(1).unwrap(), number);
        let third: Arc<[u8]> = vec![0; MAX_BYTES / 3].into();
        let mut cache = indexes.lock();
        for number in [1, 2, 3, 3] {
            cache.put(id(number), third.clone());
        }
        cache.indexes.get(&id(1));
        cache.put(id(4), third.clone());
        let kept: Vec<u32> = cache.indexes.iter().map(|(id, _)| id.number()).collect();
        assert_eq!((kept, cache.bytes), (vec![4, 1, 3], MAX_BYTES / 3 * 3));
    }
}
