//! Fast walks over an index of format 1, one column of it each; see [`super::columns`].
//!
//! They go on by blocks of 64 bytes. A mask of the bytes that end a number tells where in a block all numbers begin; they
//! are gathered and decoded side by side. So no branch hangs on how long a number is, and none waits for the one before
//! it. A walk gives `None` where something is odd: a number of more digits than film ever has, or what no sample may
//! have in this column. The other column is passed over.

use super::columns::Sums;

/// Fills `out` with entries made of the durations of as many samples. A sample without duration is odd.
pub(super) fn durations<T>(index: &[u8], out: &mut [T], entry: impl Fn(u32) -> T) -> Option<()> {
    let mut numbers = Numbers::default();
    let mut duration = 0i32;
    let mut wrong = 0;
    walk(index, out, |block, out| {
        let changes = numbers.read(block.window, block.starts(), out.len(), 1)?;
        for (out, change) in out.iter_mut().zip(changes) {
            duration = duration.wrapping_add(*change);
            // Below zero too if it is too large.
            wrong |= duration.wrapping_sub(1);
            *out = entry(duration as u32);
        }
        Some(())
    })?;
    (wrong >= 0).then_some(())
}

/// Fills `out` with entries made of the sizes of as many samples. One of 2 GiB is odd.
pub(super) fn sizes<T>(index: &[u8], out: &mut [T], entry: impl Fn(u32) -> T) -> Option<Sums> {
    let mut numbers = Numbers::default();
    let mut sums = Sums::default();
    let (mut other, mut key) = (0i32, 0i32);
    let mut wrong = 0;
    walk(index, out, |block, out| {
        let changes = numbers.read(block.window, block.second_starts(), out.len(), 0)?;
        let keys = block.keys(out.len());
        sums.sync_samples += keys.count_ones();
        let mut put = |out: &mut T, bytes: i32| {
            wrong |= bytes.wrapping_sub(1);
            sums.bytes += u64::from(bytes as u32);
            *out = entry(bytes as u32);
        };
        if keys == 0 {
            for (out, change) in out.iter_mut().zip(changes) {
                other = other.wrapping_add(*change);
                put(out, other);
            }
        } else {
            for (i, (out, change)) in out.iter_mut().zip(changes).enumerate() {
                let of_kind = if keys >> i & 1 == 1 { &mut key } else { &mut other };
                *of_kind = of_kind.wrapping_add(*change);
                put(out, *of_kind);
            }
        }
        Some(())
    })?;
    (wrong >= 0).then_some(sums)
}

/// Gives the numbers, from 0, of the key frames among the first `count` samples to `each`.
pub(super) fn keys(index: &[u8], count: usize, mut each: impl FnMut(u32)) -> Option<()> {
    let mut before = 0;
    walk(index, &mut vec![(); count], |block, out| {
        let mut keys = block.keys(out.len());
        while keys != 0 {
            each(before + keys.trailing_zeros());
            keys &= keys - 1;
        }
        before += out.len() as u32;
        Some(())
    })
}

/// Goes on block by block; `each` fills as much of `out` as the block has samples.
#[inline(always)]
fn walk<T>(index: &[u8], out: &mut [T], mut each: impl FnMut(&Block<'_>, &mut [T]) -> Option<()>) -> Option<()> {
    let (mut rest, mut out) = (index, out);
    let mut tail = [0; WINDOW];
    while !out.is_empty() {
        let window = match rest.first_chunk() {
            Some(window) => window,
            None => {
                // Numbers that do not end.
                tail.fill(0x80);
                tail[..rest.len()].copy_from_slice(rest);
                &tail
            }
        };
        let ends = !mask(window, 7);
        let numbers = ends.count_ones();
        let samples = (numbers as usize / 2).min(out.len());
        if samples == 0 {
            return None;
        }
        let (now, later) = out.split_at_mut(samples);
        each(&Block { window, ends, seconds: ends & !parity_up_to_each(ends) }, now)?;
        out = later;
        let last = 63 - ends.leading_zeros();
        let whole = ends & !(u64::from(numbers % 2) << last);
        rest = rest.get(64 - whole.leading_zeros() as usize..)?;
    }
    Some(())
}

/// Some whole samples at the start of the window.
struct Block<'a> {
    window: &'a [u8; WINDOW],
    /// Which of its first 64 bytes end a number: bit 0 is the first byte.
    ends: u64,
    /// Which of these end the second number of a sample.
    seconds: u64,
}

/// 64 bytes and, behind them, what a number that begins in the last of them is loaded with.
const WINDOW: usize = 72;

impl Block<'_> {
    /// Where samples begin; where the last one ends another may.
    #[inline(always)]
    fn starts(&self) -> u64 {
        self.seconds << 1 | 1
    }

    /// Where their second numbers begin.
    #[inline(always)]
    fn second_starts(&self) -> u64 {
        (self.ends ^ self.seconds) << 1
    }

    /// Which of its so many samples are key frames.
    #[inline(always)]
    fn keys(&self, samples: usize) -> u32 {
        let starts = self.starts();
        let mut flags = starts & mask(self.window, 0);
        let mut keys = 0u64;
        while flags != 0 {
            let before = flags & flags.wrapping_neg();
            keys |= 1 << (starts & (before - 1)).count_ones();
            flags ^= before;
        }
        (keys & ((1 << samples) - 1)) as u32
    }
}

/// The numbers of a block's samples in one column: at most 32, for a sample has at least two bytes.
#[derive(Default)]
struct Numbers {
    words: [u32; 32],
    changes: [i32; 32],
}

impl Numbers {
    /// Those that begin at the first `count` of `starts`, of up to four digits, without their lowest bits, which are
    /// `flags`. They are decoded by eights: what was there before comes along, for the sake of a loop without branches.
    #[inline(always)]
    fn read(&mut self, window: &[u8; WINDOW], mut starts: u64, count: usize, flags: u32) -> Option<&[i32]> {
        for word in self.words.iter_mut().take(count) {
            let at = starts.trailing_zeros() as usize;
            *word = window[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            starts &= starts.wrapping_sub(1);
        }
        let mut odd = false;
        let (words, _) = self.words.as_chunks::<8>();
        let (changes, _) = self.changes.as_chunks_mut::<8>();
        for (changes, words) in changes.iter_mut().zip(words).take(count.div_ceil(8)) {
            for (change, &word) in changes.iter_mut().zip(words) {
                let ends = !word & 0x8080_8080;
                odd |= ends == 0;
                let digits = word & (ends ^ ends.wrapping_sub(1));
                let twos = (digits & 0x007f_007f) | (digits & 0x7f00_7f00) >> 1;
                let number = ((twos & 0x3fff) | (twos & 0x3fff_0000) >> 2) >> flags;
                *change = (number >> 1) as i32 ^ -((number & 1) as i32);
            }
        }
        (!odd).then_some(&self.changes[..])
    }
}

/// One bit of each of the first 64 bytes.
#[inline(always)]
fn mask(window: &[u8; WINDOW], bit: u32) -> u64 {
    let (words, _) = window.as_chunks::<8>();
    (0..8).fold(0, |mask, i| {
        let bits = u64::from_le_bytes(words[i]) >> bit & 0x0101_0101_0101_0101;
        // The lowest bits of all eight bytes meet in the highest byte.
        mask | (bits.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i)
    })
}

/// Whether the ones up to each place, it included, are odd in number.
#[inline(always)]
fn parity_up_to_each(mut n: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        n ^= n << shift;
    }
    n
}
