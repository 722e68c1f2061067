//! Films: those that are planned out of any rows, and those that others made.

use super::index::MOST_SAMPLES;
use super::input::Input;
use bytes::Bytes;
use jiff::tz::TimeZone;
use lunette::base::{Kind, MediaDuration, RecordingId, Result, StreamId, WallDuration, WallTime};
use lunette::media::codec::Codec;
use lunette::media::mp4::{Builder, Fragments, Gaps, Piece, Planned, Style, Track, init};
use lunette::media::recording::Flags;
use lunette::media::sample_index::{format, samples};
use lunette::media::{Recording, SampleEntry, Segment, Selection};
use std::sync::{Arc, LazyLock};

/// A few recordings with any index each, the rows right or not, and anything that a viewer may ask of them. The plan is
/// refused in words, or every piece of it is made as long as was promised or refused as damage; and where the rows tell
/// the truth it is a film that a reader of our own reads sample by sample, each inside of its film.
pub fn plan(data: &[u8]) {
    let mut input = Input(data);
    let style = Style {
        gaps: if input.byte() & 1 == 0 { Gaps::Skip } else { Gaps::Hold },
        subtitles: (input.byte() & 1 == 0).then_some(TimeZone::UTC),
    };
    let selection = match input.byte() % 3 {
        0 => Selection::all(),
        1 => Selection::Span(WallTime(input.number())..WallTime(input.number())),
        _ => Selection::Relative(WallDuration(input.number())..WallDuration(input.number())),
    };
    let mut recordings = vec![];
    while !input.0.is_empty() && recordings.len() < 5 {
        recordings.push(Made::read(&mut input, recordings.len() as u32 + 1, recordings.last()));
    }
    let all_true = recordings.iter().all(|made| made.is_true);
    let index = |id: RecordingId| Ok(recordings[id.number() as usize - 1].index.clone());
    if let Ok(film) = lay_out(style, selection.clone(), &recordings, index) {
        let head = make(&film, &recordings, all_true, film.film_offset());
        // The reader takes no second sample entry.
        let one_entry = recordings.iter().all(|made| Arc::ptr_eq(&made.entry, &recordings[0].entry));
        if let Some(head) = head.filter(|_| one_entry) {
            read_film(&head, &film);
        }
    }
    let parts = recordings.iter().filter_map(|made| cut(made, &mut selection.clone()));
    if let Ok(fragments) = Fragments::of(&parts.collect::<Vec<_>>(), MediaDuration::ZERO) {
        make(&fragments, &recordings, all_true, fragments.file_len());
    }
}

/// The content of a `moov` box: a track whose samples are read to the end, or an error in words.
pub fn movie(data: &[u8]) {
    if let Ok(track) = Track::of_moov(&Bytes::copy_from_slice(data)) {
        let read: Vec<_> = track.samples().take(100_000).collect();
        assert!(read.iter().filter(|sample| sample.is_err()).count() <= 1, "nothing comes after an error");
        init(&track.sample_entry);
    }
}

/// A recording out of random bytes.
struct Made {
    recording: Recording,
    entry: Arc<SampleEntry>,
    index: Arc<[u8]>,
    /// The row says what its index holds.
    is_true: bool,
}

impl Made {
    fn read(input: &mut Input<'_>, number: u32, before: Option<&Self>) -> Self {
        let (form, len) = (input.byte(), usize::from(input.short()));
        let index: Arc<[u8]> = input.take(len).into();
        let read: Result<Vec<_>> = samples(&index).take(MOST_SAMPLES).collect();
        let is_whole = read.as_ref().is_ok_and(|read| read.len() < MOST_SAMPLES);
        let samples = read.unwrap_or_default();
        let duration: i64 = samples.iter().map(|s| i64::from(s.duration_90k)).sum();
        let id = RecordingId::new(StreamId::new(1).expect("one"), number);
        let goes_on = before.filter(|_| form & 1 == 0).map(|made| &made.recording);
        let mut flags = Flags::default();
        if samples.last().is_some_and(|s| s.duration_90k == 0) {
            flags = Flags::TRAILING_ZERO;
        }
        let mut recording = Recording {
            id,
            sequence: number.into(),
            open_id: 1,
            run_start: goes_on.map_or(id, |r| r.run_start),
            start: goes_on.map_or(WallTime(0), Recording::end),
            wall_duration: WallDuration(duration),
            media_duration: MediaDuration(duration),
            media_offset: goes_on
                .map_or(MediaDuration::ZERO, |r| MediaDuration(r.media_offset.0.saturating_add(r.media_duration.0))),
            local_delta: WallDuration::ZERO,
            sample_file_bytes: samples.iter().map(|s| u64::from(s.bytes)).sum(),
            video_samples: samples.len() as u32,
            video_sync_samples: samples.iter().filter(|s| s.is_key).count() as u32,
            sample_entry_id: 1,
            index_format: format(&index),
            flags,
            growing: form & 2 != 0,
            end_reason: None,
        };
        let starts_with_key = samples.first().is_some_and(|s| s.is_key);
        let is_true = is_whole && starts_with_key && form & 4 == 0 && duration < 27_000_000;
        if goes_on.is_none() {
            recording.start = WallTime(input.number() >> 8);
        }
        if form & 4 != 0 {
            spoil(&mut recording, input);
        }
        let entry = if form & 8 == 0 { &ENTRIES[0] } else { &ENTRIES[1] };
        Self { recording, entry: entry.clone(), index, is_true }
    }
}

/// What a damaged row may say, within what the tables allow.
fn spoil(r: &mut Recording, input: &mut Input<'_>) {
    let within = |n: i64, end: i64| n.rem_euclid(end);
    match input.byte() % 8 {
        0 => r.wall_duration = WallDuration(within(input.number(), 27_000_000)),
        1 => r.media_duration = MediaDuration(within(input.number(), 27_000_000)),
        2 => r.sample_file_bytes = within(input.number(), i64::MAX) as u64,
        3 => r.video_samples = input.number() as u32,
        4 => r.video_sync_samples = input.number() as u32,
        5 => r.media_offset = MediaDuration(within(input.number(), i64::MAX)),
        6 => r.flags = Flags(input.number() as u32),
        _ => r.index_format = input.byte(),
    }
    // Tables of a damaged row would have to be made: not more of them than a test can hold.
    r.video_samples = r.video_samples.min(1 << 16);
    r.video_sync_samples = r.video_sync_samples.min(r.video_samples);
}

/// One picture size each, of the same coding.
static ENTRIES: LazyLock<[Arc<SampleEntry>; 2]> = LazyLock::new(|| {
    let sps: [&[u8]; 2] =
        [&[0x67, 0x42, 0x00, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40], &[0x67, 0x42, 0x00, 0x1e, 0xda, 0x05, 0x07, 0xe4]];
    let pps: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
    sps.map(|sps| Arc::new(SampleEntry::from_parameter_sets(Codec::H264, [sps, pps]).expect("parameter sets")))
});

fn lay_out(
    style: Style,
    mut selection: Selection,
    recordings: &[Made],
    index: impl FnMut(RecordingId) -> Result<Arc<[u8]>>,
) -> Result<lunette::media::mp4::Plan> {
    let mut builder = Builder::new(style, index);
    for made in recordings {
        builder.add(&made.recording, &made.entry, selection.next(&made.recording))?;
    }
    builder.finish()
}

fn cut(made: &Made, selection: &mut Selection) -> Option<(Recording, Segment)> {
    let wanted = selection.next(&made.recording);
    let segment = Segment::of(&made.recording, wanted, || Ok(made.index.clone())).ok()??;
    Some((made.recording.clone(), segment))
}

/// All up to `end` but film, which is zeros as far as it can be held; `None` where an index is not what its row says.
fn make(file: &dyn Planned, recordings: &[Made], all_true: bool, end: u64) -> Option<Vec<u8>> {
    let mut made = vec![];
    for (piece, bytes) in file.pieces(0..end) {
        if let Piece::Film { .. } = piece {
            continue;
        }
        let index = piece.indexed().map_or(&[][..], |id| &recordings[id.number() as usize - 1].index);
        match file.generate(&piece, index) {
            Ok(part) => {
                assert_eq!(part.len() as u64, bytes.end, "{piece}");
                made.extend(part);
            }
            Err(e) => {
                assert!(!all_true && e.kind() == Kind::Corrupt, "{piece}: {e}");
                return None;
            }
        }
    }
    Some(made)
}

/// The boxes of a head, and the samples that they tell of.
fn read_film(head: &[u8], film: &lunette::media::mp4::Plan) {
    let mut rest = head;
    let mut track = None;
    while let Some((size, _)) = rest.split_first_chunk::<4>() {
        let size = u32::from_be_bytes(*size) as usize;
        if size == 1 {
            assert_eq!((&rest[4..8], rest.len()), (&b"mdat"[..], 16), "the film is last");
            break;
        }
        let (whole, behind) = rest.split_at(size);
        if &whole[4..8] == b"moov" {
            track = Some(Track::of_moov(&Bytes::copy_from_slice(&whole[8..])));
        }
        rest = behind;
    }
    let track = track.expect("a moov").expect("our own moov");
    for sample in track.samples() {
        let sample = sample.expect("our own tables");
        assert!(sample.offset >= film.film_offset() && sample.offset + u64::from(sample.bytes) <= film.len());
    }
}
