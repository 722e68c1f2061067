//! Format 2: an index by columns, written when a recording is closed.
//!
//! `2`, then varints: samples, key frames, and the bytes of each of the five columns; then these: places of key frames,
//! durations, sizes, sizes of key frames, composition offsets. The last one is empty where all are 0.

mod column;
mod keys;
mod pack;

use super::{FORMAT, Sample, varint};
use column::Numbers;
pub(super) use column::{BLOCK, Column, Read};
pub(super) use keys::Keys;

/// An index, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub(super) samples: u32,
    /// How many of them are key frames.
    pub(super) sync_samples: u32,
    keys: &'a [u8],
    durations: &'a [u8],
    sizes: &'a [u8],
    key_sizes: &'a [u8],
    compositions: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Those of an index of this format.
    pub(super) fn of(index: &'a [u8]) -> Result<Self, &'static str> {
        let Some((&FORMAT, mut rest)) = index.split_first() else { return Err("its format is not known") };
        let mut number = || u32::try_from(varint::take(&mut rest)?).map_err(|_| "a number is too large");
        let [samples, sync_samples] = [number()?, number()?];
        let lengths = [number()?, number()?, number()?, number()?, number()?];
        let mut columns = [&[][..]; 5];
        for (column, len) in columns.iter_mut().zip(lengths) {
            *column = rest.split_off(..len as usize).ok_or("cut off")?;
        }
        let [keys, durations, sizes, key_sizes, compositions] = columns;
        match rest {
            [] => Ok(Self { samples, sync_samples, keys, durations, sizes, key_sizes, compositions }),
            _ => Err("more than its columns"),
        }
    }

    /// Of as many samples, if there are.
    pub(super) fn with(index: &'a [u8], samples: usize) -> Option<Self> {
        Self::of(index).ok().filter(|parts| parts.samples as usize == samples)
    }

    pub(super) fn durations(&self) -> Column<'a> {
        Column::new(self.durations, self.samples)
    }

    /// Those of key frames mean nothing.
    pub(super) fn sizes(&self) -> Column<'a> {
        Column::new(self.sizes, self.samples)
    }

    pub(super) fn key_sizes(&self) -> Column<'a> {
        Column::new(self.key_sizes, self.sync_samples)
    }

    /// `None` where all are 0.
    pub(super) fn compositions(&self) -> Option<Column<'a>> {
        (!self.compositions.is_empty()).then(|| Column::new(self.compositions, self.samples))
    }

    pub(super) fn keys(&self) -> Keys<'a> {
        Keys::new(self.keys, self.samples, self.sync_samples)
    }
}

/// The samples of such an index, in order.
#[derive(Clone, Debug)]
pub(super) struct Samples<'a> {
    left: u32,
    /// The number of the next sample.
    number: u32,
    keys: Keys<'a>,
    next_key: Option<u32>,
    durations: Numbers<'a>,
    sizes: Numbers<'a>,
    key_sizes: Numbers<'a>,
    compositions: Option<Numbers<'a>>,
}

impl<'a> Samples<'a> {
    pub(super) fn new(index: &'a [u8]) -> Result<Self, &'static str> {
        let parts = Parts::of(index)?;
        if parts.samples == 0 {
            return Err("no samples");
        }
        let mut keys = parts.keys();
        Ok(Self {
            left: parts.samples,
            number: 0,
            next_key: keys.next()?,
            keys,
            durations: parts.durations().into(),
            sizes: parts.sizes().into(),
            key_sizes: parts.key_sizes().into(),
            compositions: parts.compositions().map(Numbers::from),
        })
    }

    /// The next, or what is wrong; that ends it.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<Result<Sample, &'static str>> {
        if self.left == 0 {
            return None;
        }
        let sample = self.read();
        if sample.is_err() {
            self.left = 0;
        }
        Some(sample)
    }

    #[inline(always)]
    fn read(&mut self) -> Result<Sample, &'static str> {
        let is_key = self.next_key == Some(self.number);
        let duration_90k = self.durations.next()? as i32;
        let mut bytes = self.sizes.next()?;
        if is_key {
            bytes = self.key_sizes.next()?;
            self.next_key = self.keys.next()?;
        }
        let composition_90k = match &mut self.compositions {
            Some(compositions) => compositions.next()? as i32,
            None => 0,
        };
        self.number += 1;
        self.left -= 1;
        if bytes == 0 {
            return Err("no bytes");
        }
        if duration_90k <= 0 {
            if duration_90k < 0 {
                return Err("negative duration");
            }
            if self.left > 0 {
                return Err("no duration, yet it is not the last");
            }
        }
        if self.left == 0 {
            let columns = [Some(&self.durations), Some(&self.sizes), Some(&self.key_sizes), self.compositions.as_ref()];
            if self.next_key.is_some() || columns.into_iter().flatten().any(|column| !column.is_at_end()) {
                return Err("more than its samples");
            }
        }
        Ok(Sample { duration_90k, bytes, is_key, composition_90k })
    }
}

/// Writes an index of format 2. Any samples have one; [`super::samples`] gives back those that keep to its invariants.
pub fn encode(samples: &[Sample]) -> Vec<u8> {
    if samples.is_empty() {
        return Vec::new();
    }
    let keys = keys::encode((0..).zip(samples).filter(|(_, s)| s.is_key).map(|(number, _)| number));
    let durations = column::encode(samples.iter().map(|s| Some(s.duration_90k as u32)));
    let sizes = column::encode(samples.iter().map(|s| (!s.is_key).then_some(s.bytes)));
    let key_sizes = column::encode(samples.iter().filter(|s| s.is_key).map(|s| Some(s.bytes)));
    let compositions = match samples.iter().any(|s| s.composition_90k != 0) {
        true => column::encode(samples.iter().map(|s| Some(s.composition_90k as u32))),
        false => Vec::new(),
    };
    let mut index = vec![FORMAT];
    let sync_samples = samples.iter().filter(|s| s.is_key).count();
    let columns = [keys, durations, sizes, key_sizes, compositions];
    let lengths = columns.iter().map(Vec::len);
    for n in [samples.len(), sync_samples].into_iter().chain(lengths) {
        varint::write(n as u64, |byte| index.push(byte));
    }
    columns.iter().for_each(|column| index.extend_from_slice(column));
    index
}
