//! Cuts of recordings into media segments.

use super::*;
use crate::media::hls::testing::{Film, recording};
use proptest::prelude::*;

const SECOND: i64 = 90_000;

fn settled(film: &Film, growing: bool) -> Vec<(i64, i64)> {
    let cuts = Cuts::of(&film.recording, &film.index).unwrap();
    cuts.settled(growing).map(|part| (part.start.0, part.end.0)).collect()
}

/// Groups of pictures of so many seconds each, a picture a second.
fn groups(seconds: &[u32]) -> Film {
    let frames = seconds.iter().flat_map(|&n| (0..n).map(|i| (SECOND as i32, i == 0)));
    recording(1, &frames.collect::<Vec<_>>())
}

fn in_seconds(film: &Film, growing: bool) -> Vec<(i64, i64)> {
    settled(film, growing).into_iter().map(|(start, end)| (start / SECOND, end / SECOND)).collect()
}

#[test]
fn about_four_seconds_or_a_group_of_pictures() {
    for (groups_of, expected) in [
        (&[1; 10][..], &[(0, 4), (4, 8), (8, 10)][..]),
        (&[2; 6], &[(0, 4), (4, 8), (8, 12)]),
        (&[3; 4], &[(0, 6), (6, 9), (9, 12)]),
        (&[5; 3], &[(0, 5), (5, 10), (10, 15)]),
        (&[20, 1, 1, 9], &[(0, 20), (20, 31)]),
        (&[60], &[(0, 60)]),
    ] {
        assert_eq!(in_seconds(&groups(groups_of), false), expected, "{groups_of:?}");
    }
}

#[test]
fn of_a_growing_recording_only_what_stays_is_settled() {
    for (groups_of, expected) in [
        (&[1; 3][..], &[][..]),
        (&[1; 4], &[(0, 4)]),
        (&[1; 7], &[(0, 4)]),
        (&[3, 3], &[(0, 6)]),
        (&[3, 3, 2], &[(0, 6), (6, 8)]),
        (&[10], &[(0, 10)]),
    ] {
        assert_eq!(in_seconds(&groups(groups_of), true), expected, "{groups_of:?}");
    }
}

#[test]
fn a_last_frame_without_duration_lasts_as_in_the_media_segment() {
    for (frames, expected) in [
        (&[(3000, true), (3100, false), (0, false)][..], &[(0, 9200)][..]),
        (&[(0, true)], &[(0, 3000)]),
        (&[(4 * 90_000, true), (0, true)], &[(0, 360_000), (360_000, 363_000)]),
        (&[(4 * 90_000, true), (0, false)], &[(0, 720_000)]),
    ] {
        let film = recording(1, frames);
        assert_eq!(settled(&film, false), expected, "{frames:?}");
        for (start, end) in expected {
            let part = MediaDuration(*start)..MediaDuration(*end);
            assert_eq!(film.segment(part).duration.0, end - start);
        }
    }
}

#[test]
fn an_index_of_something_else_is_an_error() {
    let film = groups(&[1; 3]);
    let e = Cuts::of(&film.recording, &film.index[..2]).unwrap_err();
    assert_eq!((e.kind(), e.to_string().starts_with("recording 1/1: video index")), (Kind::Corrupt, true), "{e}");
    let mut other = film.recording.clone();
    other.media_duration = MediaDuration(1);
    assert_eq!(Cuts::of(&other, &film.index).unwrap_err().kind(), Kind::Corrupt);
}

prop_compose! {
    fn any_film()(
        mut frames in prop::collection::vec((1i32..120_000, prop::bool::weighted(0.3)), 1..60),
        ends_in_zero in any::<bool>(),
    ) -> Vec<(i32, bool)> {
        frames[0].1 = true;
        if ends_in_zero {
            frames.last_mut().unwrap().0 = 0;
        }
        frames
    }
}

proptest! {
    #[test]
    fn media_segments_cover_each_frame_exactly_once(frames in any_film()) {
        let film = recording(1, &frames);
        let mut next = 0;
        for (start, end) in settled(&film, false) {
            let part = film.segment(MediaDuration(start)..MediaDuration(end));
            prop_assert_eq!(part.samples.start, next);
            prop_assert_eq!(part.hidden, MediaDuration::ZERO);
            prop_assert_eq!(part.duration.0, end - start);
            next = part.samples.end;
        }
        prop_assert_eq!(next as usize, frames.len());
    }

    #[test]
    fn what_is_settled_is_not_unsettled_by_what_comes(frames in any_film()) {
        let whole = settled(&recording(1, &frames), false);
        let keys = (1..frames.len()).filter(|&i| frames[i].1);
        for so_far in keys {
            let settled = settled(&recording(1, &frames[..so_far]), true);
            prop_assert_eq!(&settled[..], &whole[..settled.len()]);
        }
    }

    #[test]
    fn a_span_is_covered_exactly_once(frames in any_film(), from in 0i64..5_000_000, lasts in 1i64..5_000_000) {
        let film = recording(1, &frames);
        let cuts = Cuts::of(&film.recording, &film.index).unwrap();
        let Some(wanted) = film.try_segment(MediaDuration(from)..MediaDuration(from + lasts)) else { return Ok(()) };
        let mut at = wanted.start;
        let mut next = wanted.samples.start;
        for part in cuts.split(wanted.start..wanted.start + wanted.duration) {
            prop_assert_eq!(part.start, at);
            let segment = film.segment(part.clone());
            prop_assert_eq!((segment.samples.start, segment.hidden), (next, MediaDuration::ZERO));
            (at, next) = (part.end, segment.samples.end);
        }
        prop_assert_eq!((at, next), (wanted.start + wanted.duration, wanted.samples.end));
    }
}

#[test]
fn a_camera_that_is_a_little_early_has_even_segments() {
    let frames: Vec<_> = (0..60).map(|i| (SECOND as i32 - i % 3, i % 2 == 0)).collect();
    let lengths: Vec<_> = settled(&recording(1, &frames), false).iter().map(|(start, end)| end - start).collect();
    assert_eq!(lengths.len(), 15);
    assert!(lengths.iter().all(|length| (length - 4 * SECOND).abs() < 9), "{lengths:?}");
}
