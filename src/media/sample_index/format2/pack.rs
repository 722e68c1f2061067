//! Numbers of the same few bits each, packed so that four are unpacked at once.
//!
//! They lie in four lanes, number `n` in lane `n % 4`. A lane is a string of bits, lowest first, cut into words of 32 bits
//! (little endian); the words of the four lanes take turns. So each step shifts four neighbouring words alike, which
//! every vector unit can.

/// How many numbers are packed at most.
pub(super) const MOST: usize = 128;
const LANES: usize = 4;
/// A word of each lane.
pub(super) const ROW_BYTES: usize = 4 * LANES;

/// So many numbers of so many bits are as many rows of words.
pub(super) fn rows(count: usize, width: u32) -> usize {
    (count.div_ceil(LANES) * width as usize).div_ceil(32)
}

/// Unpacks numbers of `width` bits, up to 32, from [`rows`] of words; gives `base + unit × number` for `count` of them,
/// and anything for some behind them. Panics when there are fewer rows.
#[inline]
pub(super) fn unpack(words: &[[u8; ROW_BYTES]], width: u32, base: u32, unit: u32, count: usize, out: &mut [u32; MOST]) {
    let (out, _) = out.as_chunks_mut::<LANES>();
    let out = &mut out[..count.div_ceil(LANES)];
    let Some(last) = words.len().checked_sub(1) else {
        out.fill([base; LANES]);
        return;
    };
    let mask = u32::MAX >> (32 - width.max(1));
    let mut bit = 0;
    for out in &mut *out {
        let (word, shift) = ((bit / 32) as usize, bit % 32);
        let (low, high) = (load(&words[word]), load(&words[last.min(word + 1)]));
        for lane in 0..LANES {
            // Two shifts to the left, because one of 32 is none.
            let number = (low[lane] >> shift | high[lane] << 1 << (31 - shift)) & mask;
            out[lane] = number.wrapping_add(base);
        }
        bit += width;
    }
    if unit != 1 {
        for n in out.iter_mut().flatten() {
            *n = n.wrapping_sub(base).wrapping_mul(unit).wrapping_add(base);
        }
    }
}

#[inline(always)]
fn load(row: &[u8; ROW_BYTES]) -> [u32; LANES] {
    let (words, _) = row.as_chunks::<4>();
    std::array::from_fn(|lane| u32::from_le_bytes(words[lane]))
}

/// Packs numbers of at most `width` bits.
pub(super) fn pack(numbers: &[u32], width: u32) -> Vec<u8> {
    let mut words = vec![[0u64; LANES]; rows(numbers.len(), width) + 1];
    for (n, &number) in numbers.iter().enumerate() {
        let bit = n / LANES * width as usize;
        let wide = u64::from(number) << (bit % 32);
        words[bit / 32][n % LANES] |= wide & u64::from(u32::MAX);
        words[bit / 32 + 1][n % LANES] |= wide >> 32;
    }
    let (_, words) = words.split_last().expect("there is one more than needed");
    words.iter().flatten().flat_map(|&word| (word as u32).to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(
            numbers in prop::collection::vec(any::<u32>(), 1..=MOST),
            width in 1u32..=32,
            base: u32,
            unit: u32,
        ) {
            let numbers: Vec<u32> = numbers.iter().map(|n| n >> (32 - width)).collect();
            let packed = pack(&numbers, width);
            let (words, rest) = packed.as_chunks();
            prop_assert_eq!((words.len(), rest.len()), (rows(numbers.len(), width), 0));
            let mut out = [0; MOST];
            unpack(words, width, base, unit, numbers.len(), &mut out);
            let expected: Vec<u32> = numbers.iter().map(|n| n.wrapping_mul(unit).wrapping_add(base)).collect();
            prop_assert_eq!(&out[..numbers.len()], &expected[..]);
        }
    }
}
