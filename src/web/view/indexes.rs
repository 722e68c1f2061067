//! `Indexes`: the sample indexes that were read last.

use crate::base::{RecordingId, Result};
use crate::store::Store;
use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A browser asks for the tables of a film in several requests, and again for each seek: what they are made of is kept,
/// up to [`MAX_BYTES`] over all viewers; then what was not used for longest goes.
///
/// Only rows' indexes are kept, and those never change; a number is not given twice while the recorder runs, so an
/// index of a recording that was deleted is in nobody's way until it is the oldest.
#[derive(Debug)]
pub(in crate::web) struct Indexes {
    cache: Mutex<Cache>,
}

#[derive(Debug)]
struct Cache {
    indexes: LruCache<RecordingId, Arc<[u8]>>,
    bytes: usize,
}

/// A day and a half of one-minute recordings at 30 frames a second, 5.6 kB each.
const MAX_BYTES: usize = 12 << 20;

/// What an index takes beside itself: key, count of references, its place in the list and in the table.
const OVERHEAD_BYTES: usize = 144;

impl Default for Indexes {
    fn default() -> Self {
        Self { cache: Mutex::new(Cache { indexes: LruCache::unbounded(), bytes: 0 }) }
    }
}

impl Indexes {
    /// The index of a recording. Blocks on the database.
    pub(in crate::web) fn get(&self, store: &Store, id: RecordingId) -> Result<Arc<[u8]>> {
        let mut found = None;
        self.visit(store, &[id], |_, index| found = Some(index))?;
        Ok(found.expect("an index was found or there is an error"))
    }

    /// Tells `visit` the index of each of these recordings, and which of them it is, in no order. Those that are not
    /// known are read in one go. Blocks on the database.
    pub(super) fn visit(
        &self,
        store: &Store,
        ids: &[RecordingId],
        mut visit: impl FnMut(RecordingId, Arc<[u8]>),
    ) -> Result<()> {
        let mut unknown = Vec::new();
        {
            let mut cache = self.lock();
            for &id in ids {
                match cache.indexes.get(&id) {
                    Some(index) => visit(id, index.clone()),
                    None => unknown.push(id),
                }
            }
        }
        // What is no row may grow: it is not kept.
        unknown.retain(|&id| match store.unflushed_index(id) {
            Some(index) => {
                visit(id, index);
                false
            }
            None => true,
        });
        if unknown.is_empty() {
            return Ok(());
        }
        store.row_indexes(&unknown, |id, index| {
            let index: Arc<[u8]> = index.into();
            self.lock().put(id, index.clone());
            visit(id, index);
        })
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        // A panic elsewhere leaves at worst a sum that is too high: the cache is smaller then.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn put(&mut self, id: RecordingId, index: Arc<[u8]>) {
        self.bytes += weight(&index);
        if let Some(old) = self.indexes.put(id, index) {
            self.bytes -= weight(&old);
        }
        while self.bytes > MAX_BYTES {
            let Some((_, old)) = self.indexes.pop_lru() else { break };
            self.bytes -= weight(&old);
        }
    }
}

fn weight(index: &[u8]) -> usize {
    index.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let indexes = Indexes::default();
        let id = |number| RecordingId::new(StreamId::new(1).unwrap(), number);
        let third: Arc<[u8]> = vec![0; MAX_BYTES / 3 - OVERHEAD_BYTES].into();
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
