//! re_mp4: an independent reader of samples.

use super::{Sample, Seen};
use re_mp4::{Mp4, TrackKind};
use std::path::Path;

pub(super) fn read(film: &Path) -> Seen {
    let (mp4, _) = Mp4::read_file(film).unwrap();
    let mut tracks = mp4.tracks().values().filter(|track| track.kind == Some(TrackKind::Video));
    let track = tracks.next().unwrap();
    assert!(tracks.next().is_none(), "re_mp4: one video track");
    assert_eq!((mp4.moov.mvhd.timescale, track.timescale), (90_000, 90_000), "re_mp4: time scales");
    let first = track.samples[0].composition_timestamp;
    let is_fragmented = !mp4.moofs.is_empty();
    let samples = track.samples.iter().map(|sample| {
        let time_90k = sample.composition_timestamp - first;
        // Of fragments it takes signed offsets for unsigned ones.
        let time_90k = if is_fragmented { i64::from(time_90k as i32) } else { time_90k };
        Sample { offset: sample.offset, bytes: sample.size, time_90k, is_key: sample.is_sync }
    });
    Seen {
        reader: "re_mp4",
        samples: samples.collect(),
        shown_90k: Some(track.trak(&mp4).tkhd.duration as i64),
        entries: None,
    }
}
