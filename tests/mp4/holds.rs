//! `gaps=hold`: a picture stays until the film goes on.

use crate::cursor::{duration, edits, find, spread};
use crate::library::{Library, entry, frames, hold, relative, span};
use lunette::base::{Kind, Result};
use lunette::media::mp4::{Plan, Style};
use lunette::media::{Selection, sample_index::Sample};

/// Three runs of ten frames of 3000 units: a hole of 50 000 after the first, an overlap of 4000 before the third.
fn library() -> Library {
    let avc = entry(b"avc1", 320, 240);
    let mut library = Library::default();
    for skipped in [0, 50_000, -4000] {
        library.skip(skipped);
        library.add(&run(), &avc, None);
    }
    library
}

/// Ten frames, the last without a duration.
fn run() -> Vec<Sample> {
    let mut frames = frames(10, 3000, 5);
    frames[9].duration_90k = 0;
    frames
}

fn held(library: &Library, selections: &[Selection]) -> Result<Plan> {
    library.plan_styled(hold(), selections.to_vec())
}

/// What each sample lasts.
fn durations(library: &Library, plan: &Plan) -> Vec<u32> {
    spread(find(&library.head(plan), "moov/trak/mdia/minf/stbl/stts").unwrap().body)
}

#[test]
fn the_last_picture_stays_until_the_next_is_due() {
    let library = library();
    let plan = held(&library, &[Selection::all()]).unwrap();
    let durations = durations(&library, &plan);
    // The second run begins 27 000 + 50 000 after the first; the third overlaps, so nothing is held before it.
    assert_eq!((durations[9], durations[19], durations[29]), (50_000, 3000, 0));
    assert_eq!(durations[..10].iter().sum::<u32>(), 77_000);
    let head = library.head(&plan);
    for path in ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd"] {
        assert_eq!(duration(find(&head, path).unwrap().body), 77_000 + 30_000 + 27_000, "{path}");
    }
}

#[test]
fn what_is_skipped_stays_skipped_and_has_another_tag() {
    let library = library();
    let skipped = library.plan(Selection::all()).unwrap();
    assert_eq!(durations(&library, &skipped)[9], 3000);
    assert_ne!(held(&library, &[Selection::all()]).unwrap().etag(), skipped.etag());
    // Where there is no hole, there is no other film.
    let first = relative(0..27_000);
    assert_eq!(held(&library, std::slice::from_ref(&first)).unwrap().etag(), library.plan(first).unwrap().etag());
}

#[test]
fn a_recording_that_breaks_off_is_held_too() {
    let avc = entry(b"avc1", 320, 240);
    let mut library = Library::default();
    library.add(&frames(10, 3000, 5), &avc, None);
    library.skip(1000);
    library.add(&frames(10, 3000, 5), &avc, None);
    let plan = held(&library, &[Selection::all()]).unwrap();
    assert_eq!(durations(&library, &plan)[9], 4000);
    // A span that begins within the first: what is hidden is no part of the time line.
    let cut = held(&library, &[span(17_000..60_000)]).unwrap();
    assert_eq!(durations(&library, &cut)[4], 4000);
    let head = library.head(&cut);
    assert_eq!(edits(find(&head, "moov/trak/edts/elst").unwrap().body), [(13_000 + 1000 + 29_000, 2000)]);
}

#[test]
fn a_film_begins_with_a_picture_and_ends_with_one() {
    let library = library();
    let from_within_the_hole = held(&library, &[span(40_000..80_000)]).unwrap();
    assert_eq!(durations(&library, &from_within_the_hole), [3000]);
    let into_the_hole = held(&library, &[span(0..40_000)]).unwrap();
    assert_eq!(durations(&library, &into_the_hole)[9], 0);
}

#[test]
fn holes_between_named_recordings_are_held() {
    let library = library();
    // What is left out between two parts of a recording is a hole like any other.
    let parts = [relative(0..5000), relative(15_000..27_000)];
    let plan = held(&library, &parts).unwrap();
    assert_eq!(durations(&library, &plan), [3000, 12_000, 3000, 3000, 3000, 3000]);
}

#[test]
fn a_hole_of_six_hours_is_held_and_a_longer_one_refused() {
    let avc = entry(b"avc1", 320, 240);
    for (seconds, fits) in [(6 * 3600, true), (6 * 3600 + 1, false)] {
        let mut library = Library::default();
        library.add(&run(), &avc, None);
        library.skip(seconds * 90_000);
        library.add(&run(), &avc, None);
        match held(&library, &[Selection::all()]) {
            Ok(plan) => assert!(fits && durations(&library, &plan)[9] as i64 == seconds * 90_000),
            Err(e) => {
                let expected = "recording 1/2: no film from 2017-03-02T12:00:00:27000+00:00 to \
                                2017-03-02T18:00:01:27000+00:00, more than 6 hours to hold a picture: ask for the two \
                                sides apart, or for gaps=skip";
                assert_eq!((fits, e.kind(), e.to_string().as_str()), (false, Kind::BadInput, expected));
            }
        }
        assert!(library.plan_styled(Style::default(), [Selection::all()]).is_ok());
    }
}

#[test]
fn the_film_stays_at_the_walls_time_for_days() {
    let avc = entry(b"avc1", 320, 240);
    let mut library = Library::default();
    // Each run is corrected by 500 ppm, and lasts a minute of 60 frames: in a day that is 43 s.
    let mut starts = Vec::new();
    for run in 0..24 {
        library.skip(if run == 0 { 0 } else { 3 * 90_000 });
        for _ in 0..60 {
            let recording = library.add(&frames(60, 90_000, 60), &avc, None);
            recording.wall_duration.0 += 2700;
            starts.push((recording.start, recording.id.number() % 60 == 1));
        }
    }
    let plan = held(&library, &[Selection::all()]).unwrap();
    let durations = durations(&library, &plan);
    for (i, (start, is_first)) in starts.iter().enumerate() {
        let place: i64 = durations[..60 * i].iter().map(|&d| i64::from(d)).sum();
        let off = (start.0 - starts[0].0.0) - place;
        // Within a run nothing is held; each hole puts it right.
        assert!(if *is_first { off == 0 } else { (0..=60 * 2700).contains(&off) }, "recording {i} is off by {off}");
    }
}
