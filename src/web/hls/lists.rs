//! `Lists`: what playlists remember from one to the next.

use crate::base::{RecordingId, Result, StreamId};
use crate::media::Recording;
use crate::media::hls::{Cuts, Window};
use crate::store::Store;
use lru::LruCache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where recordings are cut, and what was listed of each stream last.
#[derive(Debug)]
pub(in crate::web) struct Lists {
    /// By recording and opening: a lost disk may bring back a number. Of closed ones alone.
    cuts: Mutex<LruCache<(RecordingId, u32), Arc<Cuts>>>,
    windows: Mutex<HashMap<StreamId, Arc<Mutex<Window>>>>,
}

/// Five days of a stream in about a megabyte.
const MAX_CUTS: usize = 7_200;

impl Default for Lists {
    fn default() -> Self {
        Self { cuts: Mutex::new(LruCache::unbounded()), windows: Mutex::default() }
    }
}

impl Lists {
    /// Where a recording is cut. Blocks on the database.
    pub(super) fn cuts(&self, store: &Store, recording: &Recording) -> Result<Arc<Cuts>> {
        let key = (recording.id, recording.open_id);
        if !recording.growing
            && let Some(cuts) = lock(&self.cuts).get(&key)
        {
            return Ok(cuts.clone());
        }
        // Not through the cache of indexes: a day of them would drive out those that players need now.
        let cuts = Arc::new(Cuts::of(recording, &store.video_index(recording.id)?)?);
        if !recording.growing {
            let mut cache = lock(&self.cuts);
            cache.put(key, cuts.clone());
            while cache.len() > MAX_CUTS {
                cache.pop_lru();
            }
        }
        Ok(cuts)
    }

    /// What was listed of a stream last.
    pub(super) fn window(&self, stream: StreamId) -> Arc<Mutex<Window>> {
        lock(&self.windows).entry(stream).or_default().clone()
    }
}

/// A panic elsewhere leaves at worst an older list, from which the next goes on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
