//! `Part`: what a file's head leaves to be made when it is read, how large that is, and the tables' bytes.

use crate::base::{MediaDuration, RecordingId, Result};
use crate::media::Segment;
use crate::media::mp4::subtitles::{TEXT_BYTES, Texts};
use crate::media::sample_index::columns;

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
    /// Composition offsets, if frames may change places in the file; an entry a sample (8.6.1.3).
    Ctts,
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
            SampleTable::Stts | SampleTable::Ctts => 8 * u64::from(self.samples),
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

    /// How many bytes they have in all tables that every film has, segments apart.
    pub fn table_bytes(&self) -> u64 {
        let Self { samples, sync_samples, text_runs, .. } = *self;
        12 * u64::from(samples) + 4 * u64::from(sync_samples) + 8 * u64::from(text_runs)
    }
}

impl Row {
    /// Writes its entries in a table, from the index of its recording, to `out`, which is as long as its totals say.
    /// After `Ok` it is full; after an `Err`, what is in it means nothing.
    pub fn write(&self, table: SampleTable, index: &[u8], out: &mut [u8]) -> Result<()> {
        match self.whole(table, index, out).or_else(|| self.cut(table, index, out)) {
            Some(()) => Ok(()),
            None => self.any(table, index, out),
        }
    }

    /// Those of a segment that begins where its recording does, as nearly all do. `None` where the plain walk has to
    /// look. A table vouches for what is in it: what is wrong with an index is told by one of them.
    fn whole(&self, table: SampleTable, index: &[u8], out: &mut [u8]) -> Option<()> {
        let Segment { samples, bytes, sync_samples, .. } = &self.segment;
        if samples.start > 0 {
            return None;
        }
        match table {
            SampleTable::Stts => {
                let (entries, _) = out.as_chunks_mut();
                columns::durations(index, entries, stts_entry)?;
                if let (Some(last), Some(duration)) = (entries.last_mut(), self.segment.last_duration_90k) {
                    *last = stts_entry(duration.unsigned_abs());
                }
            }
            SampleTable::Ctts if !self.segment.is_reordered => out.as_chunks_mut().0.fill(ctts_entry(0)),
            SampleTable::Ctts if self.segment.held_90k > 0 => return None,
            SampleTable::Ctts => columns::compositions(index, out.as_chunks_mut().0, ctts_entry)?,
            SampleTable::Stsz => {
                let sums = columns::sizes(index, out.as_chunks_mut().0, u32::to_be_bytes)?;
                let expected = columns::Sums { bytes: bytes.end, sync_samples: *sync_samples };
                return (sums == expected).then_some(());
            }
            SampleTable::Stss => {
                let mut entries = out.as_chunks_mut().0.iter_mut();
                let mut too_many = false;
                columns::keys(index, samples.end as usize, |number| match entries.next() {
                    Some(entry) => *entry = (self.before.samples + number + 1).to_be_bytes(),
                    None => too_many = true,
                })?;
                return (!too_many && entries.len() == 0).then_some(());
            }
        }
        Some(())
    }

    /// Those of any segment, and the error where there is one.
    fn any(&self, table: SampleTable, index: &[u8], mut out: &mut [u8]) -> Result<()> {
        let mut number = self.before.samples;
        // There is no room for key frames that should not be: then the walk fails at its end.
        let mut put = |entry: &[u8]| {
            if let Some(room) = out.split_off_mut(..entry.len()) {
                room.copy_from_slice(entry);
            }
        };
        self.segment.read(index, |sample| match table {
            SampleTable::Stts => put(&stts_entry(sample.duration_90k.unsigned_abs())),
            SampleTable::Ctts => put(&ctts_entry(sample.composition_90k)),
            SampleTable::Stsz => put(&sample.bytes.to_be_bytes()),
            SampleTable::Stss => {
                number += 1;
                if sample.is_key {
                    put(&number.to_be_bytes());
                }
            }
        })
    }
}

/// A run of one sample.
pub(super) fn stts_entry(duration_90k: u32) -> [u8; 8] {
    (1 << 32 | u64::from(duration_90k)).to_be_bytes()
}

/// A run of one sample with this offset; signed, as version 1 of the box has it.
fn ctts_entry(composition_90k: i32) -> [u8; 8] {
    (1 << 32 | u64::from(composition_90k as u32)).to_be_bytes()
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::{MediaDuration, StreamId};
    use crate::media::sample_index::{Encoder, Sample, encode, encode_format1, samples};
    use proptest::prelude::*;

    /// All of a recording with these samples, as its row tells it.
    pub(in crate::media::mp4) fn row(all: &[Sample]) -> Row {
        let segment = Segment {
            start: MediaDuration::ZERO,
            samples: 0..all.len() as u32,
            bytes: 0..all.iter().map(|s| u64::from(s.bytes)).sum(),
            sync_samples: all.iter().filter(|s| s.is_key).count() as u32,
            duration: MediaDuration::ZERO,
            hidden: MediaDuration::ZERO,
            last_duration_90k: None,
            ends_in_zero: false,
            is_reordered: true,
            beyond_90k: 0,
            held_90k: 0,
        };
        let recording = RecordingId::new(StreamId::new(1).unwrap(), 1);
        let before = Totals { samples: 1000, ..Totals::default() };
        Row { recording, open_id: 1, sample_entry: 1, segment, texts: Texts::default(), before }
    }

    /// Their index in each format.
    fn indexes(samples: &[Sample]) -> [Vec<u8>; 3] {
        let mut encoder = Encoder::default();
        let grown = samples.iter().flat_map(|&s| encoder.add(s).to_vec()).collect();
        [encode_format1(samples), encode(samples), grown]
    }

    type Write = fn(&Row, SampleTable, &[u8], &mut [u8]) -> Result<()>;

    fn written(write: Write, row: &Row, table: SampleTable, index: &[u8]) -> Result<Vec<u8>> {
        // A buffer that was used before.
        let mut out = vec![7; Totals::of(row).bytes_in(table) as usize];
        write(row, table, index, &mut out).map(|()| out)
    }

    const TABLES: [SampleTable; 4] = [SampleTable::Stts, SampleTable::Ctts, SampleTable::Stss, SampleTable::Stsz];

    fn any_sample() -> impl Strategy<Value = Sample> {
        let duration = prop_oneof![4 => Just(3000), 4 => 1..200i32, 4 => 2900..20_000i32, 1 => 0..=i32::MAX];
        let bytes = prop_oneof![4 => 1u32..200, 4 => 1u32..100_000, 1 => 1u32..=u32::MAX];
        let offset = prop_oneof![4 => Just(0), 2 => (-3..4i32).prop_map(|n| 3000 * n), 1 => any::<i32>()];
        (duration, bytes, prop::bool::weighted(0.1), offset).prop_map(
            |(duration_90k, bytes, is_key, composition_90k)| Sample { duration_90k, bytes, is_key, composition_90k },
        )
    }

    proptest! {
        #[test]
        fn both_walks_give_the_same(
            all in prop::collection::vec(any_sample(), 1..150),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            format in 0usize..3,
            kept in 0.0..1.5f64,
            last in prop::option::of(1..9000),
            cut in (0usize..100, 1usize..=100),
        ) {
            let mut index = indexes(&all)[format].clone();
            for (at, byte) in damage {
                *at.get_mut(&mut index[..]) = byte;
            }
            index.truncate((index.len() as f64 * kept) as usize);
            // Of what can be read, if not of what was written.
            let read: Vec<Sample> = samples(&index).take(2 * all.len()).map_while(|sample| sample.ok()).collect();
            let mut rows = vec![row(&all), row(&read), row(&read[..read.len() / 2])];
            for read in [&all, &read] {
                let (from, to) = (read.len() * cut.0 / 100, read.len() * cut.1 / 100);
                if from < to {
                    let mut cut = row(&read[from..to]);
                    let before: u64 = read[..from].iter().map(|s| u64::from(s.bytes)).sum();
                    cut.segment.samples = from as u32..to as u32;
                    cut.segment.bytes = before..before + cut.segment.bytes.end;
                    rows.push(cut);
                }
            }
            rows.retain(|row| !row.segment.samples.is_empty());
            for mut row in rows {
                row.segment.last_duration_90k = last;
                let plain = TABLES.map(|table| written(Row::any, &row, table, &index));
                let fast = TABLES.map(|table| written(Row::write, &row, table, &index));
                if plain.iter().all(|entries| entries.is_ok()) {
                    for (plain, fast) in plain.iter().zip(&fast) {
                        prop_assert_eq!(plain.as_ref().unwrap(), fast.as_ref().unwrap());
                    }
                } else {
                    let told: Vec<String> = fast.iter().filter_map(|e| e.as_ref().err()).map(|e| e.to_string()).collect();
                    prop_assert!(!told.is_empty(), "one of the tables tells it");
                    prop_assert!(told.iter().all(|e| *e == plain[0].as_ref().unwrap_err().to_string()));
                }
            }
        }
    }

    #[test]
    fn film_as_it_is_takes_the_fast_walk() {
        for jitter in [0, 1, 300, 20_000] {
            let sample = |i: i32| Sample {
                duration_90k: 3000 + i * 7919 % (jitter + 1),
                bytes: if i % 60 == 0 { 90_000 } else { 12_000 } + (i as u32 * 104_729) % 9000,
                is_key: i % 60 == 0,
                composition_90k: 0,
            };
            let all: Vec<Sample> = (0..1800).map(sample).collect();
            let row = row(&all);
            let [format_1, format_2, _] = indexes(&all);
            for (index, table) in [format_1, format_2].iter().flat_map(|index| TABLES.map(|table| (index, table))) {
                let mut out = vec![0; Totals::of(&row).bytes_in(table) as usize];
                assert_eq!(row.whole(table, index, &mut out), Some(()), "{table:?} with {jitter}");
                assert_eq!(out, written(Row::any, &row, table, index).unwrap(), "{table:?} with {jitter}");
            }
        }
    }
}
