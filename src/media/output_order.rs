//! `OutputOrder`: presentation times for frames that bring none, where pictures change places.
//!
//! A byte stream has its frames in decoding order, and no times: those that it gets, by count or by arrival, are in that
//! order too. Picture order counts tell in which order the same times are given out as presentation times. What comes out is
//! what RTP would have brought; see `docs/decisions/0095-picture-order-counts.md`.

use crate::media::Frame;
use crate::media::picture_order::Count;
use crate::media::recording::{Cause, EndReason};
use crate::media::reorder::MOST;
use std::collections::VecDeque;

/// Holds frames until their place is certain, as decoders do (C.5.2.2 "bumping" in H.265, C.4.5.3 in H.264): when more
/// pictures wait than may change places, the first of them in output order is shown next.
#[derive(Debug, Default)]
pub struct OutputOrder {
    held: VecDeque<Held>,
    /// Times for the pictures that are not shown yet, ascending.
    times: VecDeque<i64>,
    /// Those held ones that have no place yet: their counts, and when they came. Sorted.
    waiting: Vec<(i64, u64)>,
    /// How many frames came.
    came: u64,
    /// The count of the newest picture that has its place, of this sequence.
    shown: Option<i64>,
    step: Step,
}

/// How far pictures may move, as the parameter sets tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// By at most so many places.
    pub places: usize,
    /// The stream says so; else it is what decoders allow.
    pub is_told: bool,
}

/// A frame, with its presentation time once that is known.
#[derive(Debug)]
struct Held {
    frame: Frame,
    is_placed: bool,
}

/// By how much counts differ from picture to picture. Where a stream does not tell how far pictures move, one that follows
/// the newest without a step between them needs not wait.
#[derive(Debug, Default)]
struct Step {
    least: Option<i64>,
    seen: usize,
}

impl OutputOrder {
    /// One picture could be shown behind any number of those that were decoded after it; no encoder puts more than 16
    /// between two. With more, those that wait get the next places.
    pub const MOST_HELD: usize = 4 * MOST;

    /// Takes the next frame in decoding order. Its timestamp is that of its place in this order, more than the one before.
    /// `None` for the count says that pictures do not move.
    ///
    /// An error when a B-frame comes too late for its place, because the stream said too little.
    pub fn push(&mut self, frame: Frame, count: Option<(Count, Reach)>) -> Result<(), EndReason> {
        let in_order = (Count { restarts: true, count: 0, is_lost: false }, Reach { places: 0, is_told: true });
        let (Count { restarts, count, .. }, reach) = count.unwrap_or(in_order);
        if restarts {
            self.flush();
            self.shown = None;
        }
        if frame.is_bidirectional && self.shown.is_some_and(|shown| count < shown) {
            let what = format!("the stream said that frames change places by {} at most", reach.places);
            return Err(EndReason::new(Cause::BFrames, what));
        }
        self.times.push_back(frame.pts_90k);
        self.held.push_back(Held { frame, is_placed: false });
        let place = self.waiting.partition_point(|&(other, _)| other <= count);
        self.waiting.insert(place, (count, self.came));
        self.came += 1;
        if !reach.is_told {
            self.step.learn(self.shown, &self.waiting, place);
        }
        if self.held.len() > Self::MOST_HELD {
            self.flush();
        }
        while self.waiting.len() > reach.places.min(MOST) || !reach.is_told && self.is_next() {
            self.show();
        }
        Ok(())
    }

    /// Nothing comes any more before what is held.
    pub fn flush(&mut self) {
        while !self.waiting.is_empty() {
            self.show();
        }
    }

    /// The next frame in decoding order, when its presentation time is known.
    pub fn pop(&mut self) -> Option<Frame> {
        self.held.pop_front_if(|held| held.is_placed).map(|held| held.frame)
    }

    /// The first of those that wait gets the first of the times.
    fn show(&mut self) {
        let (count, came) = self.waiting.remove(0);
        let first_held = self.came - self.held.len() as u64;
        let held = &mut self.held[(came - first_held) as usize];
        held.frame.pts_90k = self.times.pop_front().expect("each waiting frame brought a time");
        held.is_placed = true;
        self.shown = Some(count);
    }

    /// No picture can come between what was shown and the first of those that wait.
    fn is_next(&self) -> bool {
        let Some(&(count, _)) = self.waiting.first() else { return false };
        match self.shown {
            // H.264 has nothing before an IDR picture, and H.265 always tells how far pictures move.
            None => count == 0,
            Some(shown) => self.step.known().is_some_and(|step| count - shown <= step),
        }
    }
}

impl Step {
    /// A picture has come to this place.
    fn learn(&mut self, shown: Option<i64>, waiting: &[(i64, u64)], place: usize) {
        let count = waiting[place].0;
        let before = place.checked_sub(1).map(|at| waiting[at].0).or(shown);
        let behind = waiting.get(place + 1).map(|&(count, _)| count);
        let gaps = before.map(|before| count - before).into_iter().chain(behind.map(|behind| behind - count));
        self.least = gaps.filter(|&gap| gap > 0).chain(self.least).min();
        self.seen += 1;
    }

    /// Known when so many came that two neighbours were among them, whatever the pyramid.
    fn known(&self) -> Option<i64> {
        self.least.filter(|&least| self.seen >= ENOUGH && least <= FRAME_STEP)
    }
}

/// Seven B-frames in a pyramid of three floors show two neighbours with the fifth picture.
const ENOUGH: usize = 8;
/// Counts of H.264 are of fields: a frame has two.
const FRAME_STEP: i64 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MonoTime;
    use crate::media::SampleEntry;
    use bytes::Bytes;
    use std::sync::Arc;

    const TOLD: fn(usize) -> Reach = |places| Reach { places, is_told: true };
    const UNTOLD: Reach = Reach { places: MOST, is_told: false };

    fn frame(n: i64, is_bidirectional: bool) -> Frame {
        let (data, rfc6381_codec) = (Bytes::new(), String::new());
        let entry = SampleEntry { data, width: 16, height: 16, pixel_aspect: (1, 1), rfc6381_codec };
        Frame {
            pts_90k: n,
            arrived: MonoTime(n),
            is_key: false,
            is_skipped_leading: false,
            is_bidirectional,
            data: Bytes::new(),
            sample_entry: Arc::new(entry),
            lost_packets: 0,
        }
    }

    /// Pictures by their counts, a sequence begins anew with each 0; after each comes what came out, a time for each.
    fn out(counts: &[i64], reach: Reach) -> String {
        let mut order = OutputOrder::default();
        let mut text = String::new();
        let mut take = |order: &mut OutputOrder| {
            std::iter::from_fn(|| order.pop()).for_each(|frame| text += &format!(" {}", frame.pts_90k));
            text += " |";
        };
        for (n, &count) in (0..).zip(counts) {
            let count = Count { restarts: count == 0, count, is_lost: false };
            order.push(frame(n, false), Some((count, reach))).expect("no B-frame is among them");
            take(&mut order);
        }
        order.flush();
        take(&mut order);
        text.trim_start().strip_suffix(" |").expect("the last one").to_owned()
    }

    #[test]
    fn frames_in_order_pass_at_once() {
        assert_eq!(out(&[0, 2, 4, 6], TOLD(0)), "0 | 1 | 2 | 3 |");
    }

    #[test]
    fn a_frame_waits_until_as_many_wait_as_may_move() {
        // I P B b b P B b b
        assert_eq!(out(&[0, 8, 4, 2, 6, 16, 12, 10, 14], TOLD(2)), "| | 0 | | | | 4 2 1 3 | | | 8 6 5 7");
        assert_eq!(out(&[0, 4, 2, 8, 6], TOLD(1)), "| 0 | | 2 1 | | 4 3");
    }

    #[test]
    fn where_counts_begin_anew_all_that_came_is_shown_first() {
        assert_eq!(out(&[0, 6, 2, 4, 0, 4, 2], TOLD(1)), "| 0 | | | 3 1 2 | 4 | | 6 5");
    }

    #[test]
    fn where_nothing_is_told_neighbours_need_not_wait() {
        let in_order: Vec<_> = (0..12).map(|n| 2 * n).collect();
        assert_eq!(out(&in_order, UNTOLD), "0 | | | | | | | 1 2 3 4 5 6 7 | 8 | 9 | 10 | 11 |");
        let pyramids = [0, 8, 4, 2, 6, 16, 12, 10, 14, 24, 20, 18, 22];
        assert_eq!(out(&pyramids, UNTOLD), "0 | | | | | | | 4 2 1 3 | 8 6 5 7 | | | | 12 10 9 11 |");
    }

    #[test]
    fn counts_that_make_no_sense_keep_every_frame() {
        let all = out(&[0, 7, 7, 7, -3, 900, 1, 0, 0, 5, 5], UNTOLD);
        let mut times: Vec<_> = all.split_whitespace().filter_map(|word| word.parse::<i64>().ok()).collect();
        times.sort_unstable();
        assert_eq!(times, (0..11).collect::<Vec<_>>());
    }

    #[test]
    fn what_would_wait_for_ever_does_not() {
        let mut order = OutputOrder::default();
        for n in 0..1000 {
            let count = if n == 1 { 100_000 } else { n };
            let count = Count { restarts: n == 0, count, is_lost: false };
            order.push(frame(n, false), Some((count, TOLD(2)))).expect("no B-frame is among them");
            while order.pop().is_some() {}
            assert!(order.held.len() <= OutputOrder::MOST_HELD);
        }
    }

    #[test]
    fn a_b_frame_that_comes_too_late_is_an_error() {
        let mut order = OutputOrder::default();
        let mut push = |n, count, is_b| {
            let count = Count { restarts: count == 0, count, is_lost: false };
            order.push(frame(n, is_b), Some((count, TOLD(1))))
        };
        assert_eq!([push(0, 0, false), push(1, 8, false), push(2, 4, true)], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(push(3, 6, true), Ok(()));
        let late = push(4, 2, true).unwrap_err();
        assert_eq!(late.to_string(), "unexpected B-frames: the stream said that frames change places by 1 at most");
    }
}
