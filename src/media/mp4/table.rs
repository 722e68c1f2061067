//! `Part`: what a file's head leaves to be made when it is read, how large that is, and the tables' bytes.

use crate::base::{RecordingId, Result};
use crate::media::Segment;

/// What the head of a file leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A table made from the segments' indexes.
    Samples(SampleTable),
    /// A table made from the list of segments alone.
    Chunks(ChunkTable),
    /// The samples themselves.
    Film,
}

/// Tables made from indexes, segment after segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleTable {
    /// Durations; an entry a sample, so that its size is known without the indexes (ISO/IEC 14496-12 8.6.1.2).
    Stts,
    /// Numbers of the key frames, from 1 (8.6.2).
    Stss,
    /// Sizes (8.7.3.2).
    Stsz,
}

/// Tables made from the list of segments: a segment is a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkTable {
    /// How many samples a chunk has and how to decode them; it counts chunks from 1 (8.7.4).
    Stsc,
    /// Where the chunks begin in the file (8.7.5).
    Co64,
}

/// One segment of a file.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is a part of.
    pub recording: RecordingId,
    /// See [`crate::media::Recording::open_id`].
    pub open_id: u32,
    /// Which of the file's sample entries it has, from 1.
    pub sample_entry: u32,
    /// Which part.
    pub segment: Segment,
    /// The sums over the segments before it.
    pub before: Totals,
}

/// Sums over segments of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Segments, each a chunk.
    pub segments: u32,
    /// Samples.
    pub samples: u32,
    /// Key frames.
    pub sync_samples: u32,
    /// Bytes of film; below 2^63.
    pub film_bytes: u64,
}

impl Totals {
    /// With one more segment; `None` when that is more than can be counted.
    pub fn with(self, segment: &Segment) -> Option<Self> {
        let one = Self::of(segment);
        Some(Self {
            segments: self.segments.checked_add(one.segments)?,
            samples: self.samples.checked_add(one.samples)?,
            sync_samples: self.sync_samples.checked_add(one.sync_samples)?,
            film_bytes: self.film_bytes.checked_add(one.film_bytes).filter(|&sum| sum <= i64::MAX as u64)?,
        })
    }

    /// Those of one segment.
    pub fn of(segment: &Segment) -> Self {
        Self {
            segments: 1,
            samples: segment.samples.end - segment.samples.start,
            sync_samples: segment.sync_samples,
            film_bytes: segment.bytes.end - segment.bytes.start,
        }
    }

    /// How many bytes they have in a part.
    pub fn bytes_of(&self, part: Part) -> u64 {
        let [segments, samples, sync_samples] = [self.segments, self.samples, self.sync_samples].map(u64::from);
        match part {
            Part::Samples(SampleTable::Stts) => 8 * samples,
            Part::Samples(SampleTable::Stss) => 4 * sync_samples,
            Part::Samples(SampleTable::Stsz) => 4 * samples,
            Part::Chunks(ChunkTable::Stsc) => 12 * segments,
            Part::Chunks(ChunkTable::Co64) => 8 * segments,
            Part::Film => self.film_bytes,
        }
    }

    /// How many bytes they have in all tables.
    pub fn table_bytes(&self) -> u64 {
        let [segments, samples, sync_samples] = [self.segments, self.samples, self.sync_samples].map(u64::from);
        20 * segments + 12 * samples + 4 * sync_samples
    }
}

impl Row {
    /// Its entries in a table, from the index of its recording. After `Ok` they are as many bytes as its totals say.
    pub fn entries(&self, table: SampleTable, index: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(Totals::of(&self.segment).bytes_of(Part::Samples(table)) as usize);
        match table {
            SampleTable::Stts => self.segment.read(index, |sample| {
                let entry = 1 << 32 | u64::from(sample.duration_90k.unsigned_abs());
                out.extend_from_slice(&entry.to_be_bytes());
            }),
            SampleTable::Stsz => self.segment.read(index, |sample| out.extend_from_slice(&sample.bytes.to_be_bytes())),
            SampleTable::Stss => {
                let mut number = self.before.samples;
                self.segment.read(index, |sample| {
                    number += 1;
                    if sample.is_key {
                        out.extend_from_slice(&number.to_be_bytes());
                    }
                })
            }
        }
        .map(|()| out)
    }
}

impl ChunkTable {
    /// All its entries, for a file whose film begins at `film_offset`.
    pub fn entries(self, rows: &[Row], film_offset: u64) -> Vec<u8> {
        match self {
            Self::Stsc => rows
                .iter()
                .flat_map(|row| [row.before.segments + 1, Totals::of(&row.segment).samples, row.sample_entry])
                .flat_map(u32::to_be_bytes)
                .collect(),
            Self::Co64 => rows.iter().flat_map(|row| (film_offset + row.before.film_bytes).to_be_bytes()).collect(),
        }
    }
}
