//! `Plans`: the plans of the films that were asked for last.

use crate::base::StreamId;
use crate::media::mp4::{Gaps, Plan};
use crate::store::{Mark, Part, Store};
use crate::web::route::What;
use lru::LruCache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// A browser asks for one film dozens of times, a piece each: it is laid out once (Ff4). Kept are up to [`MAX_BYTES`]
/// over all viewers; then what was not used for longest goes. A plan is used again only while all that it is made of
/// is listed as it was.
#[derive(Debug)]
pub(in crate::web) struct Plans {
    cache: Mutex<Cache>,
    /// Of the plans that are made just now, or waited for.
    turns: Mutex<HashMap<Key, Weak<Turn<()>>>>,
}

/// All that tells one film from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) stream: StreamId,
    pub(super) what: What,
    pub(super) gaps: Gaps,
    pub(super) ts: bool,
}

#[derive(Debug)]
struct Cache {
    plans: LruCache<Key, Kept>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    plan: Arc<Plan>,
    /// When it was last known to be what would be made anew.
    since: Mark,
    bytes: usize,
}

/// A film of 24 hours is about 200 kB, of a month 6 MB.
const MAX_BYTES: usize = 8 << 20;

/// Of a film's key and of its place in the cache, beside what `s=` names.
const OVERHEAD_BYTES: usize = 256;

impl Default for Plans {
    fn default() -> Self {
        Self { cache: Mutex::new(Cache { plans: LruCache::unbounded(), bytes: 0 }), turns: Mutex::default() }
    }
}

impl Plans {
    /// The plan that was made for this, if it would be made the same at the mark `now`, which was taken just before: what
    /// changes since counts as later. From memory.
    pub(super) fn get(&self, store: &Store, key: &Key, now: Mark) -> Option<Arc<Plan>> {
        let mut cache = self.lock();
        let kept = cache.plans.get_mut(key)?;
        if store.has_changed(key.stream, &kept.since, &now, &key.part()) {
            cache.forget(key);
            return None;
        }
        kept.since = now;
        Some(kept.plan.clone())
    }

    /// Waits until nobody else makes this plan. Of many who ask for it at once, the first makes it, and the others find
    /// it when it is their turn.
    pub(super) async fn turn(&self, key: &Key) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(key.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    /// Keeps a plan that was made from listings after this mark.
    pub(super) fn put(&self, key: Key, plan: Arc<Plan>, since: Mark) {
        let bytes = plan.memory_bytes() + key.memory_bytes() + OVERHEAD_BYTES;
        self.lock().put(key, Kept { plan, since, bytes });
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        // A panic elsewhere leaves at worst a sum that is too high: the cache is smaller then.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn put(&mut self, key: Key, kept: Kept) {
        self.forget(&key);
        self.bytes += kept.bytes;
        self.plans.put(key, kept);
        while self.bytes > MAX_BYTES {
            let Some((_, old)) = self.plans.pop_lru() else { break };
            self.bytes -= old.bytes;
        }
    }

    fn forget(&mut self, key: &Key) {
        if let Some(old) = self.plans.pop(key) {
            self.bytes -= old.bytes;
        }
    }
}

impl Key {
    /// What of the stream's listing the film is made of.
    fn part(&self) -> Part {
        match &self.what {
            What::Span(span) => Part::Span(span.clone()),
            What::Segments(all) => {
                let first = all.iter().map(|s| *s.numbers.start()).min().unwrap_or(0);
                let last = all.iter().map(|s| *s.numbers.end()).max().unwrap_or(0);
                Part::Numbers(first..=last)
            }
        }
    }

    fn memory_bytes(&self) -> usize {
        match &self.what {
            What::Span(_) => 0,
            What::Segments(all) => size_of_val(&**all),
        }
    }
}

#[cfg(test)]
mod tests;
