//! `Part`: what a file's head leaves to be made when it is read, how large that is, and the tables' bytes.

use crate::base::{MediaDuration, RecordingId, Result};
use crate::media::Segment;
use crate::media::mp4::subtitles::{TEXT_BYTES, Texts};

/// What the head of a file leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A table made from the segments' indexes.
    Samples(SampleTable),
    /// A table made from the list of segments alone.
    Chunks(ChunkTable),
    /// The samples themselves: of each segment its texts, if the file has any, then its film.
    Media,
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

/// Tables made from the list of segments: a segment is a chunk of each track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkTable {
    /// How many samples a chunk has and how to decode them; it counts chunks from 1 (8.7.4).
    Stsc,
    /// Where the chunks begin in the file (8.7.5).
    Co64,
    /// How long the texts are shown, in runs.
    TextStts,
    /// How many texts a chunk has.
    TextStsc,
    /// Where the chunks of texts begin in the file.
    TextCo64,
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
    /// The texts shown with it.
    pub texts: Texts,
    /// The sums over the segments before it.
    pub before: Totals,
}

/// Sums over segments of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Samples.
    pub samples: u32,
    /// Key frames.
    pub sync_samples: u32,
    /// Texts.
    pub texts: u32,
    /// Runs of texts that are shown equally long.
    pub text_runs: u32,
    /// Bytes of film; below 2^63.
    pub film_bytes: u64,
}

impl Totals {
    /// With one more segment; `None` when that is more than can be counted.
    pub fn with(self, row: &Row) -> Option<Self> {
        let one = Self::of(row);
        Some(Self {
            samples: self.samples.checked_add(one.samples)?,
            sync_samples: self.sync_samples.checked_add(one.sync_samples)?,
            texts: self.texts.checked_add(one.texts)?,
            text_runs: self.text_runs.checked_add(one.text_runs)?,
            film_bytes: self.film_bytes.checked_add(one.film_bytes).filter(|&sum| sum <= i64::MAX as u64)?,
        })
    }

    /// Those of one segment.
    pub fn of(row: &Row) -> Self {
        let Row { segment, texts, .. } = row;
        Self {
            samples: segment.samples.end - segment.samples.start,
            sync_samples: segment.sync_samples,
            texts: texts.count,
            text_runs: texts.runs(),
            film_bytes: segment.bytes.end - segment.bytes.start,
        }
    }

    /// How many bytes they have in a table made from indexes.
    pub fn bytes_in(&self, table: SampleTable) -> u64 {
        match table {
            SampleTable::Stts => 8 * u64::from(self.samples),
            SampleTable::Stss => 4 * u64::from(self.sync_samples),
            SampleTable::Stsz => 4 * u64::from(self.samples),
        }
    }

    /// How many bytes of samples they have.
    pub fn media_bytes(&self) -> u64 {
        self.text_bytes() + self.film_bytes
    }

    /// How many of these bytes are texts.
    pub fn text_bytes(&self) -> u64 {
        TEXT_BYTES as u64 * u64::from(self.texts)
    }

    /// How many bytes they have in all tables, segments apart.
    pub fn table_bytes(&self) -> u64 {
        let Self { samples, sync_samples, text_runs, .. } = *self;
        12 * u64::from(samples) + 4 * u64::from(sync_samples) + 8 * u64::from(text_runs)
    }
}

impl Row {
    /// Its entries in a table, from the index of its recording. After `Ok` they are as many bytes as its totals say.
    pub fn entries(&self, table: SampleTable, index: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(Totals::of(self).bytes_in(table) as usize);
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
    /// How many bytes it has.
    pub fn bytes(self, segments: u32, totals: &Totals) -> u64 {
        match self {
            Self::Stsc | Self::TextStsc => 12 * u64::from(segments),
            Self::Co64 | Self::TextCo64 => 8 * u64::from(segments),
            Self::TextStts => 8 * u64::from(totals.text_runs),
        }
    }

    /// All its entries, for a file whose samples begin at `film_offset`.
    pub fn entries(self, rows: &[Row], film_offset: u64) -> Vec<u8> {
        let chunks = |of: fn(&Row) -> [u32; 2]| {
            let entry = |(chunk, row): (u32, &Row)| {
                let [samples, sample_entry] = of(row);
                [chunk, samples, sample_entry].map(u32::to_be_bytes)
            };
            (1..).zip(rows).flat_map(entry).flatten().collect()
        };
        let texts_at = |row: &Row| film_offset + row.before.media_bytes();
        match self {
            Self::Stsc => chunks(|row| [Totals::of(row).samples, row.sample_entry]),
            Self::Co64 => rows.iter().flat_map(|row| (texts_at(row) + row.texts.bytes()).to_be_bytes()).collect(),
            Self::TextStts => {
                let leads = rows.iter().skip(1).map(|row| row.texts.lead).chain([0]);
                let runs = rows.iter().zip(leads).flat_map(|(row, next)| {
                    let own = row.segment.shown().0 - i64::from(row.texts.lead);
                    row.texts.durations(MediaDuration(own + i64::from(next)))
                });
                runs.flat_map(|(count, duration)| [count, duration].map(u32::to_be_bytes)).flatten().collect()
            }
            Self::TextStsc => chunks(|row| [row.texts.count, 1]),
            Self::TextCo64 => rows.iter().flat_map(|row| texts_at(row).to_be_bytes()).collect(),
        }
    }
}
