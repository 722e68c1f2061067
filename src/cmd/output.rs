//! What verbs write to standard output, and how errors are folded into a line.

use crate::base::{Kind, Result, ResultExt};
use std::io::{self, Write};

/// Writes a line to standard output. A reader that went away (`lunette … | head`) is no failure.
pub(super) fn say(line: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.or_fail(Kind::Disk, || "write to standard output"),
    }
}

/// All words of a text with single spaces between them.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rows as aligned columns, the first row being the heading.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A number of bytes for people, in powers of 1000 as disks are sold.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..1_000_000 => format!("{} kB", count / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.1} GB", count as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_has_no_trailing_spaces() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(table(&[row("name", "film"), row("back door", "")]), "name       film\nback door");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([0, 5_300, 2_450_000, 2_500_000_000].map(bytes), ["0 kB", "5 kB", "2.5 MB", "2.5 GB"]);
    }
}
