//! `Fragment`: a stretch of a run's frames with all that a player must know of them (ISO/IEC 14496-12 8.8). `view.m4s`,
//! HLS and `live.m4s` are made of these; each goes with the [`init`](super::init()) of its sample entry.

use crate::base::MediaDuration;
use crate::media::mp4::boxes::Boxes;
use crate::media::mp4::header::number;
use crate::media::mp4::moov::VIDEO;
use crate::media::sample_index::Sample;
use bytes::Bytes;
use std::convert::Infallible;

/// Frames that follow each other in one run and have one sample entry. Their bytes come right behind [`Self::head`].
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// Larger than that of the fragment before; see [`Self::sequence_at`].
    pub sequence: u32,
    /// Media time from the start of the run to the first frame; not negative.
    pub decode_time: MediaDuration,
    /// At least one, in order. The first is a key frame where a player is to begin with it.
    pub samples: &'a [Sample],
    /// Frames may be shown in another order: composition offsets are told.
    pub is_reordered: bool,
}

impl Fragment<'_> {
    /// The `moof` box, and the header of the `mdat` box. Panics from 2^26 samples on: a recording has some thousands.
    pub fn head(&self) -> Bytes {
        let count = u32::try_from(self.samples.len()).ok().filter(|&n| n < MAX_SAMPLES);
        let count = count.expect("a fragment is a part of one recording, which has far fewer samples");
        let film_bytes = self.samples.iter().map(|s| u64::from(s.bytes)).sum();
        let len = Self::head_len(count, film_bytes, self.is_reordered);
        let mut b = Boxes::<Infallible>::with_capacity(len as usize);
        b.plain(b"moof", |b| {
            b.full(b"mfhd", 0, 0, |b| b.u32(self.sequence)); // 8.8.5
            b.plain(b"traf", |b| {
                b.full(b"tfhd", 0, DEFAULT_BASE_IS_MOOF, |b| b.u32(VIDEO.track)); // 8.8.7
                b.full(b"tfdt", 1, 0, |b| b.u64(number(self.decode_time))); // 8.8.12
                // 8.8.8
                let (version, offsets) = if self.is_reordered { (1, COMPOSITION_OFFSETS) } else { (0, 0) };
                b.full(b"trun", version, OFFSET | DURATIONS | SIZES | FLAGS | offsets, |b| {
                    b.u32(count);
                    b.u32(len as u32); // where the film begins, from the start of moof
                    for sample in self.samples {
                        b.u32(sample.duration_90k.unsigned_abs());
                        b.u32(sample.bytes);
                        b.u32(if sample.is_key { KEY } else { NOT_KEY });
                        if self.is_reordered {
                            b.u32(sample.composition_90k as u32); // signed in version 1
                        }
                    }
                });
            });
        });
        match is_large(film_bytes) {
            false => b.u32((film_bytes + 8) as u32),
            true => b.u32(1),
        }
        b.put(b"mdat");
        if is_large(film_bytes) {
            b.u64(film_bytes + 16);
        }
        b.finish().0
    }

    /// How long [`Self::head`] is, without looking at the samples.
    pub fn head_len(samples: u32, film_bytes: u64, is_reordered: bool) -> u64 {
        let mdat_header = if is_large(film_bytes) { 16 } else { 8 };
        let sample = SAMPLE_BYTES + if is_reordered { 4 } else { 0 };
        MOOF_BYTES + sample * u64::from(samples) + mdat_header
    }

    /// A sequence number for a fragment that begins there in its run: the same whoever asks and whatever was asked
    /// before, and it grows with time. It begins anew once in 141 days, and with each run.
    pub fn sequence_at(decode_time: MediaDuration) -> u32 {
        // Steps of 3 ms: a fragment lasts longer, for it has a frame.
        ((decode_time.0 >> 8) as u32).wrapping_add(1)
    }
}

fn is_large(film_bytes: u64) -> bool {
    film_bytes + 8 > u64::from(u32::MAX)
}

/// All of `moof` but the entries of the samples.
const MOOF_BYTES: u64 = 88;
const SAMPLE_BYTES: u64 = 12;
/// The offset of the film has 31 bits.
const MAX_SAMPLES: u32 = 1 << 26;

const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;

// Of `trun`.
const OFFSET: u32 = 0x001;
const DURATIONS: u32 = 0x100;
const SIZES: u32 = 0x200;
const FLAGS: u32 = 0x400;
const COMPOSITION_OFFSETS: u32 = 0x800;

// 8.8.3.1
/// Depends on no other.
const KEY: u32 = 0x0200_0000;
/// Depends on others, is no sync sample.
const NOT_KEY: u32 = 0x0101_0000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(duration_90k: i32, bytes: u32, is_key: bool) -> Sample {
        Sample { duration_90k, bytes, is_key, composition_90k: 0 }
    }

    #[test]
    fn the_boxes_of_two_frames() {
        let samples = [sample(3000, 0x1234, true), sample(3001, 5, false)];
        let head =
            Fragment { sequence: 7, decode_time: MediaDuration(1 << 33), samples: &samples, is_reordered: false }
                .head();
        let expected = [
            &b"\0\0\0\x70moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x07\0\0\0\x58traf\0\0\0\x10tfhd\0\x02\0\0\0\0\0\x01"[..],
            b"\0\0\0\x14tfdt\x01\0\0\0\0\0\0\x02\0\0\0\0",
            b"\0\0\0\x2ctrun\0\0\x07\x01\0\0\0\x02\0\0\0\x78",
            b"\0\0\x0b\xb8\0\0\x12\x34\x02\0\0\0\0\0\x0b\xb9\0\0\0\x05\x01\x01\0\0",
            b"\0\0\x12\x41mdat",
        ];
        assert_eq!(head, expected.concat());
        assert_eq!(head.len() as u64, Fragment::head_len(2, 0x1239, false));
    }

    #[test]
    fn more_than_32_bits_of_film_have_a_large_box() {
        for (bytes, ends_with) in [
            ([u32::MAX - 9, 1], &b"\xff\xff\xff\xffmdat"[..]),
            ([u32::MAX - 8, 1], b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x08"),
        ] {
            let samples = bytes.map(|n| sample(1, n, true));
            let head =
                Fragment { sequence: 1, decode_time: MediaDuration::ZERO, samples: &samples, is_reordered: false }
                    .head();
            assert!(head.ends_with(ends_with), "{:x?}", &head[head.len() - 16..]);
            let film_bytes = bytes.map(u64::from).iter().sum();
            assert_eq!(head.len() as u64, Fragment::head_len(2, film_bytes, false));
            assert_eq!(head[8 + 16 + 8 + 16 + 20 + 16..][..4], (head.len() as u32).to_be_bytes());
        }
    }

    #[test]
    fn later_fragments_have_larger_numbers() {
        let at = |units| Fragment::sequence_at(MediaDuration(units));
        assert_eq!((at(0), at(3000), at(6000)), (1, 12, 24));
    }
}
