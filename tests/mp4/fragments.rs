//! Planned media segments, byte for byte.

use crate::library::{Library, entry, frames};
use lunette::base::{MediaDuration, WallDuration};
use lunette::media::mp4::fragments::FORMAT_VERSION;
use lunette::media::mp4::{self, Fragments, Piece, Planned};
use lunette::media::{Recording, Segment};
use proptest::prelude::*;
use std::ops::Range;

/// Three recordings of a run, 40 frames of 10 units each, a key frame every four; the last frame has no duration.
fn library() -> Library {
    let avc = entry(b"avc1", 320, 240);
    let mut library = Library::default();
    for n in 0..3 {
        let mut samples = frames(40, 10, 4);
        if n == 2 {
            samples[39].duration_90k = 0;
        }
        library.add(&samples, &avc, None);
    }
    let first = library.recordings[0].0.id;
    for (n, (recording, _)) in library.recordings.iter_mut().enumerate() {
        recording.run_start = first;
        recording.media_offset = MediaDuration(1000 + 400 * n as i64);
    }
    library
}

/// What of the run lies between two moments of its time line.
fn parts(library: &Library, wanted: Range<i64>) -> Vec<(Recording, Segment)> {
    let part = |recording: &Recording| {
        let from = recording.media_offset.0;
        let wanted = MediaDuration(wanted.start - from)..MediaDuration(wanted.end - from);
        let index = || library.index(recording.id);
        let segment = Segment::of_media(recording, wanted, index).unwrap()?;
        Some((recording.clone(), segment.lasting(index).unwrap()))
    };
    library.recordings.iter().filter_map(|(recording, _)| part(recording)).collect()
}

fn read(library: &Library, file: &dyn Planned, range: Range<u64>) -> Vec<u8> {
    let piece = |(piece, part): (Piece, Range<u64>)| {
        if let Piece::Film { recording, bytes } = &piece {
            return (bytes.start + part.start..bytes.start + part.end)
                .map(|i| crate::library::made_up(*recording, i))
                .collect();
        }
        let index = piece.indexed().map(|id| library.index(id).unwrap()).unwrap_or_default();
        file.generate(&piece, &index).unwrap()[part.start as usize..part.end as usize].to_vec()
    };
    file.pieces(range).flat_map(piece).collect()
}

/// The boxes of the file: their type and length, and of `moof` the decode time and the samples' durations.
fn boxes(mut file: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    let number = |at: &[u8]| u32::from_be_bytes(at[..4].try_into().unwrap());
    while !file.is_empty() {
        let (own, rest) = file.split_at(number(file) as usize);
        let kind = std::str::from_utf8(&own[4..8]).unwrap();
        told.push(match kind {
            "moof" => {
                let durations: Vec<_> = own[88..].chunks(12).map(number).collect();
                format!("moof at {}: {durations:?}", number(&own[64..]))
            }
            _ => format!("{kind} {}", own.len()),
        });
        file = rest;
    }
    told
}

#[test]
fn a_fragment_for_each_recording() {
    let library = library();
    let file = Fragments::of(&parts(&library, 1385..1463), MediaDuration::ZERO).unwrap();
    let bytes = read(&library, &file, 0..file.file_len());
    assert_eq!(bytes.len() as u64, file.file_len());
    let all = boxes(&bytes);
    assert_eq!(all[0], "styp 20");
    assert_eq!(all[1], "moof at 1360: [10, 10, 10, 10]");
    assert_eq!(all[3], "moof at 1400: [10, 10, 10, 10, 10, 10, 3]");
    assert_eq!(all.len(), 5);
    assert_eq!((file.start().leading.0, file.start().decode_time.0), (25, 1360));
    let lines: Vec<_> = (&file as &dyn Planned).describe().lines().map(|l| l[26..].to_owned()).collect();
    let names = ["head", "moof 1/1", "film 1/1", "moof 1/2", "film 1/2"];
    assert!(lines.iter().zip(names).all(|(line, name)| line.starts_with(name)), "{lines:?}");
}

#[test]
fn the_last_frame_of_a_run_lasts_as_long_as_the_one_before() {
    let library = library();
    let file = Fragments::of(&parts(&library, 2150..i64::MAX), MediaDuration::ZERO).unwrap();
    let bytes = read(&library, &file, 0..file.file_len());
    assert_eq!(boxes(&bytes)[1], "moof at 2120: [10, 10, 10, 10, 10, 10, 10, 10]");
}

#[test]
fn the_tag_is_that_of_the_bytes() {
    let library = library();
    let tag =
        |library: &Library, part| Fragments::of(&parts(library, part), MediaDuration::ZERO).unwrap().etag().to_owned();
    let own = tag(&library, 1100..1200);
    assert_eq!(tag(&library, 1100..1200), own);
    let mut other = self::library();
    other.recordings[0].0.wall_duration = WallDuration(377);
    other.recordings[0].0.growing = true;
    assert_eq!(tag(&other, 1100..1200), own, "the clock does not matter");
    other.recordings[0].0.open_id = 2;
    assert_ne!(tag(&other, 1100..1200), own);
    assert_eq!(tag(&library, 1080..1200), tag(&library, 1100..1200), "the same key frame");
    for part in [1100..1201, 1100..1191, 1000..1200] {
        assert_ne!(tag(&library, part), own);
    }
}

#[test]
fn a_hole_a_run_or_an_entry_inside_is_refused() {
    let refused = |change: fn(&mut Recording)| {
        let mut library = library();
        change(&mut library.recordings[1].0);
        Fragments::of(&parts(&library, 1000..1800), MediaDuration::ZERO).unwrap_err().to_string()
    };
    let run = refused(|r| r.run_start = r.id);
    assert!(run.starts_with("recording 1/2: another run begins at 2017-03-02T12:00:00:00400+00:00"), "{run}");
    let entry = refused(|r| r.sample_entry_id = 2);
    assert!(entry.starts_with("recording 1/2: the video's parameters change at"), "{entry}");
    let hole = refused(|r| r.media_offset = MediaDuration(1401));
    assert!(hole.starts_with("recording 1/2: a hole or a step back ends at"), "{hole}");
    let large = refused(|r| r.sample_file_bytes = 1 << 33);
    assert!(large.starts_with("recording 1/2: above 4 GiB"), "{large}");
}

/// The version of the format, and the hash of the files below; see `FORMAT` of whole films in `tag.rs`. The second hash is that
/// of initialisation segments: their tag is their own bytes' hash, so they may change, but players keep them beside film.
const FORMAT: (u32, &str, &str) = (1, "67178b47ba14d148", "5001a7966f4eaaeb");

#[test]
fn the_format_version_is_raised_when_the_format_changes() {
    let library = library();
    let mut hash = blake3::Hasher::new();
    for (part, base) in [(1000..2200, 0), (1385..1463, 7), (2150..i64::MAX, 1 << 40)] {
        let file = Fragments::of(&parts(&library, part), MediaDuration(base)).unwrap();
        hash.update(&read(&library, &file, 0..file.file_len()));
    }
    let mut inits = blake3::Hasher::new();
    for entry in [entry(b"avc1", 320, 240), entry(b"hvc1", 640, 480)] {
        inits.update(&mp4::init(&entry));
    }
    let [hash, inits] = [hash, inits].map(|hash| hash.finalize().to_hex()[..16].to_owned());
    assert_eq!((FORMAT_VERSION, &*hash, &*inits), FORMAT, "the bytes changed: see what is said at FORMAT");
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bytes(
        from in 1000i64..2190,
        lasts in 1i64..1300,
        cuts in prop::collection::vec(0u64..8000, 0..8),
    ) {
        let library = library();
        let file = Fragments::of(&parts(&library, from..from + lasts), MediaDuration::ZERO).unwrap();
        let len = file.file_len();
        let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(len)).chain([0, len]).collect();
        cuts.sort();
        let together: Vec<u8> = cuts.windows(2).flat_map(|w| read(&library, &file, w[0]..w[1])).collect();
        prop_assert_eq!(&together, &read(&library, &file, 0..len));
        prop_assert_eq!(together.len() as u64, len);
        prop_assert!(read(&library, &file, len..len + 9).is_empty());
    }
}
