//! `Reorder`: decode times for frames whose presentation times are not in order.
//!
//! RTP carries presentation times in decoding order. A frame's decode time is taken from the same times, sorted: the
//! first frame is decoded when the first is shown, and so on. So both lines begin, and pass each key frame, together; see
//! `docs/decisions/0074-b-frames.md`.

use crate::media::Frame;
use std::collections::VecDeque;

/// Holds frames until it is certain which of the sorted times is theirs: one that is shown before frames that were decoded
/// before it comes at most [`Self::depth`] frames after them. Frames in order pass at once when that is 0.
#[derive(Debug, Default)]
pub struct Reorder {
    depth: usize,
    held: VecDeque<Frame>,
    /// Presentation times of what is held and of what has left, but for those that were given out; ascending.
    times: VecDeque<i64>,
    /// How many of the held ones are certain, whatever comes.
    certain: usize,
    /// Presentation times since the newest key frame, that of the newest frame last.
    recent: VecDeque<i64>,
    /// The most frames that were seen to be decoded before one and shown after it.
    seen: usize,
}

/// What no decoder does more (H.264 and H.265: at most 16 pictures wait).
pub const MOST: usize = 16;

impl Reorder {
    /// Frames change places by up to so many, at most [`MOST`].
    pub fn new(depth: usize) -> Self {
        Self { depth: depth.min(MOST), ..Self::default() }
    }

    /// By how many places a frame may move.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The most places by which a B-frame was found to move; more than [`Self::depth`] if the stream told too little.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// From the next key frame on, which is about to be pushed, frames change places by up to so many.
    pub fn set_depth(&mut self, depth: usize) {
        self.flush();
        self.depth = depth.min(MOST);
    }

    /// Takes the next frame in decoding order.
    pub fn push(&mut self, frame: Frame) {
        if frame.is_key {
            // What comes now is shown after all that came before (leading pictures too).
            self.flush();
            self.recent.clear();
        }
        let pts = frame.pts_90k;
        if frame.is_bidirectional {
            let later = self.recent.iter().filter(|&&other| other > pts).count();
            self.seen = self.seen.max(later.min(MOST));
        }
        self.recent.push_back(pts);
        if self.recent.len() > MOST + 1 {
            self.recent.pop_front();
        }
        let place = self.times.partition_point(|&other| other <= pts);
        self.times.insert(place, pts);
        self.held.push_back(frame);
        self.certain = self.certain.max(self.held.len().saturating_sub(self.depth));
    }

    /// Nothing comes any more before what is held.
    pub fn flush(&mut self) {
        self.certain = self.held.len();
    }

    /// The next frame that is certain, and its decode time.
    pub fn pop(&mut self) -> Option<(Frame, i64)> {
        self.certain = self.certain.checked_sub(1)?;
        let frame = self.held.pop_front()?;
        Some((frame, self.times.pop_front()?))
    }

    /// All that has not left, without decode times.
    pub fn take_held(&mut self) -> Vec<Frame> {
        self.certain = 0;
        self.times.clear();
        self.held.drain(..).collect()
    }
}
