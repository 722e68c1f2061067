//! When a file's tag changes, and when it must not.

use crate::library::{Library, entry, frames, hold, relative, span, texts};
use lunette::base::{RecordingId, StreamId, WallDuration};
use lunette::media::Selection;
use lunette::media::mp4::plan::FORMAT_VERSION;
use lunette::media::mp4::{Gaps, Style};
use std::collections::HashSet;

/// Two recordings, the second with so many frames; a key frame every four.
fn library(frames_of_second: u32) -> Library {
    let avc = entry(b"avc1", 320, 240);
    let mut library = Library::default();
    library.add(&frames(10, 10, 4), &avc, None);
    library.add(&frames(frames_of_second, 10, 4), &avc, None);
    library
}

#[test]
fn bytes_and_tag_stay_while_the_recording_grows_and_closes() {
    let mut so_far = library(8);
    so_far.recordings[1].0.growing = true;
    let mut closed = library(15);
    closed.recordings[1].0.wall_duration = WallDuration(151);
    let with_texts = Style { gaps: Gaps::Hold, ..texts("UTC") };
    for (part, style) in [0..180, 5..180, 0..140, 33..131, 100..180, 139..177, 179..180]
        .into_iter()
        .flat_map(|part| [(part.clone(), Style::default()), (part, with_texts.clone())])
    {
        let plan = |library: &Library| library.plan_styled(style.clone(), [span(part.clone())]).unwrap();
        let (before, after) = (plan(&so_far), plan(&closed));
        assert_eq!(before.etag(), after.etag(), "{part:?}");
        assert_eq!(before.modified(), after.modified(), "{part:?}");
        assert_eq!(so_far.file(&before), closed.file(&after), "{part:?}");
    }
    let beyond = 0..200;
    assert_ne!(so_far.plan(span(beyond.clone())).unwrap().etag(), closed.plan(span(beyond)).unwrap().etag());
}

#[test]
fn all_that_shapes_the_bytes_shapes_the_tag() {
    let changed = |change: fn(&mut Library)| {
        let mut library = library(8);
        change(&mut library);
        library.plan(Selection::all()).unwrap().etag().to_owned()
    };
    let tags = [
        changed(|_| ()),
        changed(|l| l.recordings[1].0.open_id = 2),
        changed(|l| l.recordings[1].0.id = RecordingId::new(StreamId::new(2).unwrap(), 2)),
        changed(|l| l.recordings[0].0.start = l.recordings[0].0.start + WallDuration::from_secs(1)),
        changed(|l| l.recordings[1].1 = entry(b"avc1", 322, 240)),
        changed(|l| l.recordings.truncate(1)),
        changed(|l| l.recordings.swap(0, 1)),
    ];
    let cuts = [relative(1..180), relative(2..180), relative(0..179), relative(0..171), relative(11..170)];
    let cuts = cuts.map(|cut| library(8).plan(cut).unwrap().etag().to_owned());
    let all: HashSet<_> = tags.iter().chain(&cuts).collect();
    assert_eq!(all.len(), tags.len() + cuts.len());
    assert!(all.iter().all(|tag| tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"')));
}

/// The version of the format, and the hash of the files below. Where a change of the bytes is meant: raise
/// `FORMAT_VERSION`, so that every tag changes and nobody joins ranges of the old file and the new one, then write both
/// here. Before a release a version may be changed in place.
const FORMAT: (u32, &str) = (1, "5e6e2d3a92194b85");

#[test]
fn the_format_version_is_raised_when_the_format_changes() {
    let mut library = library(8);
    let (small, large) = (entry(b"avc1", 320, 240), entry(b"avc1", 640, 480));
    let mut last_of_run = frames(7, 90_000, 3);
    last_of_run[6].duration_90k = 0;
    library.add(&last_of_run, &small, None);
    library.skip(700_000);
    library.add(&frames(300, 3_000, 30), &large, None);
    library.skip(-100_000);
    library.add(&last_of_run, &small, None);
    let files = [
        library.plan_all([relative(15..95), relative(3..180)]),
        library.plan(Selection::all()),
        library.plan_styled(hold(), [span(33..2_000_000)]),
        library.plan_styled(texts("Europe/Berlin"), [span(33..2_000_000), relative(100..1_000_000)]),
        library.plan_styled(Style { gaps: Gaps::Hold, ..texts("America/St_Johns") }, [Selection::all()]),
    ];
    let mut hash = blake3::Hasher::new();
    for plan in files {
        hash.update(&library.file(&plan.unwrap()));
    }
    let hash = hash.finalize().to_hex();
    assert_eq!((FORMAT_VERSION, &hash[..16]), FORMAT, "the bytes of planned files changed: see what is said at FORMAT");
}
