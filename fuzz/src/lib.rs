//! What the fuzz targets do with the bytes they get. `tests/fuzz_corpus.rs` does the same with the corpora.

mod devices;
mod film;
mod formats;
mod frames;
mod index;
mod input;
mod requests;

/// What is done with bytes.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus.
pub const TARGETS: [(&str, Target); 9] = [
    ("byte_stream", frames::byte_stream),
    ("sample_entry", frames::sample_entry),
    ("sample_index", index::sample_index),
    ("journal", formats::journal),
    ("trailer", formats::trailer),
    ("request", requests::request),
    ("plan", film::plan),
    ("movie", film::movie),
    ("onvif", devices::onvif),
];

/// The target of a name.
pub fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).expect("a target of the table").1
}
