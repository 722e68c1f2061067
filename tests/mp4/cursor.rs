//! A box cursor: reads the boxes of a real file, as text for people and as numbers for tests.

use std::fmt::Write;
use std::ops::Range;

/// One box of a file.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) kind: String,
    /// Without the header; for `mdat` as much as is there.
    pub(crate) body: &'a [u8],
    /// The whole box, header included, as its size says.
    pub(crate) size: u64,
    /// Where the body lies in the file.
    pub(crate) at: u64,
}

/// The boxes in `bytes`, which lie at `at` in the file. Panics unless they fill it; only the last may be cut short.
pub(crate) fn boxes(mut bytes: &[u8], mut at: u64) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (size, header) = match u32_at(bytes, 0) {
            1 => (u64_at(bytes, 8), 16),
            size => (u64::from(size), 8),
        };
        assert!(size >= header, "a box counts its own header");
        let kind = String::from_utf8(bytes[4..8].to_vec()).unwrap();
        let there = usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len());
        assert!(there as u64 == size || kind == "mdat", "{kind} is longer than what it lies in");
        found.push(Found { kind, body: &bytes[header as usize..there], size, at: at + header });
        bytes = &bytes[there..];
        at += size;
    }
    found
}

const CONTAINERS: [&str; 7] = ["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl"];

/// The box at a path such as `moov/trak/tkhd`; `trak+1` is the second of its kind.
pub(crate) fn find<'a>(file: &'a [u8], path: &str) -> Option<Found<'a>> {
    let (kind, rest) = path.split_once('/').map_or((path, None), |(kind, rest)| (kind, Some(rest)));
    let (kind, nth) = kind.split_once('+').map_or((kind, 0), |(kind, nth)| (kind, nth.parse().unwrap()));
    let found = boxes(file, 0).into_iter().filter(|b| b.kind == kind).nth(nth)?;
    match rest {
        Some(rest) => find(found.body, rest),
        None => Some(found),
    }
}

/// A line a box, nested ones indented, with the fields that tests care for.
pub(crate) fn tree(file: &[u8]) -> String {
    let mut text = String::new();
    grow(&mut text, boxes(file, 0), 0);
    text
}

fn grow(text: &mut String, found: Vec<Found<'_>>, depth: usize) {
    for b in found {
        let fields = fields(&b.kind, b.body);
        writeln!(text, "{:depth$}{} {}{fields}", "", b.kind, b.size, depth = 2 * depth).unwrap();
        if CONTAINERS.contains(&b.kind.as_str()) {
            grow(text, boxes(b.body, b.at), depth + 1);
        } else if b.kind == "stsd" {
            for entry in boxes(&b.body[8..], b.at + 8) {
                writeln!(text, "{:depth$}{} {}", "", entry.kind, entry.size, depth = 2 * depth + 2).unwrap();
            }
        }
    }
}

fn fields(kind: &str, body: &[u8]) -> String {
    let version = body.first().copied().unwrap_or(0);
    match kind {
        "mvhd" | "mdhd" => format!(" v{version} scale {} duration {}", u32_at(body, scale_at(version)), duration(body)),
        "tkhd" => {
            let size = body.len() - 8;
            format!(" v{version} duration {} {}x{}", duration(body), u16_at(body, size), u16_at(body, size + 4))
        }
        "elst" => format!(" v{version} {:?}", edits(body)),
        "hdlr" => format!(" {}", String::from_utf8_lossy(&body[8..12])),
        "stts" => format!(" {:?}", runs(&spread(body))),
        "stsc" => format!(" {:?}", table(body, 0..3, 3).chunks(3).collect::<Vec<_>>()),
        "stss" => format!(" {:?}", table(body, 0..1, 1)),
        "stsz" if u32_at(body, 4) > 0 => format!(" {}x{}", u32_at(body, 4), u32_at(body, 8)),
        "stsz" => format!(" {:?}", table(&body[4..], 0..1, 1)),
        "co64" => format!(" {:?}", chunk_offsets(body)),
        _ => String::new(),
    }
}

fn scale_at(version: u8) -> usize {
    if version == 0 { 12 } else { 20 }
}

/// That of an mvhd, tkhd or mdhd.
pub(crate) fn duration(body: &[u8]) -> u64 {
    let after_time_scale_or_track = scale_at(body[0]) + 4;
    let is_tkhd = body.len() == 84 || body.len() == 96;
    let at = after_time_scale_or_track + if is_tkhd { 4 } else { 0 };
    if body[0] == 0 { u64::from(u32_at(body, at)) } else { u64_at(body, at) }
}

/// Duration and media time of each edit; all have the rate 1.0 exactly.
pub(crate) fn edits(body: &[u8]) -> Vec<(u64, u64)> {
    let len = if body[0] == 0 { 12 } else { 20 };
    let entries: Vec<_> = body[8..].chunks(len).collect();
    assert_eq!(entries.len(), u32_at(body, 4) as usize);
    let number = |e: &[u8], i: usize| if len == 12 { u32_at(e, 4 * i).into() } else { u64_at(e, 8 * i) };
    let edit = |e: &&[u8]| {
        assert_eq!(u32_at(e, len - 4), 0x0001_0000, "rate");
        (number(e, 0), number(e, 1))
    };
    entries.iter().map(edit).collect()
}

/// Those columns of a table of 32-bit numbers, `width` a row, that begins with its count behind version and flags.
pub(crate) fn table(body: &[u8], columns: Range<usize>, width: usize) -> Vec<u32> {
    let rows: Vec<_> = body[8..].chunks_exact(4 * width).collect();
    assert_eq!(rows.len(), u32_at(body, 4) as usize);
    rows.iter().flat_map(|row| columns.clone().map(|c| u32_at(row, 4 * c))).collect()
}

/// What each sample lasts.
pub(crate) fn spread(stts: &[u8]) -> Vec<u32> {
    table(stts, 0..2, 2).chunks(2).flat_map(|run| vec![run[1]; run[0] as usize]).collect()
}

/// What co64 says.
pub(crate) fn chunk_offsets(body: &[u8]) -> Vec<u64> {
    assert_eq!(body.len(), 8 + 8 * u32_at(body, 4) as usize);
    body[8..].chunks_exact(8).map(|c| u64_at(c, 0)).collect()
}

/// Equal neighbours as `10x3`.
fn runs(numbers: &[u32]) -> Vec<String> {
    numbers.chunk_by(|a, b| a == b).map(|run| format!("{}x{}", run[0], run.len())).collect()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap())
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}
