//! mp4parse: the demuxer of Firefox, at its strictest.

use super::{Sample, Seen};
use mp4parse::unstable::{CheckedInteger, create_sample_table};
use mp4parse::{SampleEntry, TrackType};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub(super) fn read(film: &Path) -> Seen {
    let context = mp4parse::read_mp4(&mut BufReader::new(File::open(film).unwrap())).unwrap();
    let movie = context.timescale.unwrap();
    let mut tracks = context.tracks.iter().filter(|track| track.track_type == TrackType::Video);
    let track = tracks.next().unwrap();
    assert!(tracks.next().is_none(), "mp4parse: one video track");
    assert_eq!((movie.0, track.timescale.unwrap().0), (90_000, 90_000), "mp4parse: time scales");
    let table = create_sample_table(track, CheckedInteger(0)).expect("mp4parse: tables that agree");
    let first = table[0].start_composition.0;
    let samples = table.iter().map(|sample| Sample {
        offset: sample.start_offset.0,
        bytes: sample.end_offset.0 - sample.start_offset.0,
        time_90k: sample.start_composition.0 - first,
        is_key: sample.sync,
    });
    let entries = &track.stsd.as_ref().unwrap().descriptions;
    let is_h265 = entries.iter().all(|entry| matches!(entry, SampleEntry::Unknown));
    let is_known = entries.iter().all(|entry| matches!(entry, SampleEntry::Video(_)));
    assert!(is_known || is_h265, "mp4parse: sample entries of one kind");
    let tkhd = track.tkhd.as_ref().unwrap().duration as i64;
    let edited = track.edited_duration.map(|duration| duration.0 as i64);
    Seen {
        reader: "mp4parse",
        samples: samples.collect(),
        // The header sums up all edits.
        shown_90k: Some(edited.unwrap_or(track.duration.unwrap().0 as i64)).filter(|&shown| shown == tkhd),
        entries: Some(entries.len()),
    }
}

/// Takes an initialisation segment and all that follows it.
pub(super) fn read_fragmented(film: &Path) {
    let context = mp4parse::read_mp4(&mut BufReader::new(File::open(film).unwrap())).unwrap();
    assert!(context.mvex.is_some(), "mp4parse: fragments are announced");
    assert_eq!(context.tracks.len(), 1, "mp4parse: one track");
}
