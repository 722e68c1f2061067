//! `Column`: one number of each sample, by blocks of 128.
//!
//! A block: a byte with the width of its numbers (bits 0 to 5, at most 32), bit 6 where a unit is told, bit 7 where there are
//! exceptions; the base, a zigzag varint; the unit, a varint, else it is 1; the packed numbers, see [`super::pack`]; a byte
//! with how many exceptions there are, and of each a byte with its place in the block and a zigzag varint with what stands
//! there. What is no exception is base + unit × packed number, modulo 2^32, as signed numbers of 32 bits have it too.

use super::pack::{self, MOST, ROW_BYTES};
use crate::media::sample_index::varint::{self, unzigzag, zigzag};

/// A column that is read block by block.
#[derive(Clone, Debug)]
pub(in crate::media::sample_index) struct Column<'a> {
    rest: &'a [u8],
    left: u32,
}

/// The numbers of a block.
pub(in crate::media::sample_index) type Block = [u32; BLOCK];

/// How many a block has; the last one may have fewer.
pub(in crate::media::sample_index) const BLOCK: usize = MOST;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media::sample_index) enum Read {
    /// So many times this number; the block itself was not touched.
    Same(u32, usize),
    /// So many numbers.
    Numbers(usize),
}

const WIDTH: u8 = 0x3f;
const HAS_UNIT: u8 = 0x40;
const HAS_EXCEPTIONS: u8 = 0x80;

impl<'a> Column<'a> {
    /// Of so many numbers.
    pub(super) fn new(rest: &'a [u8], numbers: u32) -> Self {
        Self { rest, left: numbers }
    }

    /// Reads the next block; that of a column at its end has no numbers.
    #[inline(always)]
    pub(in crate::media::sample_index) fn read(&mut self, block: &mut Block) -> Result<Read, &'static str> {
        let count = (self.left as usize).min(BLOCK);
        if count == 0 {
            return Ok(Read::Numbers(0));
        }
        self.left -= count as u32;
        let head = *self.rest.split_off_first().ok_or("cut off")?;
        let width = u32::from(head & WIDTH);
        if width > 32 {
            return Err("a number has too many bits");
        }
        let base = unzigzag(varint::take(&mut self.rest)?) as u32;
        let unit = if head & HAS_UNIT != 0 { varint::take(&mut self.rest)? as u32 } else { 1 };
        if head & (WIDTH | HAS_EXCEPTIONS) == 0 {
            return Ok(Read::Same(base, count));
        }
        let words = self.rest.split_off(..pack::rows(count, width) * ROW_BYTES).ok_or("cut off")?;
        pack::unpack(words.as_chunks().0, width, base, unit, count, block);
        if head & HAS_EXCEPTIONS != 0 {
            self.read_exceptions(&mut block[..count])?;
        }
        Ok(Read::Numbers(count))
    }

    fn read_exceptions(&mut self, block: &mut [u32]) -> Result<(), &'static str> {
        for _ in 0..*self.rest.split_off_first().ok_or("cut off")? {
            let place = *self.rest.split_off_first().ok_or("cut off")?;
            let number = unzigzag(varint::take(&mut self.rest)?) as u32;
            *block.get_mut(usize::from(place)).ok_or("an exception beyond its block")? = number;
        }
        Ok(())
    }

    /// Nothing is left.
    pub(in crate::media::sample_index) fn is_at_end(&self) -> bool {
        self.left == 0 && self.rest.is_empty()
    }
}

/// A column that is read number by number.
#[derive(Clone, Debug)]
pub(super) struct Numbers<'a> {
    column: Column<'a>,
    block: Block,
    at: usize,
    count: usize,
}

impl<'a> From<Column<'a>> for Numbers<'a> {
    fn from(column: Column<'a>) -> Self {
        Self { column, block: [0; BLOCK], at: 0, count: 0 }
    }
}

impl Numbers<'_> {
    /// The next one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<u32, &'static str> {
        if self.at == self.count {
            self.refill()?;
        }
        let number = self.block[self.at];
        self.at += 1;
        Ok(number)
    }

    fn refill(&mut self) -> Result<(), &'static str> {
        self.count = match self.column.read(&mut self.block)? {
            Read::Numbers(0) => return Err("cut off"),
            Read::Numbers(count) => count,
            Read::Same(number, count) => {
                self.block[..count].fill(number);
                count
            }
        };
        self.at = 0;
        Ok(())
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.count && self.column.is_at_end()
    }
}

/// A column of these numbers; what is `None` may be read as anything.
pub(super) fn encode(numbers: impl Iterator<Item = Option<u32>>) -> Vec<u8> {
    let numbers: Vec<_> = numbers.collect();
    let mut bytes = Vec::new();
    for block in numbers.chunks(BLOCK) {
        encode_block(block, &mut bytes);
    }
    bytes
}

fn encode_block(block: &[Option<u32>], bytes: &mut Vec<u8>) {
    let Packing { base, unit, width } = Packing::of(block);
    let packed_as = |number: u32| {
        let steps = number.wrapping_sub(base);
        let in_steps = steps.is_multiple_of(unit) && u64::from(steps / unit) < 1 << width;
        // As signed numbers, so that the base is the least.
        (in_steps && number as i32 >= base as i32).then_some(steps / unit)
    };
    let mut exceptions = Vec::new();
    let mut packed = Vec::with_capacity(block.len());
    for (place, number) in (0u8..).zip(block) {
        let as_packed = number.map(packed_as);
        if let (Some(None), Some(number)) = (as_packed, number) {
            exceptions.push((place, *number));
        }
        packed.push(as_packed.flatten().unwrap_or(0));
    }
    let has_unit = width > 0 && unit != 1;
    let flags = if has_unit { HAS_UNIT } else { 0 } | if exceptions.is_empty() { 0 } else { HAS_EXCEPTIONS };
    bytes.push(width as u8 | flags);
    let signed = |number: u32| zigzag(i64::from(number as i32));
    varint::write(signed(base), |byte| bytes.push(byte));
    if has_unit {
        varint::write(unit.into(), |byte| bytes.push(byte));
    }
    if width > 0 {
        bytes.extend_from_slice(&pack::pack(&packed, width));
    }
    if !exceptions.is_empty() {
        bytes.push(exceptions.len() as u8);
        for (place, number) in exceptions {
            bytes.push(place);
            varint::write(signed(number), |byte| bytes.push(byte));
        }
    }
}

/// How the numbers of a block are packed: those that do not fit are exceptions.
#[derive(Clone, Copy, Debug)]
struct Packing {
    base: u32,
    unit: u32,
    width: u32,
}

impl Packing {
    /// The one that takes the fewest bytes, or nearly.
    fn of(block: &[Option<u32>]) -> Self {
        let mut sorted: Vec<i64> = block.iter().flatten().map(|&n| i64::from(n as i32)).collect();
        sorted.sort_unstable();
        let Some(&first) = sorted.first() else { return Self { base: 0, unit: 1, width: 0 } };
        let usual = most_common(sorted.iter().copied()).unwrap_or(first);
        let mut steps: Vec<i64> = sorted.iter().map(|n| (n - usual).abs()).filter(|&step| step > 0).collect();
        steps.sort_unstable();
        let common = steps.iter().fold(0, |a, &b| gcd(a, b));
        let mut best = (usize::MAX, Self { base: first as u32, unit: 1, width: 32 });
        let mut units = [1, common, most_common(steps.into_iter()).unwrap_or(1)];
        units.sort_unstable();
        for unit in units.into_iter().filter(|&unit| (1..=i64::from(i32::MAX)).contains(&unit)) {
            let in_steps: Vec<i64> =
                sorted.iter().filter(|&n| (n - usual) % unit == 0).map(|n| (n - usual) / unit).collect();
            for width in 0..=32 {
                let (start, fitting) = widest_window(&in_steps, width);
                let exceptions = sorted.len() - fitting;
                let unit_bytes = if width > 0 && unit > 1 { 2 } else { 0 };
                let packed_bytes = pack::rows(block.len(), width) * ROW_BYTES;
                let bytes = packed_bytes + unit_bytes + EXCEPTION_BYTES * exceptions + usize::from(exceptions > 0);
                if bytes < best.0 {
                    let base = (usual + start * unit) as u32;
                    best = (bytes, Self { base, unit: unit as u32, width });
                }
                if exceptions == 0 {
                    break;
                }
            }
        }
        best.1
    }
}

/// Of ascending numbers, the least of those that most of them lie above by fewer than 2^width, and how many these are.
fn widest_window(ascending: &[i64], width: u32) -> (i64, usize) {
    let (mut best, mut start) = ((0, 0), 0);
    for (end, &n) in ascending.iter().enumerate() {
        while n - ascending[start] >= 1 << width {
            start += 1;
        }
        if end + 1 - start > best.1 {
            best = (ascending[start], end + 1 - start);
        }
    }
    best
}

/// Of numbers where the same ones follow each other.
fn most_common(sorted: impl Iterator<Item = i64>) -> Option<i64> {
    let (mut best, mut run) = (None, None);
    for n in sorted {
        let times = match run {
            Some((same, times)) if same == n => times + 1,
            _ => 1,
        };
        run = Some((n, times));
        if best.is_none_or(|(_, most)| times > most) {
            best = run;
        }
    }
    best.map(|(n, _)| n)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// About what an exception takes.
const EXCEPTION_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_packed_numbers() {
        let durations = [3000, 3003, 2998, 3001, 3000, 3002, 2999, 3000];
        let bytes = encode(durations.map(Some).into_iter());
        assert_eq!(bytes[..3], [0x03, 0xec, 0x2e]);
        assert_eq!(bytes[3..], [0x12, 0, 0, 0, 0x25, 0, 0, 0, 0x08, 0, 0, 0, 0x13, 0, 0, 0]);
    }
}
