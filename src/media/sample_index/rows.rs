//! Indexes that are written an entry at a time: format 1, which the original had, and that of a recording that grows.
//!
//! Format 1, per sample two unsigned LEB128 varints: `zigzag(duration − previous duration) << 1 | is_key`, then
//! `zigzag(bytes − bytes of the previous sample of the same kind, key or not)`. All "previous" start at 0.
//!
//! That of a growing recording begins with the byte 3; the first varint has one more flag, at bit 1: a third varint
//! follows, `zigzag(composition offset − previous composition offset)`. Without it the offset is the previous one.

use super::{GROWING, Sample, varint};
use crate::media::growing::IndexBytes;

/// Writes the index of a growing recording, an entry at a time.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    has_begun: bool,
    previous: Previous,
}

impl Encoder {
    /// The entry of the next sample. Any `Sample` has one; [`super::samples`] gives back those that keep to its
    /// invariants.
    pub fn add(&mut self, sample: Sample) -> IndexBytes {
        let mut entry = IndexBytes::default();
        if !std::mem::replace(&mut self.has_begun, true) {
            entry.push(GROWING);
        }
        self.previous.put::<true>(sample, |byte| entry.push(byte));
        entry
    }
}

/// Writes an index of format 1, which has no composition offsets.
pub fn encode_format1(samples: &[Sample]) -> Vec<u8> {
    let mut previous = Previous::default();
    let mut index = Vec::with_capacity(4 * samples.len());
    for &sample in samples {
        previous.put::<false>(sample, |byte| index.push(byte));
    }
    index
}

/// The samples of such an index, in order.
#[derive(Clone, Debug)]
pub(super) struct Rows<'a, const IS_GROWING: bool> {
    rest: &'a [u8],
    len: usize,
    previous: Previous,
}

impl<'a, const IS_GROWING: bool> Rows<'a, IS_GROWING> {
    /// From its first entry on.
    pub(super) fn new(index: &'a [u8]) -> Self {
        let rest = if IS_GROWING { index.get(1..).unwrap_or_default() } else { index };
        Self { rest, len: index.len(), previous: Previous::default() }
    }

    /// The next, or where the wrong one begins and what is wrong; that ends it.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<Result<Sample, (usize, &'static str)>> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.len - self.rest.len();
        Some(self.read().map_err(|what| {
            self.rest = &[];
            (start, what)
        }))
    }

    #[inline(always)]
    fn read(&mut self) -> Result<Sample, &'static str> {
        let mut first = varint::take(&mut self.rest)?;
        let second = varint::take(&mut self.rest)?;
        let is_key = first & 1 != 0;
        first >>= 1;
        if IS_GROWING {
            if first & 1 != 0 {
                let change = varint::unzigzag(varint::take(&mut self.rest)?);
                let offset = i64::from(self.previous.composition) + change;
                self.previous.composition = i32::try_from(offset).map_err(|_| "composition offset out of range")?;
            }
            first >>= 1;
        }
        let duration = self.previous.duration + varint::unzigzag(first);
        let of_kind = &mut self.previous.bytes[usize::from(is_key)];
        let bytes = *of_kind + varint::unzigzag(second);
        let duration_90k = i32::try_from(duration).map_err(|_| "duration out of range")?;
        let sample = Sample {
            duration_90k,
            bytes: u32::try_from(bytes).map_err(|_| "size out of range")?,
            is_key,
            composition_90k: self.previous.composition,
        };
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
}

/// What the next entry's differences are to.
#[derive(Clone, Copy, Debug, Default)]
struct Previous {
    duration: i64,
    /// Of the last sample that is no key frame, and of the last that is.
    bytes: [i64; 2],
    composition: i32,
}

impl Previous {
    fn put<const IS_GROWING: bool>(&mut self, sample: Sample, mut put: impl FnMut(u8)) {
        let (duration, bytes) = (i64::from(sample.duration_90k), i64::from(sample.bytes));
        let of_kind = &mut self.bytes[usize::from(sample.is_key)];
        let moves = IS_GROWING && sample.composition_90k != self.composition;
        let mut first = varint::zigzag(duration - self.duration);
        if IS_GROWING {
            first = first << 1 | u64::from(moves);
        }
        varint::write(first << 1 | u64::from(sample.is_key), &mut put);
        varint::write(varint::zigzag(bytes - *of_kind), &mut put);
        if moves {
            varint::write(varint::zigzag(i64::from(sample.composition_90k) - i64::from(self.composition)), &mut put);
            self.composition = sample.composition_90k;
        }
        self.duration = duration;
        *of_kind = bytes;
    }
}
