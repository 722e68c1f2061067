//! Any part of a file is the same however it is asked for.

use crate::library::{Library, entry, frames, hold, relative};
use jiff::tz::TimeZone;
use lunette::base::{Kind, RecordingId};
use lunette::media::Selection;
use lunette::media::mp4::{Builder, Style};
use proptest::prelude::*;

fn library() -> Library {
    let (small, large) = (entry(b"avc1", 320, 240), entry(b"avc1", 640, 480));
    let mut library = Library::default();
    library.add(&frames(10, 10, 4), &small, None);
    library.add(&frames(7, 9, 3), &large, None);
    let mut all_keys = frames(3, 20, 1);
    all_keys[2].duration_90k = 0;
    library.add(&all_keys, &small, None);
    library.skip(123);
    library.add(&frames(5, 10, 9), &small, None);
    library
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bytes(
        start in 0i64..240,
        len in 1i64..240,
        holds in any::<bool>(),
        ts in any::<bool>(),
        cuts in prop::collection::vec(0.0..1.0f64, 0..9),
    ) {
        let library = library();
        let style = Style { subtitles: ts.then_some(TimeZone::UTC), ..if holds { hold() } else { Style::default() } };
        let Ok(plan) = library.plan_styled(style, [relative(start..start + len)]) else { return Ok(()) };
        let whole = library.file(&plan);
        let mut cuts: Vec<_> = cuts.iter().map(|c| (c * plan.len() as f64) as u64).chain([0, plan.len()]).collect();
        cuts.sort_unstable();
        let parts: Vec<u8> = cuts.windows(2).flat_map(|w| library.read(&plan, w[0]..w[1])).collect();
        prop_assert_eq!(parts, whole);
    }
}

#[test]
fn nothing_lies_beyond_the_end() {
    let library = library();
    let plan = library.plan(Selection::all()).unwrap();
    assert_eq!(plan.pieces(plan.len()..u64::MAX).count(), 0);
    assert_eq!(plan.pieces(5..5).count(), 0);
    assert_eq!(library.read(&plan, 0..u64::MAX), library.file(&plan));
}

#[test]
fn an_index_that_does_not_keep_the_promise_is_an_error_and_no_other_length() {
    let library = library();
    let plan = library.plan(Selection::all()).unwrap();
    let mut errors = Vec::new();
    for (piece, _) in plan.pieces(0..plan.film_offset()) {
        errors.extend(plan.generate(&piece, &[0x29, 0xd0, 0x0f]).err().map(|e| (e.kind(), e.to_string())));
    }
    assert_eq!(errors.len(), 12);
    let expected = "recording 1/1: video index: ends after 1 samples, 10 were expected";
    assert_eq!(errors[0], (Kind::Corrupt, expected.into()));
}

#[test]
fn only_cut_recordings_and_ends_of_runs_need_their_index() {
    let library = library();
    let asked = |mut selection: Selection| {
        let mut asked = Vec::new();
        let mut builder = Builder::new(Style::default(), |id: RecordingId| {
            asked.push(id.number());
            library.index(id)
        });
        for (recording, entry) in &library.recordings {
            builder.add(recording, entry, selection.next(recording)).unwrap();
        }
        builder.finish().unwrap();
        asked.sort_unstable();
        asked
    };
    // The third is the last of its run, and playback goes on after it.
    assert_eq!(asked(Selection::all()), [3]);
    // Its last frame has no duration and begins where this span ends, so it is cut too.
    assert_eq!(asked(relative(0..203)), [3]);
    assert_eq!(asked(relative(0..163)), [] as [u32; 0]);
    assert_eq!(asked(relative(1..240)), [1, 3, 4]);
}

#[test]
fn a_recording_in_the_middle_takes_little_memory() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    for _ in 0..1440 {
        library.add(&frames(2, 10, 2), &avc, None);
    }
    let bytes = library.plan(Selection::all()).unwrap().memory_bytes() / 1440;
    assert!(bytes <= 128, "{bytes} bytes a recording");
}
