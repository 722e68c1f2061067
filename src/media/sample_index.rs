//! Samples and their sizes, durations and key flags: the coding of `video_index`, format 1.
//!
//! Per sample two unsigned LEB128 varints: `zigzag(duration − previous duration) << 1 | is_key`, then
//! `zigzag(bytes − bytes of the previous sample of the same kind, key or not)`. All "previous" start at 0.

pub mod columns;

use crate::base::{Error, Kind, Result};
use crate::media::growing::IndexBytes;

/// What `Recording::index_format` says of an index that this module reads and writes.
pub const FORMAT: u8 = 1;

/// One frame as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Until the next frame, in 1/90 000 s; 0 only for the last of a run.
    pub duration_90k: i32,
    /// Its size in the sample file; more than 0.
    pub bytes: u32,
    /// Decoding can start with it.
    pub is_key: bool,
}

/// Writes an index, an entry at a time.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    previous: Previous,
}

impl Encoder {
    /// The entry of the next sample. Any `Sample` has one; [`samples`] gives back those that keep to its invariants.
    pub fn add(&mut self, sample: Sample) -> IndexBytes {
        let (duration, bytes) = (i64::from(sample.duration_90k), i64::from(sample.bytes));
        let of_kind = &mut self.previous.bytes[usize::from(sample.is_key)];
        let mut entry = IndexBytes::default();
        push_varint(&mut entry, zigzag(duration - self.previous.duration) << 1 | u64::from(sample.is_key));
        push_varint(&mut entry, zigzag(bytes - *of_kind));
        self.previous.duration = duration;
        *of_kind = bytes;
        entry
    }
}

/// Reads an index from its start, an entry at a time.
pub fn samples(index: &[u8]) -> Samples<'_> {
    Samples { rest: index, len: index.len(), previous: Previous::default() }
}

/// The samples of an index, in order. What is wrong comes as one `Err` of kind `Corrupt` and ends the iteration.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    rest: &'a [u8],
    len: usize,
    previous: Previous,
}

impl Samples<'_> {
    #[inline(always)]
    fn read(&mut self) -> Result<Sample, &'static str> {
        let first = self.varint()?;
        let second = self.varint()?;
        let is_key = first & 1 != 0;
        let duration = self.previous.duration + unzigzag(first >> 1);
        let of_kind = &mut self.previous.bytes[usize::from(is_key)];
        let bytes = *of_kind + unzigzag(second);
        let duration_90k = i32::try_from(duration).map_err(|_| "duration out of range")?;
        let sample = Sample { duration_90k, bytes: u32::try_from(bytes).map_err(|_| "size out of range")?, is_key };
        if sample.bytes == 0 {
            return Err("no bytes");
        }
        if duration_90k <= 0 {
            if duration_90k < 0 {
                return Err("negative duration");
            }
            if !self.rest.is_empty() {
                return Err("no duration, yet it is not the last");
            }
        }
        self.previous.duration = duration;
        *of_kind = bytes;
        Ok(sample)
    }

    /// A varint of at most five bytes: eight are loaded at once, so its length costs no branch of its own.
    #[inline(always)]
    fn varint(&mut self) -> Result<u64, &'static str> {
        let word = match self.rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => near_the_end(self.rest),
        };
        if word & 0x80 == 0 && !self.rest.is_empty() {
            self.rest = &self.rest[1..];
            return Ok(word & 0x7f);
        }
        let ends = !word & TOP_BITS;
        if ends == 0 {
            return Err("a number has too many digits");
        }
        let len = ends.trailing_zeros() as usize / 8 + 1;
        self.rest = self.rest.get(len..).ok_or("cut off")?;
        Ok(seven_bits_of_each(word & (ends ^ (ends - 1))))
    }
}

impl Iterator for Samples<'_> {
    type Item = Result<Sample>;

    #[inline]
    fn next(&mut self) -> Option<Result<Sample>> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.len - self.rest.len();
        Some(self.read().map_err(|what| {
            self.rest = &[];
            invalid(start, what)
        }))
    }
}

#[cold]
fn invalid(at: usize, what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("video index, entry at byte {at}: {what}"))
}

/// The last few bytes, with zeros behind them.
#[cold]
fn near_the_end(rest: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

/// What the next entry's differences are to.
#[derive(Clone, Copy, Debug, Default)]
struct Previous {
    duration: i64,
    /// Of the last sample that is no key frame, and of the last that is.
    bytes: [i64; 2],
}

/// Those of five bytes: a difference of two numbers below 2^32 has 33 bits with its sign, the key flag makes 34.
const TOP_BITS: u64 = 0x80_8080_8080;

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

fn push_varint(entry: &mut IndexBytes, mut n: u64) {
    while n >= 0x80 {
        entry.push(n as u8 | 0x80);
        n >>= 7;
    }
    entry.push(n as u8);
}

/// The low seven bits of each of the eight bytes, the first byte's lowest.
fn seven_bits_of_each(word: u64) -> u64 {
    let x = word & 0x7f7f_7f7f_7f7f_7f7f;
    let x = (x & 0x007f_007f_007f_007f) | (x & 0x7f00_7f00_7f00_7f00) >> 1;
    let x = (x & 0x0000_3fff_0000_3fff) | (x & 0x3fff_0000_3fff_0000) >> 2;
    (x & 0x0fff_ffff) | (x & 0x0fff_ffff_0000_0000) >> 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(samples: &[Sample]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        samples.iter().flat_map(|&s| encoder.add(s).to_vec()).collect()
    }

    fn decode(index: &[u8]) -> Result<Vec<Sample>> {
        samples(index).collect()
    }

    /// The example of the format's description.
    const EXAMPLE: [u8; 11] = [0x29, 0xd0, 0x0f, 0x02, 0x14, 0x08, 0x0a, 0x02, 0x05, 0x01, 0x64];

    #[test]
    fn the_worked_example() {
        let rows = [(10, 1000, true), (9, 10, false), (11, 15, false), (10, 12, false), (10, 1050, true)];
        let samples = rows.map(|(duration_90k, bytes, is_key)| Sample { duration_90k, bytes, is_key });
        assert_eq!(encode(&samples), EXAMPLE);
        assert_eq!(decode(&EXAMPLE).unwrap(), samples);
    }

    #[test]
    fn the_wrong_is_told_in_words_with_its_place() {
        let cases: [(&[u8], &str); 8] = [
            (&EXAMPLE[..2], "entry at byte 0: cut off"),
            (&EXAMPLE[..4], "entry at byte 3: cut off"),
            (&[0x80; 3], "entry at byte 0: cut off"),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0, 2], "entry at byte 0: a number has too many digits"),
            (&[0x02, 0x02], "entry at byte 0: negative duration"),
            (&[0x29, 0x00], "entry at byte 0: no bytes"),
            (&[0x29, 0x01], "entry at byte 0: size out of range"),
            (&[0x29, 0x02, 0x26, 0x02, 0x00, 0x00], "entry at byte 2: no duration, yet it is not the last"),
        ];
        for (index, expected) in cases {
            let e = decode(index).unwrap_err();
            assert_eq!((e.kind(), e.to_string()), (Kind::Corrupt, format!("video index, {expected}")));
        }
    }

    #[test]
    fn an_error_ends_the_iteration() {
        assert_eq!(samples(&[0x29, 0x00, 0x29, 0x02]).count(), 1);
    }

    fn any_sample(shortest: i32) -> impl Strategy<Value = Sample> {
        let duration = prop_oneof![Just(3000), shortest..10_000, shortest..=i32::MAX];
        let bytes = prop_oneof![1u32..100_000, 1u32..=u32::MAX];
        (duration, bytes, any::<bool>()).prop_map(|(duration_90k, bytes, is_key)| Sample {
            duration_90k,
            bytes,
            is_key,
        })
    }

    proptest! {
        #[test]
        fn decoding_gives_back_what_was_encoded(
            mut samples in proptest::collection::vec(any_sample(1), 0..50),
            last in any_sample(0),
        ) {
            samples.push(last);
            prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
        }

        #[test]
        fn any_bytes_give_samples_that_encode_or_an_error(index in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(samples) = decode(&index) {
                prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
            }
        }

        #[test]
        fn a_varint_reads_as_the_plain_loop_does(n in 0u64..1 << 35) {
            let mut entry = IndexBytes::default();
            push_varint(&mut entry, n);
            let mut samples = samples(&entry);
            prop_assert_eq!(samples.varint(), Ok(n));
            prop_assert!(samples.rest.is_empty());
        }
    }
}
