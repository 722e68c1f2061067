//! `Group`: the newest group of pictures, and how somebody reads along in it.

use super::LiveFrame;
use crate::base::{WallDuration, WallTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// The newest key frame and all after it, and the last second before it: who is a moment late when a key frame comes
/// reads on and need not skip. Never more than [`MAX_BYTES`]: a group that grows over it loses its beginning, so
/// whoever keeps up goes on, and whoever comes waits for the next key frame.
#[derive(Debug, Default)]
pub(super) struct Group {
    frames: VecDeque<LiveFrame>,
    /// The number of the first of `frames`; they are counted from the stream's first one.
    first: u64,
    /// The number of the newest key frame, if it is there.
    key: Option<u64>,
    bytes: usize,
}

/// Who reads, and how far they are: a number, not a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The next frame to read; `None` for whatever key frame is the newest.
    next: Option<u64>,
}

/// What a cursor finds.
#[derive(Debug)]
pub(super) struct Read {
    /// So many frames before `frames` were not kept for this reader.
    pub(super) dropped: u64,
    /// At least one; all of one stretch.
    pub(super) frames: Vec<LiveFrame>,
}

/// A stream's frames in memory, their bookkeeping included.
pub const MAX_BYTES: usize = 8 << 20;

impl Group {
    /// Adds the next frame. The answer is what has to go for it.
    pub(super) fn push(&mut self, frame: LiveFrame) -> Vec<LiveFrame> {
        let mut outlived = Vec::new();
        if frame.is_key {
            self.pop_older_than(frame.wall_time, &mut outlived);
            self.key = Some(self.end_number());
        }
        self.bytes += weight(&frame);
        self.frames.push_back(frame);
        while self.bytes > MAX_BYTES {
            outlived.extend(self.pop());
        }
        outlived
    }

    /// No frame follows for the moment: the last second is left for those who read along, and nothing to begin with.
    pub(super) fn end(&mut self) -> Vec<LiveFrame> {
        let mut outlived = Vec::new();
        if let Some(last) = self.frames.back() {
            self.pop_older_than(last.wall_time, &mut outlived);
        }
        self.key = None;
        outlived
    }

    /// What there is for a cursor, which moves on: frames of one stretch, some [`READ_BYTES`] at most.
    pub(super) fn read(&self, cursor: &mut Cursor) -> Option<Read> {
        let (start, dropped) = match cursor.next {
            Some(next) if next >= self.first => (next, 0),
            // Too late: on to the newest key frame, once there is one.
            Some(next) => self.key.map(|key| (key, key - next))?,
            None => (self.key?, 0),
        };
        let from = usize::try_from(start - self.first).expect("a number of frames in memory");
        let stretch = &self.frames.get(from)?.stretch;
        let mut bytes = 0;
        let fits = |frame: &&LiveFrame| {
            let goes_along = bytes == 0 || bytes + frame.data.len() <= READ_BYTES;
            bytes += frame.data.len();
            goes_along && Arc::ptr_eq(&frame.stretch, stretch)
        };
        let frames: Vec<_> = self.frames.range(from..).take(READ_FRAMES).take_while(fits).cloned().collect();
        cursor.next = Some(start + frames.len() as u64);
        Some(Read { dropped, frames })
    }

    /// There are frames, but none that a cursor could begin or go on with.
    pub(super) fn has_no_beginning_for(&self, cursor: &Cursor) -> bool {
        let is_behind = cursor.next.is_none_or(|next| next < self.first);
        is_behind && self.key.is_none() && !self.frames.is_empty()
    }

    /// All that is in memory.
    #[cfg(test)]
    pub(super) fn frames(&self) -> impl Iterator<Item = &LiveFrame> {
        self.frames.iter()
    }

    /// What is more than [`SLACK`] before `now`, or after it: then the clock was set back.
    fn pop_older_than(&mut self, now: WallTime, outlived: &mut Vec<LiveFrame>) {
        let kept = now - SLACK..=now + SLACK;
        while self.frames.front().is_some_and(|frame| !kept.contains(&frame.wall_time)) {
            outlived.extend(self.pop());
        }
    }

    fn pop(&mut self) -> Option<LiveFrame> {
        let frame = self.frames.pop_front()?;
        if self.key == Some(self.first) {
            self.key = None;
        }
        self.first += 1;
        self.bytes -= weight(&frame);
        Some(frame)
    }

    fn end_number(&self) -> u64 {
        self.first + self.frames.len() as u64
    }
}

fn weight(frame: &LiveFrame) -> usize {
    frame.data.len() + size_of::<LiveFrame>()
}

/// So much of the group before is kept.
const SLACK: WallDuration = WallDuration::from_secs(1);
/// Read at a time: it bounds what each viewer holds, and how long the recorder may wait for the lock. One larger frame
/// is read alone.
const READ_BYTES: usize = 128 << 10;
/// Read at a time.
const READ_FRAMES: usize = 64;
