//! `SampleEntries`: every sample entry once, numbered by content, in memory.

use crate::media::SampleEntry;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The sample entries of the database and those that will be in it with their first recording. There are few: one
/// for each setting that a camera ever had.
#[derive(Debug, Default)]
pub struct SampleEntries {
    by_id: BTreeMap<i32, Arc<SampleEntry>>,
    by_data: HashMap<Bytes, i32>,
    /// The highest number that was ever given.
    highest: i32,
}

impl SampleEntries {
    /// An entry that has its number.
    pub fn insert(&mut self, id: i32, entry: Arc<SampleEntry>) {
        self.by_data.insert(entry.data.clone(), id);
        self.by_id.insert(id, entry);
        self.begin_above(id);
    }

    /// New numbers are above this one.
    pub fn begin_above(&mut self, id: i32) {
        self.highest = self.highest.max(id);
    }

    /// The number of the entry with these bytes: the one it has, or the next one.
    pub fn intern(&mut self, entry: &Arc<SampleEntry>) -> i32 {
        if let Some(&id) = self.by_data.get(&entry.data) {
            return id;
        }
        let id = self.highest + 1;
        self.insert(id, entry.clone());
        id
    }

    /// All of them, by number.
    pub fn all(&self) -> Vec<(i32, Arc<SampleEntry>)> {
        self.by_id.iter().map(|(&id, entry)| (id, entry.clone())).collect()
    }

    /// The entry of this number.
    pub fn get(&self, id: i32) -> Option<Arc<SampleEntry>> {
        self.by_id.get(&id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::sample_entry;

    #[test]
    fn the_same_bytes_have_the_same_number() {
        let mut entries = SampleEntries::default();
        entries.insert(7, sample_entry("a"));
        assert_eq!(entries.intern(&sample_entry("b")), 8);
        assert_eq!(entries.intern(&sample_entry("a")), 7);
        assert_eq!(entries.intern(&sample_entry("b")), 8);
        assert_eq!(entries.get(8), Some(sample_entry("b")));
        assert_eq!(entries.get(9), None);
    }
}
