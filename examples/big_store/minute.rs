//! `Minute`: sixty seconds of frames whose sizes and times jitter as a camera's do.

use lunette::media::sample_index::{Sample, encode};
use std::sync::Arc;

/// What its row and its index say.
#[derive(Debug)]
pub(super) struct Minute {
    pub(super) index: Arc<[u8]>,
    pub(super) media_90k: i64,
    pub(super) bytes: u64,
    pub(super) samples: u32,
    pub(super) keys: u32,
}

impl Minute {
    /// A key frame every two seconds, ten times as large as the others. The last of a run has no duration.
    pub(super) fn new(fps: u32, bytes_a_second: u32, random: &mut Random, ends_run: bool) -> Self {
        let small = 2 * bytes_a_second / (2 * fps - 1 + KEY_TIMES);
        let frames = 60 * fps;
        let mut samples = Vec::with_capacity(frames as usize);
        let (mut time, mut bytes, mut keys) = (0, 0, 0);
        for number in 0..frames {
            let is_key = number % (2 * fps) == 0;
            let mut next = i64::from(number + 1) * SECOND_90K / i64::from(fps);
            if number + 1 < frames {
                next += random.within(-JITTER_90K, JITTER_90K);
            } else if ends_run {
                next = time;
            }
            // Sizes of most neighbours differ by two bytes of varint, those of some by three.
            let mean = i64::from(if is_key { small * KEY_TIMES } else { small });
            let size =
                mean + if is_key { random.within(-mean / 10, mean / 10) } else { random.within(-mean / 2, mean / 2) };
            samples.push(Sample { duration_90k: (next - time) as i32, bytes: size as u32, is_key, composition_90k: 0 });
            (time, bytes, keys) = (next, bytes + size as u64, keys + u32::from(is_key));
        }
        Self { index: encode(&samples).into(), media_90k: time, bytes, samples: frames, keys }
    }
}

/// Numbers without a pattern that are the same each time (SplitMix64, which is in the public domain).
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Any number from `low` to `high`, both included.
    pub(super) fn within(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        low + ((z ^ (z >> 31)) % (high - low + 1) as u64) as i64
    }
}

const SECOND_90K: i64 = 90_000;
/// How late or early a frame is: most differences of durations take a byte, as cameras' do.
const JITTER_90K: i64 = 10;
/// A key frame is so much larger.
const KEY_TIMES: u32 = 10;
