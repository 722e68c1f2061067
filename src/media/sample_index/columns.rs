//! Fast walks over an index, one column of it each, as the tables of an mp4 want them.
//!
//! A walk gives `None` where something is odd, or the index is that of a growing recording. The plain walk of
//! [`super::samples`] then says what it is. Columns that are not asked for are passed over.

use super::format2::{BLOCK, Column, Parts, Read};
use super::{FORMAT, format, format1};

/// What the walk over the sizes sums up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of all samples.
    pub bytes: u64,
    /// How many of them are key frames.
    pub sync_samples: u32,
}

/// How many samples there are; `None` where an index does not tell, or tells more than its bytes can hold: blocks of two.
pub fn samples(index: &[u8]) -> Option<u32> {
    let told = if format(index) == FORMAT { Parts::of(index).ok()?.samples } else { return None };
    (told as usize <= index.len() / 2 * BLOCK).then_some(told)
}

/// Fills `out` with entries made of the durations of as many samples. A sample without duration is odd.
pub fn durations<T: Copy>(index: &[u8], out: &mut [T], entry: impl Fn(u32) -> T) -> Option<()> {
    match format(index) {
        1 => format1::durations(index, out, entry),
        FORMAT => {
            let mut wrong = 0i32;
            fill(Parts::with(index, out.len())?.durations(), out, |duration| {
                // Below zero too if it is too large.
                wrong |= (duration as i32).wrapping_sub(1);
                entry(duration)
            })?;
            (wrong >= 0).then_some(())
        }
        _ => None,
    }
}

/// Fills `out` with entries made of the sizes of as many samples. One of 2 GiB is odd.
pub fn sizes<T: Copy>(index: &[u8], out: &mut [T], entry: impl Fn(u32) -> T) -> Option<Sums> {
    match format(index) {
        1 => format1::sizes(index, out, entry),
        FORMAT => format2_sizes(index, out, entry),
        _ => None,
    }
}

fn format2_sizes<T: Copy>(index: &[u8], out: &mut [T], entry: impl Fn(u32) -> T) -> Option<Sums> {
    let parts = Parts::with(index, out.len())?;
    let (mut column, mut key_sizes, mut keys) = (parts.sizes(), parts.key_sizes(), parts.keys());
    let mut next_key = keys.next().ok()?;
    let (mut block, mut key_block) = ([0; BLOCK], [0; BLOCK]);
    let (mut key_at, mut key_count) = (0, 0);
    let (mut bytes, mut wrong, mut before) = (0u64, 0i32, 0);
    let mut rest = out;
    while !rest.is_empty() {
        let count = match column.read(&mut block).ok()? {
            Read::Numbers(0) => return None,
            Read::Numbers(count) => count,
            Read::Same(size, count) => {
                block[..count].fill(size);
                count
            }
        };
        let sizes = &mut block[..count];
        while let Some(place) = next_key.and_then(|key| sizes.get_mut((key - before) as usize)) {
            if key_at == key_count {
                key_at = 0;
                key_count = match key_sizes.read(&mut key_block).ok()? {
                    Read::Numbers(0) => return None,
                    Read::Numbers(count) => count,
                    Read::Same(size, count) => {
                        key_block[..count].fill(size);
                        count
                    }
                };
            }
            *place = key_block[key_at];
            key_at += 1;
            next_key = keys.next().ok()?;
        }
        before += count as u32;
        let now = rest.split_off_mut(..count)?;
        for (out, &size) in now.iter_mut().zip(&*sizes) {
            wrong |= (size as i32).wrapping_sub(1);
            bytes += u64::from(size);
            *out = entry(size);
        }
    }
    let is_whole = wrong >= 0 && next_key.is_none() && column.is_at_end() && key_sizes.is_at_end();
    (is_whole && key_at == key_count).then_some(Sums { bytes, sync_samples: parts.sync_samples })
}

/// Gives the numbers, from 0, of the key frames among the `count` samples there are to `each`.
pub fn keys(index: &[u8], count: usize, mut each: impl FnMut(u32)) -> Option<()> {
    if format(index) == 1 {
        return format1::keys(index, count, each);
    }
    let mut keys = Parts::with(index, count)?.keys();
    while let Some(key) = keys.next().ok()? {
        each(key);
    }
    Some(())
}

/// Fills `out` with entries made of the composition offsets of as many samples.
pub fn compositions<T: Copy>(index: &[u8], out: &mut [T], entry: impl Fn(i32) -> T) -> Option<()> {
    match format(index) {
        // It has none.
        1 => {
            out.fill(entry(0));
            Some(())
        }
        FORMAT => match Parts::with(index, out.len())?.compositions() {
            Some(column) => fill(column, out, |offset| entry(offset as i32)),
            None => {
                out.fill(entry(0));
                Some(())
            }
        },
        _ => None,
    }
}

#[inline(always)]
fn fill<T: Copy>(mut column: Column<'_>, out: &mut [T], mut entry: impl FnMut(u32) -> T) -> Option<()> {
    let mut block = [0; BLOCK];
    let mut rest = out;
    while !rest.is_empty() {
        match column.read(&mut block).ok()? {
            Read::Numbers(0) => return None,
            Read::Same(number, count) => rest.split_off_mut(..count)?.fill(entry(number)),
            Read::Numbers(count) => {
                for (out, &number) in rest.split_off_mut(..count)?.iter_mut().zip(&block) {
                    *out = entry(number);
                }
            }
        }
    }
    column.is_at_end().then_some(())
}
