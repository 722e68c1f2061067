//! Foreign mp4 files, whole and damaged.

use super::*;
use crate::base::{MediaDuration, RecordingId, StreamId, WallDuration, WallTime};
use crate::media::mp4::{Builder, Style};
use crate::media::recording::Flags;
use crate::media::sample_index::{Encoder, Sample};
use crate::media::{Recording, Selection, annexb};
use proptest::collection::vec;
use proptest::prelude::*;

fn table(head: &[u32], entries: &[u32], entry_bytes: usize) -> Table {
    let words: Vec<u8> = head.iter().chain(entries).flat_map(|w| w.to_be_bytes()).collect();
    Table::read(&words.into(), 4, entry_bytes).unwrap()
}

fn track(stts: &[u32], stsc: &[u32], stsz: Sizes, stco: &[u32]) -> Track {
    let sample_entry =
        SampleEntry { data: Bytes::new(), width: 2, height: 2, pixel_aspect: (1, 1), rfc6381_codec: String::new() };
    Track {
        sample_entry: Arc::new(sample_entry),
        timescale: 1000,
        delays: table(&[0, 0], &[], 8),
        durations: table(&[0, stts.len() as u32 / 2], stts, 8),
        sizes: stsz,
        chunks: table(&[0, stsc.len() as u32 / 3], stsc, 12),
        chunk_offsets: ChunkOffsets::Short(table(&[0, stco.len() as u32], stco, 4)),
    }
}

#[test]
fn samples_lie_one_after_the_other_in_their_chunks() {
    let sizes = Sizes::Each(table(&[0, 4], &[10, 20, 30, 40], 4));
    let track = track(&[3, 40, 1, 0], &[1, 1, 1, 2, 3, 1], sizes, &[1000, 5000]);
    let told: Vec<_> = track.samples().map(|s| s.map(|s| (s.offset, s.bytes, s.time_90k)).unwrap()).collect();
    assert_eq!(told, [(1000, 10, 0), (5000, 20, 3600), (5020, 30, 7200), (5050, 40, 10_800)]);
}

#[test]
fn pictures_are_shown_when_their_delay_says() {
    let mut track = track(&[4, 40], &[1, 4, 1], Sizes::Equal { bytes: 7, count: 4 }, &[0]);
    track.delays = table(&[0, 3], &[1, 40, 1, 120, 2, 0], 8);
    let told: Vec<_> = track.samples().map(|s| s.unwrap().time_90k).collect();
    assert_eq!(told, [0, 10_800, 3_600, 7_200]);
}

#[test]
fn tables_that_disagree_are_an_error_at_the_end_of_what_they_tell() {
    let track = track(&[9, 40], &[1, 2, 1], Sizes::Equal { bytes: 7, count: u32::MAX }, &[0]);
    let told: Vec<_> = track.samples().map(|s| s.map(|s| s.offset).map_err(|e| e.to_string())).collect();
    assert_eq!(told, [Ok(0), Ok(7), Err("its tables end before sample 2".to_owned())]);
}

/// The head of a file of our own, from `moov` on, and its samples.
fn own_file(sizes: &[u32]) -> (Bytes, Vec<Located>) {
    let sets = include_bytes!("../../../../testdata/x264_high_sar.h264");
    let entry = SampleEntry::from_parameter_sets(Codec::H264, annexb::nal_units(sets)).unwrap();
    let mut encoder = Encoder::default();
    let mut index = Vec::new();
    for &bytes in sizes {
        index.extend_from_slice(&encoder.add(Sample { duration_90k: 3000, bytes, is_key: true, composition_90k: 0 }));
    }
    let id = RecordingId::new(StreamId::new(1).unwrap(), 1);
    let length = 3000 * sizes.len() as i64;
    let recording = Recording {
        id,
        sequence: 1,
        open_id: 1,
        run_start: id,
        start: WallTime(0),
        wall_duration: WallDuration(length),
        media_duration: MediaDuration(length),
        media_offset: MediaDuration::ZERO,
        local_delta: WallDuration::ZERO,
        sample_file_bytes: sizes.iter().map(|&n| u64::from(n)).sum(),
        video_samples: sizes.len() as u32,
        video_sync_samples: sizes.len() as u32,
        sample_entry_id: 1,
        index_format: 1,
        flags: Flags::default(),
        growing: false,
        end_reason: None,
    };
    let mut builder = Builder::new(Style::default(), |_| Ok(index.clone().into()));
    builder.add(&recording, &Arc::new(entry), Selection::all().next(&recording)).unwrap();
    let plan = builder.finish().unwrap();
    let pieces = plan.pieces(0..plan.film_offset());
    let head: Vec<u8> = pieces.flat_map(|(piece, _)| plan.generate(&piece, &index).unwrap()).collect();
    let mut offset = plan.film_offset();
    let located = sizes.iter().zip(0..).map(|(&bytes, i)| {
        let here = Located { offset, bytes, time_90k: 3000 * i };
        offset += u64::from(bytes);
        here
    });
    let located = located.collect();
    (child(&head.into(), b"moov").unwrap(), located)
}

proptest! {
    #[test]
    fn what_we_write_is_read_as_it_was(sizes in vec(1u32..100_000, 1..50)) {
        let (moov, located) = own_file(&sizes);
        let read: Result<Vec<Located>> = Track::of_moov(&moov).unwrap().samples().collect();
        prop_assert_eq!(read.unwrap(), located);
    }

    #[test]
    fn no_damage_makes_it_panic(damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut bytes = own_file(&[10, 20, 30]).0.to_vec();
        for (at, value) in damage {
            *at.get_mut(&mut bytes) = value;
        }
        if let Ok(track) = Track::of_moov(&bytes.into()) {
            prop_assert!(track.samples().take(1000).filter(Result::is_err).count() <= 1);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Track::of_moov(&bytes.into());
    }
}
