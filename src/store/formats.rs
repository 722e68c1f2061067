//! The formats of the sample directory as plain bytes, for who tries bytes at random: see `fuzz/`.

use crate::base::Result;
use crate::store::ClosedRecording;
use crate::store::{catalog, journal, trailer};

/// What a sample file with these bytes says of itself; `None` when it was not closed.
pub fn read_trailer(file: &[u8]) -> Result<Option<ClosedRecording>> {
    trailer::parse(file.len() as u64, |buffer, at| {
        buffer.copy_from_slice(&file[at as usize..][..buffer.len()]);
        Ok(())
    })
}

/// What follows the film of a closed recording.
pub fn write_trailer(closed: &ClosedRecording) -> Vec<u8> {
    trailer::encode(closed)
}

/// The entries of a journal up to the first that is torn or strange, each as it would be written.
pub fn rewrite_journal(bytes: &[u8]) -> Vec<u8> {
    written(&journal::decode(bytes))
}

/// The same without what is void or told twice: what a journal that is begun anew repeats.
pub fn renew_journal(bytes: &[u8]) -> Vec<u8> {
    let told = journal::replay(journal::decode(bytes));
    let growing = told.stories.values().flat_map(journal::Story::entries);
    let durable = told.durable.iter().map(|&id| journal::Entry::Durable(id));
    written(&growing.chain(durable).collect::<Vec<_>>())
}

fn written(entries: &[journal::Entry]) -> Vec<u8> {
    journal::MAGIC.iter().copied().chain(entries.iter().flat_map(journal::encode)).collect()
}

/// A catalog, as it would be written.
pub fn rewrite_catalog(text: &[u8]) -> Result<Vec<u8>> {
    catalog::Catalog::decode(text).map(|catalog| catalog.encode())
}
