//! `Track`: the video of somebody else's mp4 file, as far as an import needs it.

use crate::base::{Error, Kind, Result};
use crate::media::SampleEntry;
use crate::media::codec::Codec;
use bytes::Bytes;
use std::sync::Arc;

/// The first video track of a `moov` box. Its tables are looked at only as samples are asked for: a table that claims
/// more than it holds costs nothing.
#[derive(Clone, Debug)]
pub struct Track {
    /// How to decode it.
    pub sample_entry: Arc<SampleEntry>,
    timescale: u32,
    durations: Table,
    /// From decoding to presentation; empty when there is none.
    delays: Table,
    sizes: Sizes,
    chunks: Table,
    chunk_offsets: ChunkOffsets,
}

/// Where a sample is, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// In the file.
    pub offset: u64,
    /// How long it is.
    pub bytes: u32,
    /// Presentation time since that of the first sample, in 1/90 000 s.
    pub time_90k: i64,
}

/// Entries of the same length, behind their count.
#[derive(Clone, Debug)]
struct Table {
    entries: Bytes,
    entry_bytes: usize,
}

#[derive(Clone, Debug)]
enum Sizes {
    Equal { bytes: u32, count: u32 },
    Each(Table),
}

#[derive(Clone, Debug)]
enum ChunkOffsets {
    Short(Table),
    Long(Table),
}

impl Track {
    /// Reads the content of a `moov` box (ISO/IEC 14496-12 8.2.1). A fragmented file keeps its tables elsewhere and is
    /// refused.
    pub fn of_moov(moov: &Bytes) -> Result<Self> {
        if child(moov, b"mvex").is_ok() {
            let advice = "it is fragmented; `ffmpeg -i FILE -c copy PLAIN.mp4` makes a file that can be imported";
            return Err(bad(advice));
        }
        let track = boxes(moov).filter(|b| b.is(b"trak")).find_map(|trak| {
            let media = child(&trak.content, b"mdia").ok()?;
            let handler = child(&media, b"hdlr").ok()?;
            (handler.get(8..12) == Some(b"vide")).then_some(media)
        });
        let media = track.ok_or_else(|| bad("there is no video track in it"))?;
        let tables = child(&child(&media, b"minf")?, b"stbl")?;
        let chunk_offsets = match child(&tables, b"stco") {
            Ok(short) => ChunkOffsets::Short(Table::read(&short, 4, 4)?),
            Err(_) => ChunkOffsets::Long(Table::read(&child(&tables, b"co64")?, 4, 8)?),
        };
        let delays = match child(&tables, b"ctts") {
            Ok(delays) => Table::read(&delays, 4, 8)?,
            Err(_) => Table { entries: Bytes::new(), entry_bytes: 8 },
        };
        Ok(Self {
            delays,
            sample_entry: Arc::new(sample_entry(&child(&tables, b"stsd")?)?),
            timescale: timescale(&child(&media, b"mdhd")?)?,
            durations: Table::read(&child(&tables, b"stts")?, 4, 8)?,
            sizes: Sizes::read(&child(&tables, b"stsz")?)?,
            chunks: Table::read(&child(&tables, b"stsc")?, 4, 12)?,
            chunk_offsets,
        })
    }

    /// All samples in decoding order; an error where tables do not agree, and nothing after it.
    pub fn samples(&self) -> impl Iterator<Item = Result<Located>> {
        let mut at = Cursor::default();
        let mut broken = false;
        std::iter::from_fn(move || {
            if broken || at.sample >= self.sizes.count() {
                return None;
            }
            let next = at.next(self).ok_or_else(|| bad(format!("its tables end before sample {}", at.sample)));
            broken = next.is_err();
            Some(next)
        })
    }
}

/// Where the walk over the tables is.
#[derive(Default)]
struct Cursor {
    sample: u32,
    /// Chunks begun.
    chunk: u32,
    /// Entry of `stsc` that the next chunk may be of.
    chunk_run: usize,
    samples_per_chunk: u32,
    left_in_chunk: u32,
    offset: u64,
    duration_run: usize,
    left_in_run: u32,
    delta: u32,
    time: u64,
    delay_run: usize,
    left_in_delay_run: u32,
    /// Version 0 has unsigned ones, but no file has any above 2^31.
    delay: i32,
    /// Presentation time of the first sample.
    origin: Option<i64>,
}

impl Cursor {
    /// `None` where a table ends too early.
    fn next(&mut self, track: &Track) -> Option<Located> {
        while self.left_in_chunk == 0 {
            if track.chunks.u32(self.chunk_run, 0) == Some(self.chunk + 1) {
                self.samples_per_chunk = track.chunks.u32(self.chunk_run, 4)?;
                self.chunk_run += 1;
            }
            self.offset = track.chunk_offsets.get(self.chunk as usize)?;
            self.left_in_chunk = self.samples_per_chunk;
            self.chunk = self.chunk.checked_add(1)?;
        }
        while self.left_in_run == 0 {
            self.left_in_run = track.durations.u32(self.duration_run, 0)?;
            self.delta = track.durations.u32(self.duration_run, 4)?;
            self.duration_run += 1;
        }
        while self.left_in_delay_run == 0 && track.delays.len() > 0 {
            self.left_in_delay_run = track.delays.u32(self.delay_run, 0)?;
            self.delay = track.delays.u32(self.delay_run, 4)? as i32;
            self.delay_run += 1;
        }
        let bytes = track.sizes.get(self.sample as usize)?;
        let time = i64::try_from(self.time).ok()?.checked_add(i64::from(self.delay))?;
        let since = i128::from(time.checked_sub(*self.origin.get_or_insert(time))?);
        let time_90k = i64::try_from(since * 90_000 / i128::from(track.timescale)).ok()?;
        let located = Located { offset: self.offset, bytes, time_90k };
        self.sample += 1;
        self.left_in_chunk -= 1;
        self.left_in_run -= 1;
        self.left_in_delay_run = self.left_in_delay_run.saturating_sub(1);
        self.offset = self.offset.checked_add(u64::from(bytes))?;
        self.time += u64::from(self.delta);
        Some(located)
    }
}

impl Table {
    /// `head` bytes, a count, then the entries: as many as are there, whatever the count says.
    fn read(content: &Bytes, head: usize, entry_bytes: usize) -> Result<Self> {
        let count = u32_at(content, head).ok_or_else(|| bad("a table breaks off"))? as usize;
        let entries = content.slice(head + 4..);
        let len = entries.len().min(count.saturating_mul(entry_bytes));
        Ok(Self { entries: entries.slice(..len), entry_bytes })
    }

    fn u32(&self, entry: usize, at: usize) -> Option<u32> {
        u32_at(&self.entries, entry.checked_mul(self.entry_bytes)? + at)
    }

    fn len(&self) -> u32 {
        (self.entries.len() / self.entry_bytes) as u32
    }
}

impl Sizes {
    fn read(content: &Bytes) -> Result<Self> {
        let broken = || bad("stsz breaks off");
        match u32_at(content, 4).ok_or_else(broken)? {
            0 => Table::read(content, 8, 4).map(Self::Each),
            bytes => Ok(Self::Equal { bytes, count: u32_at(content, 8).ok_or_else(broken)? }),
        }
    }

    fn count(&self) -> u32 {
        match self {
            Self::Equal { count, .. } => *count,
            Self::Each(table) => table.len(),
        }
    }

    fn get(&self, sample: usize) -> Option<u32> {
        match self {
            Self::Equal { bytes, .. } => Some(*bytes),
            Self::Each(table) => table.u32(sample, 0),
        }
    }
}

impl ChunkOffsets {
    fn get(&self, chunk: usize) -> Option<u64> {
        match self {
            Self::Short(table) => table.u32(chunk, 0).map(u64::from),
            Self::Long(table) => Some(u64::from(table.u32(chunk, 0)?) << 32 | u64::from(table.u32(chunk, 4)?)),
        }
    }
}

/// A box inside of another.
struct Inner {
    kind: [u8; 4],
    content: Bytes,
}

impl Inner {
    fn is(&self, kind: &[u8; 4]) -> bool {
        self.kind == *kind
    }
}

/// The boxes that lie one after the other in `bytes`, up to one that does not fit.
fn boxes(bytes: &Bytes) -> impl Iterator<Item = Inner> {
    let mut rest = bytes.clone();
    std::iter::from_fn(move || {
        let (size, kind) = (u32_at(&rest, 0)?, <[u8; 4]>::try_from(rest.get(4..8)?).ok()?);
        let (head, size) = match size {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from(u32_at(&rest, 8)?) << 32 | u64::from(u32_at(&rest, 12)?)).ok()?),
            size => (8, size as usize),
        };
        if size < head || size > rest.len() {
            return None;
        }
        Some(Inner { kind, content: rest.split_to(size).slice(head..) })
    })
}

fn child(bytes: &Bytes, kind: &[u8; 4]) -> Result<Bytes> {
    let found = boxes(bytes).find(|b| b.is(kind)).map(|b| b.content);
    found.ok_or_else(|| bad(format!("its {} box is missing", String::from_utf8_lossy(kind))))
}

fn timescale(mdhd: &Bytes) -> Result<u32> {
    let at = if mdhd.first() == Some(&1) { 20 } else { 12 };
    u32_at(mdhd, at).filter(|&t| t > 0).ok_or_else(|| bad("its mdhd box makes no sense"))
}

/// The first entry; a second one is refused, because its frames cannot be told apart here.
fn sample_entry(stsd: &Bytes) -> Result<SampleEntry> {
    if u32_at(stsd, 4) != Some(1) {
        return Err(bad("its parameter sets change on the way"));
    }
    let entry = boxes(&stsd.slice(8..)).next().ok_or_else(|| bad("its stsd box breaks off"))?;
    let (codec, config) = match &entry.kind {
        b"avc1" | b"avc3" => (Codec::H264, b"avcC"),
        b"hvc1" | b"hev1" => (Codec::H265, b"hvcC"),
        other => return Err(bad(format!("its codec is {}, not H.264 or H.265", String::from_utf8_lossy(other)))),
    };
    let within = entry.content.slice(VISUAL_BYTES.min(entry.content.len())..);
    SampleEntry::from_decoder_config(codec, &child(&within, config)?)
}

/// What a visual sample entry has before its boxes (ISO/IEC 14496-12 12.1.3.2).
const VISUAL_BYTES: usize = 78;

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(Kind::BadInput, what)
}

#[cfg(test)]
mod tests;
