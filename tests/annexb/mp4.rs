//! The little of an mp4 file that these tests compare.

use crate::clips::run;
use std::fs;
use std::path::Path;

/// What FFmpeg wrote.
pub(crate) struct Mp4 {
    pub(crate) samples: Vec<Vec<u8>>,
    /// The sample entry: a whole `avc1` or `hvc1` box.
    pub(crate) entry: Vec<u8>,
}

impl Mp4 {
    /// Reads a file of one track. Where its samples lie is ffprobe's word.
    pub(crate) fn read(path: &Path) -> Self {
        let file = fs::read(path).expect("an mp4 file");
        let name = path.to_str().expect("a path in UTF-8");
        let packets = run("ffprobe", &["-v", "fatal", "-show_entries", "packet=pos,size", "-of", "csv=p=0", name]);
        let samples = packets.lines().map(|line| {
            let mut numbers = line.split(',').filter_map(|field| field.parse::<usize>().ok());
            let (size, at) = (numbers.next().expect("a size"), numbers.next().expect("a position"));
            file[at..at + size].to_vec()
        });
        let samples = samples.collect();
        let tables = ["moov", "trak", "mdia", "minf", "stbl", "stsd"]
            .into_iter()
            .fold(&file[..], |inside, kind| find_box(inside, kind).unwrap_or_else(|| panic!("{name} has no {kind}")));
        Self { samples, entry: tables[8..].to_vec() }
    }
}

/// The bytes that two sample entries must agree on: size, decoder configuration, pixel aspect.
pub(crate) fn entry_text(entry: &[u8]) -> String {
    let body = &entry[8..];
    let [width, height] = [24, 26].map(|at| u16::from_be_bytes([body[at], body[at + 1]]));
    let mut text = format!("{} {width}x{height}", String::from_utf8_lossy(&entry[4..8]));
    for kind in ["avcC", "hvcC", "pasp"] {
        if let Some(content) = find_box(&body[78..], kind) {
            text += &format!(" {kind}={}", content.iter().map(|b| format!("{b:02x}")).collect::<String>());
        }
    }
    text
}

/// The content of the first box of this kind.
fn find_box<'a>(mut boxes: &'a [u8], kind: &str) -> Option<&'a [u8]> {
    while let Some(size) = boxes.first_chunk() {
        let (one, rest) = boxes.split_at_checked(u32::from_be_bytes(*size) as usize)?;
        if one.get(4..8)? == kind.as_bytes() {
            return Some(&one[8..]);
        }
        boxes = rest;
    }
    None
}
