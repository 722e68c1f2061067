//! What the fuzzers start from, and what they once found, is well on every run.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, missing_docs, dead_code)]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn every_target_is_well_with_its_corpus() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let directory = fs::read_dir(corpora.join(name)).unwrap_or_else(|e| panic!("the corpus {name}: {e}"));
        let files: Vec<_> = directory.map(|entry| entry.expect("a file").path()).collect();
        assert!(!files.is_empty(), "{name}");
        for file in files {
            // A panic names the file: it is the last that was told.
            println!("{}", file.display());
            target(&fs::read(&file).expect("a readable file"));
        }
    }
}
