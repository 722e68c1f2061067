//! Those of all formats: what was written is read again, whatever it is, and anything else is told in words.

use super::*;
use crate::media::sample_index::columns::Sums;
use proptest::prelude::*;

/// The index of a recording that grows.
fn grown(samples: &[Sample]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    samples.iter().flat_map(|&s| encoder.add(s).to_vec()).collect()
}

fn decode(index: &[u8]) -> Result<Vec<Sample>> {
    samples(index).collect()
}

/// The example of the formats' description.
fn example() -> [Sample; 5] {
    let rows = [(10, 1000, true), (9, 10, false), (11, 15, false), (10, 12, false), (10, 1050, true)];
    rows.map(|(duration_90k, bytes, is_key)| Sample { duration_90k, bytes, is_key, composition_90k: 0 })
}

const FORMAT_1: [u8; 11] = [0x29, 0xd0, 0x0f, 0x02, 0x14, 0x08, 0x0a, 0x02, 0x05, 0x01, 0x64];

/// The same where the second is shown before the third.
fn reordered() -> [Sample; 5] {
    let mut samples = example();
    (samples[1].composition_90k, samples[2].composition_90k) = (9, -9);
    samples
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_worked_examples() {
    assert_eq!(encode_format1(&example()), FORMAT_1);
    assert_eq!(decode(&FORMAT_1).unwrap(), example());
    assert_eq!(hex(&grown(&reordered())), "03 51 d0 0f 06 14 12 12 0a 23 06 05 12 01 64");
    assert_eq!(
        hex(&encode(&reordered())),
        "02 05 02 04 07 07 07 07 \
         01 01 04 01 \
         80 14 02 01 12 02 16 \
         80 14 02 02 1e 03 18 \
         80 d0 0f 01 01 b4 10 \
         80 00 02 01 12 02 11"
    );
    for index in [grown(&reordered()), encode(&reordered())] {
        assert_eq!(decode(&index).unwrap(), reordered());
    }
}

#[test]
fn what_is_even_takes_next_to_nothing() {
    let sample = Sample { duration_90k: 3600, bytes: 700, is_key: false, composition_90k: 0 };
    let samples: Vec<_> = (0..1500).map(|i| Sample { is_key: i % 50 == 0, ..sample }).collect();
    let index = encode(&samples);
    assert_eq!(decode(&index).unwrap(), samples);
    assert!(index.len() < 100, "{}", index.len());
    // Two durations in turns, as of a camera whose clock counts milliseconds, and one that was late.
    let mut samples: Vec<_> =
        samples.iter().zip(0..).map(|(s, i)| Sample { duration_90k: [2970, 2970, 3060][i % 3], ..*s }).collect();
    samples[700].duration_90k = 9029;
    let index = encode(&samples);
    assert_eq!(decode(&index).unwrap(), samples);
    assert!(index.len() < 100 + 1500 / 8 + 100, "{}", index.len());
}

#[test]
fn the_wrong_is_told_in_words_with_its_place() {
    let wrong = |index: &[u8]| {
        let e = decode(index).unwrap_err();
        assert_eq!(e.kind(), Kind::Corrupt);
        e.to_string()
    };
    let cases: [(&[u8], &str); 10] = [
        (&FORMAT_1[..2], ", entry at byte 0: cut off"),
        (&FORMAT_1[..4], ", entry at byte 3: cut off"),
        (&[0x80; 3], ", entry at byte 0: cut off"),
        (&[0xfd, 0xff, 0xff, 0xff, 0xff, 0, 2], ", entry at byte 0: a number has too many digits"),
        (&[0x04, 0x02, 0x06, 0x02], ", entry at byte 2: negative duration"),
        (&[0x29, 0x00], ", entry at byte 0: no bytes"),
        (&[0x29, 0x01], ", entry at byte 0: size out of range"),
        (&[0x29, 0x02, 0x26, 0x02, 0x00, 0x00], ", entry at byte 2: no duration, yet it is not the last"),
        (&[0x07, 0, 0], ": its format is not known"),
        (&[0x02, 0, 0, 0, 0, 0, 0, 0], ": no samples"),
    ];
    for (index, expected) in cases {
        assert_eq!(wrong(index), format!("video index{expected}"));
    }
    let mut samples = reordered();
    samples[3].duration_90k = 0;
    assert_eq!(wrong(&encode(&samples)), "video index: no duration, yet it is not the last");
    samples[3].duration_90k = -1;
    assert_eq!(wrong(&encode(&samples)), "video index: negative duration");
    let whole = encode(&reordered());
    for len in 1..whole.len() {
        assert!(decode(&whole[..len]).is_err(), "{len}");
    }
    assert_eq!(wrong(&[&whole[..], &[0]].concat()), "video index: more than its columns");
}

#[test]
fn an_error_ends_the_iteration() {
    for index in [&[0x29, 0x00, 0x29, 0x02][..], &[7], &[2, 2, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(samples(index).count(), 1);
    }
}

fn any_sample(shortest: i32) -> impl Strategy<Value = Sample> {
    let duration = prop_oneof![Just(3000), 2990..3010, shortest..10_000, shortest..=i32::MAX];
    let bytes = prop_oneof![1u32..200, 1u32..100_000, 1u32..=u32::MAX];
    let offset = prop_oneof![4 => Just(0), 2 => (-4..4i32).prop_map(|n| n * 3000), 1 => any::<i32>()];
    (duration, bytes, prop::bool::weighted(0.1), offset).prop_map(|(duration_90k, bytes, is_key, composition_90k)| {
        Sample { duration_90k, bytes, is_key, composition_90k }
    })
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(
        mut samples in proptest::collection::vec(any_sample(1), 0..400),
        last in any_sample(0),
        in_order: bool,
    ) {
        samples.push(last);
        if in_order {
            samples.iter_mut().for_each(|s| s.composition_90k = 0);
        }
        prop_assert_eq!(&decode(&encode(&samples)).unwrap(), &samples);
        prop_assert_eq!(&decode(&grown(&samples)).unwrap(), &samples);
        samples.iter_mut().for_each(|s| s.composition_90k = 0);
        prop_assert_eq!(closed(&grown(&samples)).unwrap(), encode(&samples));
        prop_assert_eq!(decode(&encode_format1(&samples)).unwrap(), samples);
    }

    #[test]
    fn any_bytes_give_samples_that_encode_or_an_error(
        format in prop_oneof![Just(None), (2u8..4).prop_map(Some)],
        index in proptest::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..200),
    ) {
        let index: Vec<u8> = format.into_iter().chain(index).collect();
        if let Ok(samples) = samples(&index).take(5000).collect::<Result<Vec<_>>>() && samples.len() < 5000 {
            prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
        }
    }

    #[test]
    fn a_damaged_index_gives_samples_or_an_error(
        all in proptest::collection::vec(any_sample(1), 1..300),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut index = encode(&all);
        for (at, byte) in damage {
            *at.get_mut(&mut index[..]) = byte;
        }
        if let Ok(samples) = samples(&index).take(5000).collect::<Result<Vec<_>>>() && samples.len() < 5000 {
            prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
        }
    }

    #[test]
    fn the_walks_by_columns_read_what_the_plain_walk_reads(
        all in proptest::collection::vec(any_sample(1), 1..400),
    ) {
        let index = encode(&all);
        let mut out = vec![0; all.len()];
        prop_assert_eq!(columns::durations(&index, &mut out, |d| d as i32), Some(()));
        prop_assert!(all.iter().map(|s| s.duration_90k).eq(out.iter().copied()));
        prop_assert_eq!(columns::compositions(&index, &mut out, |offset| offset), Some(()));
        prop_assert!(all.iter().map(|s| s.composition_90k).eq(out.iter().copied()));
        let mut numbers = Vec::new();
        prop_assert_eq!(columns::keys(&index, all.len(), |n| numbers.push(n)), Some(()));
        let keys: Vec<u32> = (0..).zip(&all).filter(|(_, s)| s.is_key).map(|(n, _)| n).collect();
        prop_assert_eq!(&numbers, &keys);
        let mut sizes = vec![0; all.len()];
        let told = columns::sizes(&index, &mut sizes, |n| n);
        let expected = Sums { bytes: all.iter().map(|s| u64::from(s.bytes)).sum(), sync_samples: keys.len() as u32 };
        let is_odd = all.iter().any(|s| s.bytes > i32::MAX as u32);
        prop_assert_eq!(told, (!is_odd).then_some(expected));
        prop_assert!(all.iter().map(|s| s.bytes).eq(sizes));
    }
}

#[test]
fn what_ends_amid_frames_that_change_places_is_shown_in_their_order() {
    let sample = |duration_90k, is_key, composition_90k| Sample { duration_90k, bytes: 1, is_key, composition_90k };
    // The group before is whole. Of I0 P4 B2 B1 B3 came all but the last two.
    let whole = [sample(10, true, 0), sample(10, false, 10), sample(10, false, -10)];
    let cut = [sample(10, true, 0), sample(10, false, 30), sample(0, false, 0)];
    let closed = closed(&grown(&[whole, cut].concat())).unwrap();
    let mended = [sample(10, true, 0), sample(10, false, 10), sample(0, false, -10)];
    assert_eq!(decode(&closed).unwrap(), [whole, mended].concat());
}
