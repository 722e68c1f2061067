//! A library of recordings in memory, and the files planned from it.

use jiff::tz::TimeZone;
use lunette::base::{MediaDuration, RecordingId, Result, StreamId, WallDuration, WallTime};
use lunette::media::mp4::{Builder, Gaps, Piece, Plan, Style};
use lunette::media::recording::Flags;
use lunette::media::sample_index::{self, Encoder, Sample, encode, encode_format1};
use lunette::media::{Recording, SampleEntry, Selection};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// 2017-03-02T12:00:00Z.
pub(crate) const NOON: WallTime = WallTime(1_488_456_000 * 90_000);

/// Recordings in the order of their start.
#[derive(Default)]
pub(crate) struct Library {
    pub(crate) recordings: Vec<(Recording, Arc<SampleEntry>)>,
    indexes: HashMap<RecordingId, Arc<[u8]>>,
    films: HashMap<RecordingId, Vec<u8>>,
    skipped: i64,
}

impl Library {
    /// Adds a recording that starts where the last one ended, with `film` or, if there is none, made-up bytes.
    pub(crate) fn add(
        &mut self,
        samples: &[Sample],
        entry: &Arc<SampleEntry>,
        film: Option<Vec<u8>>,
    ) -> &mut Recording {
        let skipped = WallDuration(std::mem::take(&mut self.skipped));
        let start = self.recordings.last().map_or(NOON, |(r, _)| r.end()) + skipped;
        let id = RecordingId::new(StreamId::new(1).unwrap(), self.recordings.len() as u32 + 1);
        let mut encoder = Encoder::default();
        // What is planned from them does not depend on how they are coded.
        let index: Vec<u8> = match id.number() % 3 {
            1 => encode(samples),
            2 if samples.iter().all(|s| s.composition_90k == 0) => encode_format1(samples),
            _ => samples.iter().flat_map(|&s| encoder.add(s).to_vec()).collect(),
        };
        let bytes: u64 = samples.iter().map(|s| u64::from(s.bytes)).sum();
        let duration: i64 = samples.iter().map(|s| i64::from(s.duration_90k)).sum();
        let is_reordered = samples.iter().any(|s| s.composition_90k != 0);
        let ends_in_zero = samples.last().is_some_and(|s| s.duration_90k == 0);
        let recording = Recording {
            id,
            sequence: id.number().into(),
            open_id: 1,
            run_start: id,
            start,
            wall_duration: WallDuration(duration),
            media_duration: MediaDuration(duration),
            media_offset: MediaDuration::ZERO,
            local_delta: WallDuration::ZERO,
            sample_file_bytes: bytes,
            video_samples: samples.len() as u32,
            video_sync_samples: samples.iter().filter(|s| s.is_key).count() as u32,
            sample_entry_id: 1,
            index_format: sample_index::format(&index),
            flags: [(ends_in_zero, Flags::TRAILING_ZERO), (is_reordered, Flags::REORDERED)]
                .into_iter()
                .fold(Flags::default(), |flags, (is, flag)| if is { flags.with(flag) } else { flags }),
            growing: false,
            end_reason: None,
        };
        self.indexes.insert(id, index.into());
        if let Some(film) = film {
            assert_eq!(film.len() as u64, bytes);
            self.films.insert(id, film);
        }
        self.recordings.push((recording, entry.clone()));
        &mut self.recordings.last_mut().unwrap().0
    }

    pub(crate) fn index(&self, id: RecordingId) -> Result<Arc<[u8]>> {
        Ok(self.indexes[&id].clone())
    }

    /// Lets the next recording start so much after the last one's end, or before it: a new run.
    pub(crate) fn skip(&mut self, units: i64) {
        self.skipped += units;
    }

    /// What one selection gives, `s=` or span.
    pub(crate) fn plan(&self, selection: Selection) -> Result<Plan> {
        self.plan_all([selection])
    }

    /// Several selections one after the other in one file.
    pub(crate) fn plan_all(&self, selections: impl IntoIterator<Item = Selection>) -> Result<Plan> {
        self.plan_styled(Style::default(), selections)
    }

    /// The same in some style.
    pub(crate) fn plan_styled(&self, style: Style, selections: impl IntoIterator<Item = Selection>) -> Result<Plan> {
        let mut builder = Builder::new(style, |id| self.index(id));
        for mut selection in selections {
            for (recording, entry) in &self.recordings {
                builder.add(recording, entry, selection.next(recording))?;
            }
        }
        builder.finish()
    }

    /// A range of a planned file, made as a web server does it.
    pub(crate) fn read(&self, plan: &Plan, range: Range<u64>) -> Vec<u8> {
        plan.pieces(range).flat_map(|(piece, part)| self.piece(plan, &piece, part)).collect()
    }

    /// The whole file.
    pub(crate) fn file(&self, plan: &Plan) -> Vec<u8> {
        let file = self.read(plan, 0..plan.len());
        assert_eq!(file.len() as u64, plan.len());
        file
    }

    /// All that comes before the film.
    pub(crate) fn head(&self, plan: &Plan) -> Vec<u8> {
        self.read(plan, 0..plan.film_offset())
    }

    fn piece(&self, plan: &Plan, piece: &Piece, part: Range<u64>) -> Vec<u8> {
        if let Piece::Film { recording, bytes } = piece {
            let at = |i: u64| bytes.start + i;
            return match self.films.get(recording) {
                Some(film) => film[at(part.start) as usize..at(part.end) as usize].to_vec(),
                None => (at(part.start)..at(part.end)).map(|i| made_up(*recording, i)).collect(),
            };
        }
        let index = match piece {
            Piece::Samples { recording, .. } => self.indexes[recording].clone(),
            _ => Arc::default(),
        };
        plan.generate(piece, &index).unwrap()[part.start as usize..part.end as usize].to_vec()
    }
}

/// The byte at `offset` of a sample file that was never filmed.
pub(crate) fn made_up(recording: RecordingId, offset: u64) -> u8 {
    (recording.number() as u64 * 31 + offset % 251) as u8
}

/// `gaps=hold`
pub(crate) fn hold() -> Style {
    Style { gaps: Gaps::Hold, ..Style::default() }
}

/// `ts=true`, by clocks at this place.
pub(crate) fn texts(zone: &str) -> Style {
    Style { subtitles: Some(TimeZone::get(zone).unwrap()), ..Style::default() }
}

/// `s=….START-END`
pub(crate) fn relative(part: Range<i64>) -> Selection {
    Selection::Relative(WallDuration(part.start)..WallDuration(part.end))
}

/// From and to a number of 90 kHz units after noon.
pub(crate) fn span(part: Range<i64>) -> Selection {
    Selection::Span(WallTime(NOON.0 + part.start)..WallTime(NOON.0 + part.end))
}

/// A sample entry that no decoder would take.
pub(crate) fn entry(kind: &[u8; 4], width: u16, height: u16) -> Arc<SampleEntry> {
    let data = [&[0, 0, 0, 12], &kind[..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let rfc6381_codec = String::from_utf8_lossy(kind).into_owned();
    Arc::new(SampleEntry { data: data.into(), width, height, pixel_aspect: (1, 1), rfc6381_codec })
}

/// Frames of `duration_90k`, every `keys`th a key frame; sizes differ.
pub(crate) fn frames(count: u32, duration_90k: i32, keys: u32) -> Vec<Sample> {
    let sample = |i: u32| {
        let is_key = i.is_multiple_of(keys);
        Sample { duration_90k, bytes: if is_key { 50 + i } else { 5 + i % 4 }, is_key, composition_90k: 0 }
    };
    (0..count).map(sample).collect()
}
