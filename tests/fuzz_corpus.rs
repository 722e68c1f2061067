//! What the fuzzers start from, and what they once found, is well on every run.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, missing_docs)]
mod targets;

use std::fs;
use std::path::Path;

/// Hands each file of a corpus to its target.
fn run(corpus: &str, target: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let files: Vec<_> = fs::read_dir(directory).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    assert!(!files.is_empty());
    for file in files {
        target(&fs::read(file).expect("a readable file"));
    }
}

#[test]
fn byte_streams_are_split_and_converted() {
    run("byte_stream", targets::byte_stream);
}

#[test]
fn parameter_sets_make_sample_entries() {
    run("sample_entry", targets::sample_entry);
}

#[test]
fn sample_indexes_are_read() {
    run("sample_index", targets::sample_index);
}
