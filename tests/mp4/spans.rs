//! What a player shows of any span of any recordings: the frames of the span, no more and no fewer.

use crate::cursor::{chunk_offsets, duration, edits, find, spread, table};
use crate::library::{Library, NOON, entry, hold, span, texts};
use lunette::base::WallDuration;
use lunette::media::mp4::{Gaps, Piece, Plan, Style};
use lunette::media::sample_index::Sample;
use proptest::prelude::*;
use std::ops::Range;

/// A recording, and how far from the end of the one before it starts. Every second one is the last of its run.
#[derive(Clone, Debug)]
struct Recorded {
    skipped: i64,
    samples: Vec<Sample>,
    /// What the recorder's clock made of its end.
    correction: i64,
}

fn recorded() -> impl Strategy<Value = Recorded> {
    let sample = (1..20i32, 1..50u32, prop::bool::weighted(0.3));
    let sample =
        sample.prop_map(|(duration_90k, bytes, is_key)| Sample { duration_90k, bytes, is_key, composition_90k: 0 });
    let skipped = prop_oneof![Just(0i64), -40..80i64];
    let places = prop::option::of(prop::collection::vec((1usize..6, any::<u64>()), 15));
    (skipped, prop::collection::vec(sample, 1..15), any::<bool>(), -1..=1i64, places).prop_map(
        |(skipped, mut samples, ends_run, correction, places)| {
            samples[0].is_key = true;
            if ends_run {
                samples.last_mut().unwrap().duration_90k = 0;
            }
            if let Some(places) = places {
                change_places(&mut samples, &places);
            }
            Recorded { skipped, samples, correction }
        },
    )
}

/// Frames that follow a key frame change places with some of their neighbours.
fn change_places(samples: &mut [Sample], places: &[(usize, u64)]) {
    let decoded = decoded(samples);
    let mut first = 0;
    for (len, seed) in places {
        while first < samples.len() && samples[first].is_key {
            first += 1;
        }
        let len = samples[first..].iter().take(*len).take_while(|s| !s.is_key).count();
        let mut order: Vec<usize> = (first..first + len).collect();
        order.sort_by_key(|&n| (seed ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (place, n) in (first..).zip(order) {
            samples[n].composition_90k = (decoded[place] - decoded[n]) as i32;
        }
        first += len;
    }
}

/// When each is decoded.
fn decoded(samples: &[Sample]) -> Vec<i64> {
    samples.iter().scan(0, |at, s| Some(std::mem::replace(at, *at + i64::from(s.duration_90k)))).collect()
}

/// The numbers of the frames in the order in which they are shown, and for how long.
fn in_order(samples: &[Sample]) -> Vec<(usize, i64, i64)> {
    let end = samples.iter().map(|s| i64::from(s.duration_90k)).sum();
    let mut shown: Vec<_> =
        decoded(samples).iter().zip(samples).map(|(at, s)| at + i64::from(s.composition_90k)).zip(0..).collect();
    shown.sort_unstable();
    let ends = shown[1..].iter().map(|(at, _)| *at).chain([end]);
    shown.iter().zip(ends).map(|(&(at, n), end)| (n, at, end - at)).collect()
}

fn library(all: &[Recorded]) -> Library {
    let (small, large) = (entry(b"avc1", 320, 240), entry(b"avc1", 640, 480));
    let mut library = Library::default();
    for (i, one) in all.iter().enumerate() {
        library.skip(one.skipped);
        let recording = library.add(&one.samples, if i % 3 == 2 { &large } else { &small }, None);
        recording.wall_duration = WallDuration((recording.wall_duration.0 + one.correction).max(0));
    }
    library
}

/// A frame: which recording's, from 0, and which of its frames.
type Frame = (usize, usize);

/// By `docs/decisions/0020-wall-to-media.md`: a frame is of the span if a moment of it is, and the last one of a run, which
/// has no duration, if the span goes on beyond the end.
fn wanted(library: &Library, all: &[Recorded], span: &Range<i64>) -> Vec<Frame> {
    let mut frames = Vec::new();
    for (i, (one, (recording, _))) in all.iter().zip(&library.recordings).enumerate() {
        let (wall, media) = (recording.wall_duration.0, recording.media_duration.0);
        let to_media = |t: i64| if t >= wall { media } else { t.clamp(0, media) };
        let start = recording.start.0 - NOON.0;
        let (from, to) = (span.start - start, span.end - start);
        if to <= from.max(0) || media == 0 && from > 0 {
            continue;
        }
        let goes_beyond = to > wall;
        let (from, to) = (to_media(from), to_media(to));
        let is_whole = from == 0 && to == media;
        if from >= to && !is_whole {
            continue;
        }
        for (n, at, duration) in in_order(&one.samples) {
            let is_at_the_end = duration == 0 && goes_beyond;
            if at.max(from) < (at + duration).min(to) || is_at_the_end {
                frames.push((i, n));
            }
        }
    }
    frames
}

/// What the boxes of the file say: each sample's frame, and when and how long it is shown.
fn shown(library: &Library, all: &[Recorded], plan: &Plan) -> Vec<(Frame, i64, i64)> {
    let head = library.head(plan);
    let stbl = |kind: &str| find(&head, &format!("moov/trak/mdia/minf/stbl/{kind}")).unwrap().body;
    let sizes = table(&stbl("stsz")[4..], 0..1, 1);
    let keys = table(stbl("stss"), 0..1, 1);
    let durations = spread(stbl("stts"));
    let offsets = find(&head, "moov/trak/mdia/minf/stbl/ctts");
    let offsets = offsets.map_or_else(|| vec![0; durations.len()], |b| spread(b.body));
    let chunks = chunk_offsets(stbl("co64"));
    let per_chunk = table(stbl("stsc"), 0..3, 3);
    let film = plan.pieces(plan.film_offset()..plan.len()).filter_map(|(piece, _)| match piece {
        Piece::Film { recording, bytes } => Some((recording.number() as usize - 1, bytes)),
        _ => None,
    });
    let mut samples = Vec::new();
    let mut at = 0;
    for ((n, (recording, bytes)), offset) in film.enumerate().zip(&chunks) {
        // The chunk is where the film of the segment is.
        let (piece, place) = plan.piece_at(*offset).unwrap();
        assert!(matches!(piece, Piece::Film { .. }) && place.start == *offset);
        let mut offset = bytes.start;
        let own = &all[recording].samples;
        for _ in 0..per_chunk[3 * n + 1] {
            let before = own.iter().scan(0, |sum, s| Some(std::mem::replace(sum, *sum + u64::from(s.bytes))));
            let frame = before.into_iter().position(|start| start == offset).expect("a sample is a frame");
            let i = samples.len();
            assert_eq!(sizes[i], own[frame].bytes);
            assert_eq!(keys.contains(&(i as u32 + 1)), own[frame].is_key);
            samples.push(((recording, frame), at + i64::from(offsets[i] as i32)));
            offset += u64::from(sizes[i]);
            at += i64::from(durations[i]);
        }
        assert_eq!(offset, bytes.end);
    }
    assert_eq!((samples.len(), at), (sizes.len(), duration(find(&head, "moov/trak/mdia/mdhd").unwrap().body) as i64));
    samples.sort_by_key(|(_, shown)| *shown);
    let ends: Vec<i64> = samples[1..].iter().map(|(_, shown)| *shown).chain([at]).collect();
    let edits = find(&head, "moov/trak/edts/elst").map(|b| edits(b.body)).unwrap_or_else(|| vec![(at as u64, 0)]);
    let is_whole = edits == [(at as u64, 0)];
    let mut seen = Vec::new();
    let mut position = 0;
    for (length, media_time) in edits {
        let (from, to) = (media_time as i64, (media_time + length) as i64);
        for (&(frame, start), &end) in samples.iter().zip(&ends) {
            if start.max(from) < end.min(to) || is_whole && start == end {
                let (start, end) = (start.max(from), end.min(to));
                seen.push((frame, position + start - from, end - start));
            }
        }
        position += length as i64;
    }
    assert_eq!(position, duration(find(&head, "moov/mvhd").unwrap().body) as i64);
    seen
}

proptest! {
    #[test]
    fn the_frames_of_a_span_are_shown_no_more_and_no_fewer(
        all in prop::collection::vec(recorded(), 1..7),
        start in -50..300i64,
        len in 1..600i64,
        holds in any::<bool>(),
        ts in any::<bool>(),
    ) {
        let library = library(&all);
        let part = start..start + len;
        let wanted = wanted(&library, &all, &part);
        let style = Style {
            gaps: if holds { Gaps::Hold } else { Gaps::Skip },
            subtitles: texts("UTC").subtitles.filter(|_| ts),
        };
        match library.plan_styled(style, [span(part)]) {
            Ok(plan) => {
                let shown = shown(&library, &all, &plan);
                prop_assert_eq!(shown.iter().map(|(frame, ..)| *frame).collect::<Vec<_>>(), wanted);
                prop_assert_eq!(library.file(&plan).len() as u64, plan.len());
            }
            Err(e) => prop_assert!(wanted.is_empty(), "{}", e),
        }
    }

    /// Where nothing overlaps and no clock goes astray, a held film's time line is the wall's.
    #[test]
    fn a_frame_of_a_held_film_is_where_it_was_on_the_wall(
        mut all in prop::collection::vec(recorded(), 1..7),
        start in -50..300i64,
        len in 1..600i64,
    ) {
        for one in &mut all {
            // A last frame without duration has room for what it is lent.
            one.skipped = one.skipped.abs() + 1;
            one.correction = 0;
        }
        let library = library(&all);
        let Ok(plan) = library.plan_styled(hold(), [span(start..start + len)]) else { return Ok(()) };
        let shown = shown(&library, &all, &plan);
        let wall = |&(recording, frame): &Frame| {
            let samples = &all[recording].samples;
            let shown = decoded(samples)[frame] + i64::from(samples[frame].composition_90k);
            library.recordings[recording].0.start.0 - NOON.0 + shown
        };
        let origin = wall(&shown[0].0).max(start);
        for (frame, at, _) in &shown[1..] {
            prop_assert_eq!(wall(frame) - origin, *at, "{:?}", frame);
        }
    }
}
