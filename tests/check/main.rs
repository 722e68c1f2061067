//! Damage of every kind, planted into a good store: what `check` tells of it, and what `--repair` makes of it.

mod adopt;
mod faults;
mod kills;
mod outside;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use faults::FAULTS;
use lunette::store::CheckOptions;
use stage::Stage;
use std::fmt::Write;

pub(crate) const HASH: CheckOptions = CheckOptions { hash: true, repair: false };
const REPAIR: CheckOptions = CheckOptions { hash: true, repair: true };

/// Each fault alone: what is told, what is told of its repair, and whose film is another then. All else is the same to
/// the byte, and after the repair all is well.
#[test]
fn every_fault_is_told_and_mended_and_no_whole_frame_is_lost() {
    let before = Stage::new().outside();
    let mut text = String::new();
    for fault in FAULTS {
        let stage = Stage::new();
        (fault.plant)(&stage);
        writeln!(text, "## {}", fault.name).unwrap();
        for line in stage.check(HASH) {
            writeln!(text, "{line}").unwrap();
        }
        for line in stage.check(REPAIR) {
            let done = line.split_once("; repaired: ").map_or(&*line, |(_, done)| done);
            writeln!(text, "  -> {done}").unwrap();
        }
        for line in stage.check(HASH) {
            writeln!(text, "  still: {line}").unwrap();
        }
        for line in stage.outside().differences(&before) {
            writeln!(text, "  film: {line}").unwrap();
        }
    }
    assert!(FAULTS.len() >= 25, "{} faults", FAULTS.len());
    expect(&text, "tests/check/faults.txt");
}

#[test]
fn a_good_store_has_no_problem() {
    assert_eq!(Stage::new().check(HASH), [""; 0]);
    assert_eq!(Stage::new().check(REPAIR), [""; 0]);
}

/// Compares with a file of the tree, or writes it anew.
fn expect(text: &str, path: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    for (at, (found, expected)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {path}; UPDATE_EXPECT=1 writes it anew", at + 1);
    }
    assert_eq!(text.lines().count(), expected.lines().count(), "{path}; UPDATE_EXPECT=1 writes it anew");
}
