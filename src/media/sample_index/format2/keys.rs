//! `Keys`: the places of key frames, in runs of even distance.
//!
//! A run is two varints: the distance from the key frame before, the first from the place before sample 0; and how many
//! key frames come at that distance from each other.

use crate::media::sample_index::varint;

/// Places from 0, ascending.
#[derive(Clone, Debug)]
pub(in crate::media::sample_index) struct Keys<'a> {
    rest: &'a [u8],
    samples: u32,
    /// Key frames of runs that were not begun yet.
    left: u32,
    /// One above the place of the last.
    after: u32,
    distance: u32,
    /// Key frames to come in this run.
    times: u32,
}

impl<'a> Keys<'a> {
    /// So many among so many samples.
    pub(super) fn new(rest: &'a [u8], samples: u32, keys: u32) -> Self {
        Self { rest, samples, left: keys, after: 0, distance: 0, times: 0 }
    }

    /// The next one.
    #[inline(always)]
    pub(in crate::media::sample_index) fn next(&mut self) -> Result<Option<u32>, &'static str> {
        if self.times == 0 {
            if self.left == 0 {
                return if self.rest.is_empty() { Ok(None) } else { Err("more key frames than it tells") };
            }
            self.begin_run()?;
        }
        self.times -= 1;
        self.after += self.distance;
        Ok(Some(self.after - 1))
    }

    fn begin_run(&mut self) -> Result<(), &'static str> {
        let mut number = || varint::take(&mut self.rest);
        let (distance, times) = (number()?, number()?);
        if distance == 0 || times == 0 || times > self.left.into() {
            return Err("a run of key frames that cannot be");
        }
        // Both have 35 bits at most.
        let end = u128::from(self.after) + u128::from(distance) * u128::from(times);
        if end > self.samples.into() {
            return Err("a key frame beyond its samples");
        }
        self.left -= times as u32;
        (self.distance, self.times) = (distance as u32, times as u32);
        Ok(())
    }
}

/// Those places, ascending.
pub(super) fn encode(places: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut after = 0;
    for place in places {
        let distance = place + 1 - after;
        after = place + 1;
        match runs.last_mut() {
            Some((same, times)) if *same == distance => *times += 1,
            _ => runs.push((distance, 1)),
        }
    }
    let mut bytes = Vec::new();
    for n in runs.into_iter().flat_map(|(distance, times)| [distance, times]) {
        varint::write(n.into(), |byte| bytes.push(byte));
    }
    bytes
}
