//! Cuts of recordings.

use super::*;
use crate::base::{RecordingId, StreamId, WallTime};
use crate::media::recording::Flags;

/// A key frame every four frames, each of 10 units and of 100 bytes, key frames 1000.
fn film(frames: u32, trailing_zero: bool) -> (Recording, Vec<u8>) {
    let mut samples = Vec::new();
    let mut sum = Position::default();
    for i in 0..frames {
        let is_key = i % 4 == 0;
        let duration_90k = if trailing_zero && i + 1 == frames { 0 } else { 10 };
        let sample = Sample { duration_90k, bytes: if is_key { 1000 } else { 100 }, is_key, composition_90k: 0 };
        samples.push(sample);
        sum.pass(sample);
    }
    let id = RecordingId::new(StreamId::new(1).unwrap(), 1);
    let recording = Recording {
        id,
        sequence: 1,
        open_id: 1,
        run_start: id,
        start: WallTime(0),
        wall_duration: WallDuration(sum.time),
        media_duration: MediaDuration(sum.time),
        media_offset: MediaDuration::ZERO,
        local_delta: WallDuration::ZERO,
        sample_file_bytes: sum.bytes,
        video_samples: sum.samples,
        video_sync_samples: sum.sync_samples,
        sample_entry_id: 1,
        index_format: sample_index::FORMAT,
        flags: if trailing_zero { Flags::TRAILING_ZERO } else { Flags::default() },
        growing: false,
        end_reason: None,
    };
    (recording, sample_index::encode(&samples))
}

fn segment(of: &(Recording, Vec<u8>), wanted: Range<i64>) -> Option<Segment> {
    let wanted = WallDuration(wanted.start)..WallDuration(wanted.end);
    Segment::of(&of.0, wanted, || Ok(of.1.clone().into())).unwrap()
}

fn durations(segment: &Segment, index: &[u8]) -> Vec<i32> {
    let mut all = Vec::new();
    segment.read(index, |s| all.push(s.duration_90k)).unwrap();
    all
}

#[test]
fn a_recording_that_begins_before_its_run_is_corrupt() {
    let (recording, index) = film(10, false);
    for units in [-1, i64::MIN, i64::MAX, MAX_OFFSET_90K + 1] {
        let recording = Recording { media_offset: MediaDuration(units), ..recording.clone() };
        let index = || Ok(index.clone().into());
        let by_wall = Segment::of(&recording, WallDuration(0)..WallDuration(50), index).unwrap_err();
        let by_media = Segment::of_media(&recording, MediaDuration(0)..MediaDuration(50), index).unwrap_err();
        for e in [by_wall, by_media] {
            assert_eq!((e.kind(), e.to_string()), (Kind::Corrupt, format!("cannot begin {units} units after its run")));
        }
    }
}

#[test]
fn a_whole_recording_needs_no_index() {
    let (recording, _) = film(10, false);
    let no_index = || Err(Error::new(Kind::Internal, "asked for the index"));
    let all = Segment::of(&recording, WallDuration(-5)..WallDuration(i64::MAX), no_index).unwrap().unwrap();
    assert_eq!((all.samples, all.bytes, all.duration), (0..10, 0..3700, MediaDuration(100)));
}

#[test]
fn begins_with_a_key_frame_and_ends_within_a_frame() {
    let film = film(10, false);
    let part = segment(&film, 55..72).unwrap();
    let expected = Segment {
        start: MediaDuration(40),
        samples: 4..8,
        bytes: 1300..2600,
        sync_samples: 1,
        duration: MediaDuration(32),
        hidden: MediaDuration(15),
        last_duration_90k: Some(2),
        ends_in_zero: false,
        is_reordered: false,
        beyond_90k: 0,
        held_90k: 0,
    };
    assert_eq!(part, expected);
    assert_eq!(durations(&part, &film.1), [10, 10, 10, 2]);
}

#[test]
fn a_cut_between_two_frames_takes_nothing_of_the_second() {
    let film = film(10, false);
    let part = segment(&film, 40..80).unwrap();
    assert_eq!((part.samples, part.hidden, part.last_duration_90k), (4..8, MediaDuration::ZERO, None));
}

#[test]
fn what_lies_outside_is_nothing() {
    let film = film(10, false);
    for wanted in [100..200, -10..0, 100..100, 50..50, i64::MIN..-1] {
        assert_eq!(segment(&film, wanted.clone()), None, "{wanted:?}");
    }
}

#[test]
fn a_last_frame_without_duration_comes_with_what_is_beyond_the_end_wherever_the_start_is() {
    let film = film(10, true);
    for (start, first) in [(0, 0), (1, 0), (45, 4), (89, 8)] {
        let part = segment(&film, start..91).unwrap();
        assert_eq!((part.samples, part.ends_in_zero), (first..10, true), "from {start}");
        // So it is the same before anybody knows that the run ends there.
        let part = segment(&film, start..90).unwrap();
        assert_eq!((part.samples, part.ends_in_zero), (first..9, false), "from {start}");
    }
    assert_eq!(segment(&film, 0..89).unwrap().samples, 0..9);
    assert_eq!(segment(&film, 90..91), None);
    let lone = self::film(1, true);
    assert_eq!((segment(&lone, 0..1).is_some(), segment(&lone, 1..2)), (true, None));
}

#[test]
fn going_on_lends_the_last_frame_the_duration_of_the_one_before() {
    let film = film(10, true);
    let mut part = segment(&film, 85..91).unwrap();
    part.go_on(&film.1).unwrap();
    assert_eq!((part.duration, durations(&part, &film.1)), (MediaDuration(20), vec![10, 10]));
    let lone = self::film(1, true);
    let mut part = segment(&lone, 0..1).unwrap();
    part.go_on(&lone.1).unwrap();
    assert_eq!(durations(&part, &lone.1), [3000]);
}

#[test]
fn the_correction_of_the_clock_is_made_up_for_at_the_end() {
    let mut film = film(10, false);
    film.0.wall_duration = WallDuration(95);
    assert_eq!(segment(&film, 0..94).unwrap().duration, MediaDuration(94));
    assert_eq!(segment(&film, 0..95).unwrap().duration, MediaDuration(100));
    assert_eq!(segment(&film, 95..100), None);
    film.0.wall_duration = WallDuration(105);
    assert_eq!(segment(&film, 0..99).unwrap().duration, MediaDuration(99));
    assert_eq!(segment(&film, 0..104).unwrap().duration, MediaDuration(100));
}

#[test]
fn a_part_is_the_same_while_the_recording_grows_and_after() {
    let (mut so_far, index) = film(8, false);
    so_far.growing = true;
    let so_far = (so_far, index);
    let mut closed = film(11, true);
    closed.0.wall_duration = WallDuration(99);
    for (start, end) in [(0, 80), (0, 40), (15, 80), (15, 33), (79, 80)] {
        assert_eq!(segment(&so_far, start..end), segment(&closed, start..end), "{start}..{end}");
    }
}

#[test]
fn media_time_means_the_same_frames_whatever_the_correction() {
    let mut film = film(13, true);
    let of_media = |film: &(Recording, Vec<u8>), wanted: Range<i64>| {
        let wanted = MediaDuration(wanted.start)..MediaDuration(wanted.end);
        Segment::of_media(&film.0, wanted, || Ok(film.1.clone().into())).unwrap().map(|s| (s.start.0, s.samples))
    };
    for wall_duration in [100, 120, 130] {
        film.0.wall_duration = WallDuration(wall_duration);
        for (wanted, expected) in [
            (0..40, Some((0, 0..4))),
            (80..120, Some((80, 8..12))),
            (80..121, Some((80, 8..13))),
            (0..121, Some((0, 0..13))),
            (0..120, Some((0, 0..12))),
            (95..i64::MAX, Some((80, 8..13))),
            (120..3120, Some((120, 12..13))),
            (120..120, None),
            (121..130, None),
            (-10..0, None),
        ] {
            assert_eq!(of_media(&film, wanted.clone()), expected, "{wanted:?} of {wall_duration}");
        }
    }
    assert_eq!(of_media(&self::film(12, false), 120..130), None);
}

#[test]
fn an_index_that_holds_something_else_is_an_error() {
    let film = film(10, false);
    let error = |index: &[u8], wanted: Range<i64>| {
        let wanted = WallDuration(wanted.start)..WallDuration(wanted.end);
        Segment::of(&film.0, wanted, || Ok(index.into())).unwrap_err().to_string()
    };
    let cut = &self::film(9, false).1;
    assert_eq!(error(cut, 5..100), "video index: ends after 9 samples, 10 were expected");
    assert_eq!(error(&[], 5..10), "video index: ends after 0 samples, 10 were expected");
    let whole = segment(&film, 0..100).unwrap();
    let e = whole.read(cut, |_| ()).unwrap_err();
    assert_eq!(e.to_string(), "video index: ends after 9 samples, 10 were expected");
    let other = self::film(10, true).1;
    assert!(whole.read(&other, |_| ()).is_ok(), "durations are not what a segment promises");
    let mut wrong = whole.clone();
    wrong.sync_samples = 2;
    let e = wrong.read(&film.1, |_| ()).unwrap_err();
    assert_eq!(e.to_string(), "video index: bytes 0..3700 with 3; 0..3700 with 2 key frames were expected");
}
