//! `Stats`: what is recorded of a stream, in sums that are kept current in memory (Fc14).

use crate::base::{WallDuration, WallTime};
use crate::media::{Days, Recording};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::Range;

/// First and last time, sums and days of a stream's recordings. It is told of each that comes, grows or goes, and is
/// then what a count over all of them would give.
#[derive(Clone, Debug, Eq)]
pub struct Stats {
    /// The recordings that are there, as spans that neither touch nor overlap, by their first number.
    spans: BTreeMap<u32, Span>,
    /// When the spans start, and when they end, ascending: the clock may have gone back between two.
    starts: BTreeSet<Place>,
    ends: BTreeSet<Place>,
    /// Of two that start one after the other, the first never ended more than this behind the start of the second.
    overlap: WallDuration,
    recordings: u32,
    sample_file_bytes: u64,
    duration: WallDuration,
    days: Days,
}

/// Recordings of a stream with consecutive numbers, each starting where the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of its first recording.
    pub first: u32,
    /// The number of its last recording.
    pub last: u32,
    /// Where the first starts.
    pub start: WallTime,
    /// Where the last ends.
    pub end: WallTime,
    /// Bytes of film.
    pub sample_file_bytes: u64,
}

impl From<&Recording> for Piece {
    fn from(r: &Recording) -> Self {
        let number = r.id.number();
        Self { first: number, last: number, start: r.start, end: r.end(), sample_file_bytes: r.sample_file_bytes }
    }
}

/// Where a span starts or ends, and its first number.
type Place = (WallTime, u32);

/// A [`Piece`] under its first number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    last: u32,
    start: WallTime,
    end: WallTime,
}

impl PartialEq for Stats {
    /// Of what there is now, not of how far there ever was an overlap.
    fn eq(&self, other: &Self) -> bool {
        let told = |s: &Self| (s.recordings, s.sample_file_bytes, s.duration);
        (&self.spans, &self.starts, &self.ends, told(self), &self.days)
            == (&other.spans, &other.starts, &other.ends, told(other), &other.days)
    }
}

impl Stats {
    /// Of a stream that has no recordings, with days of this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            spans: BTreeMap::new(),
            starts: BTreeSet::new(),
            ends: BTreeSet::new(),
            overlap: WallDuration::ZERO,
            recordings: 0,
            sample_file_bytes: 0,
            duration: WallDuration::ZERO,
            days: Days::new(zone),
        }
    }

    /// When the earliest recording starts; `None` when there is none.
    pub fn first(&self) -> Option<WallTime> {
        self.starts.first().map(|&(start, _)| start)
    }

    /// When the latest recording ends; `None` when there is none.
    pub fn last(&self) -> Option<WallTime> {
        self.ends.last().map(|&(end, _)| end)
    }

    /// The number of the recording that began last; `None` when there is none.
    pub fn newest(&self) -> Option<u32> {
        self.spans.last_key_value().map(|(_, span)| span.last)
    }

    /// How many recordings there are.
    pub fn recordings(&self) -> u32 {
        self.recordings
    }

    /// Bytes of film.
    pub fn sample_file_bytes(&self) -> u64 {
        self.sample_file_bytes
    }

    /// The sum of the wall durations.
    pub fn duration(&self) -> WallDuration {
        self.duration
    }

    /// How much of it was on which day.
    pub fn days(&self) -> &Days {
        &self.days
    }

    /// Where a span is.
    pub fn extent(&self, span: &Range<WallTime>) -> Extent {
        let nowhere = Extent { first: u32::MAX, last: 0, pieces: Some(0) };
        let join = |extent: Extent, (first, s): (u32, Span)| Extent {
            first: first.min(extent.first),
            last: s.last.max(extent.last),
            pieces: extent.pieces.map(|n| n + 1),
        };
        if span.start > span.end {
            return nowhere;
        }
        let (start, end) = ((span.start, 0), (span.end, 0));
        let last_before = self.starts.range(..start).next_back().map(|&(_, first)| first);
        let before = last_before.into_iter().filter(|&first| self.span(first).end >= span.start);
        // What starts earlier and reaches into it ends behind the start of the one after it, which is before this span's.
        let reach = (WallTime(span.start.0.saturating_add(self.overlap.0)), 0);
        let reaching = self.ends.range(start..reach).map(|&(_, first)| first);
        let reaching = reaching.filter(|&first| self.span(first).start < span.start && Some(first) != last_before);
        let inside = self.starts.range(start..end).map(|&(_, first)| first);
        before.chain(reaching).chain(inside).map(|first| (first, self.span(first))).fold(nowhere, join)
    }

    fn span(&self, first: u32) -> Span {
        *self.spans.get(&first).expect("what is in the sets is a span")
    }

    /// Two spans are one after the other now.
    fn note_overlap(&mut self, before: Option<Place>, behind: Option<Place>) {
        if let (Some((_, before)), Some((start, _))) = (before, behind) {
            self.overlap = self.overlap.max(self.span(before).end - start);
        }
    }

    /// Which start right before and right behind this place.
    fn neighbours(&self, place: Place) -> (Option<Place>, Option<Place>) {
        let before = self.starts.range(..place).next_back().copied();
        (before, self.starts.range((Excluded(place), Unbounded)).next().copied())
    }

    /// Recordings that were not there before: one as a `Piece::from`, or many from the database.
    pub fn add(&mut self, piece: &Piece) {
        self.recordings += piece.last - piece.first + 1;
        self.sample_file_bytes += piece.sample_file_bytes;
        self.duration += piece.end - piece.start;
        self.days.add(piece.start..piece.end);
        let span = Span { last: piece.last, start: piece.start, end: piece.end };
        self.insert_joined(piece.first, span);
    }

    /// A recording that was there, as it was added. Says whether it was; nothing happens if not.
    pub fn remove(&mut self, recording: &Recording) -> bool {
        let number = recording.id.number();
        let Some((&first, &span)) = self.spans.range(..=number).next_back() else { return false };
        if span.last < number {
            return false;
        }
        self.recordings -= 1;
        self.sample_file_bytes -= recording.sample_file_bytes;
        self.duration = self.duration - recording.wall_duration;
        self.days.remove(recording.start..recording.end());
        self.take(first);
        if first < number {
            self.put(first, Span { last: number - 1, start: span.start, end: recording.start });
        }
        if number < span.last {
            self.put(number + 1, Span { start: recording.end(), ..span });
        }
        true
    }

    /// A recording that was there grew, or its start was corrected.
    pub fn replace(&mut self, before: &Recording, after: &Recording) {
        if self.remove(before) {
            self.add(&Piece::from(after));
        }
    }

    /// Joins a span with its neighbours where number and time go on, so that a run is one span however long it is.
    fn insert_joined(&mut self, mut first: u32, mut span: Span) {
        if let Some((&before_first, &before)) = self.spans.range(..first).next_back()
            && before.last + 1 == first
            && before.end == span.start
        {
            self.take(before_first);
            (first, span.start) = (before_first, before.start);
        }
        if let Some(next) = span.last.checked_add(1)
            && let Some(&after) = self.spans.get(&next)
            && after.start == span.end
        {
            self.take(next);
            (span.last, span.end) = (after.last, after.end);
        }
        self.put(first, span);
    }

    fn put(&mut self, first: u32, span: Span) {
        self.spans.insert(first, span);
        self.starts.insert((span.start, first));
        self.ends.insert((span.end, first));
        let place = (span.start, first);
        let (before, behind) = self.neighbours(place);
        self.note_overlap(before, Some(place));
        self.note_overlap(Some(place), behind);
    }

    fn take(&mut self, first: u32) {
        if let Some(span) = self.spans.remove(&first) {
            self.starts.remove(&(span.start, first));
            self.ends.remove(&(span.end, first));
            let (before, behind) = self.neighbours((span.start, first));
            self.note_overlap(before, behind);
        }
    }
}

/// Where in the numbers of a stream a span of time is, and of how many pieces it consists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// No recording with a lower number is within the span.
    pub first: u32,
    /// Nor one with a higher; below `first` when there is none at all.
    pub last: u32,
    /// How many pieces of film without a hole these numbers are, where that is known.
    pub pieces: Option<u32>,
}

impl Default for Extent {
    /// Anywhere.
    fn default() -> Self {
        Self { first: 0, last: u32::MAX, pieces: None }
    }
}

impl Extent {
    /// Most pieces are of few recordings.
    pub fn has_short_pieces(&self) -> bool {
        let recordings = self.last.saturating_sub(self.first);
        self.pieces.is_some_and(|pieces| recordings / 4 < pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StreamId;
    use crate::store::db::Batch;
    use crate::store::db::testing::{Fixture, recording};
    use proptest::prelude::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    /// Of stream 1, in a run of its own.
    fn minute(number: u32, start_secs: i64, secs: i64) -> Recording {
        recording(StreamId::new(1).unwrap(), number, number, start_secs, secs)
    }

    fn of<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> Stats {
        let mut stats = Stats::new(berlin());
        recordings.into_iter().for_each(|r| stats.add(&Piece::from(r)));
        stats
    }

    #[test]
    fn an_empty_stream_has_no_first_and_no_last() {
        let stats = of([]);
        assert_eq!((stats.first(), stats.last(), stats.recordings()), (None, None, 0));
    }

    #[test]
    fn a_run_is_one_span_however_long_it_is() {
        let all: Vec<_> = (1..=1440).map(|n| minute(n, i64::from(n) * 60, 60)).collect();
        assert_eq!(of(&all).spans.len(), 1);
        assert_eq!(of(all.iter().rev()), of(&all));
    }

    #[test]
    fn what_was_never_there_cannot_go() {
        let [a, b] = [minute(1, 0, 60), minute(3, 120, 60)];
        let mut stats = of([&a, &b]);
        assert!(!stats.remove(&minute(2, 60, 60)));
        assert!(!stats.remove(&minute(4, 180, 60)));
        assert_eq!(stats, of([&a, &b]));
    }

    #[test]
    fn what_the_database_tells_at_start_is_what_was_counted() {
        let f = Fixture::new();
        // Two runs of a day each, the second after an hour, less one recording in the middle and one at an end.
        let start = |n: u32| i64::from(n) * 60 + if n > 1440 { 3600 } else { 0 };
        let all = (1..=2880).map(|n| f.closed(n, if n > 1440 { 1441 } else { 1 }, start(n), 60));
        let mut all: Vec<_> = all.collect();
        f.insert(&all);
        let condemned = [all.remove(2000), all.remove(0)].map(|c| c.recording.id).to_vec();
        f.db.commit(&Batch { condemned, ..Batch::default() }).unwrap();
        let mut loaded = Stats::new(berlin());
        f.db.pieces(f.main).unwrap().iter().for_each(|piece| loaded.add(piece));
        assert_eq!(loaded, of(all.iter().map(|c| &c.recording)));
        assert_eq!(loaded.recordings(), 2878);
    }

    proptest! {
        #[test]
        fn it_is_always_what_a_count_over_all_would_give(
            changes in prop::collection::vec((0u8..3, 0usize..20, 0i64..200), 1..40),
        ) {
            let mut all: Vec<Recording> = Vec::new();
            let mut stats = Stats::new(berlin());
            let mut number = 0;
            for (change, which, secs) in changes {
                match change {
                    // It goes on where the last one ended, or starts anew, perhaps earlier.
                    0 => {
                        number += 1;
                        let end = all.last().map_or(0, |r| r.end().0 / 90_000);
                        let start = if which < 12 { end } else { (which as i64 - 10) * 10_000 };
                        let recording = minute(number, start, secs);
                        stats.add(&Piece::from(&recording));
                        all.push(recording);
                    }
                    1 if which < all.len() => {
                        let before = all[which].clone();
                        all[which].wall_duration = WallDuration::from_secs(secs);
                        all[which].sample_file_bytes += secs as u64;
                        stats.replace(&before, &all[which]);
                    }
                    2 if which < all.len() => {
                        prop_assert!(stats.remove(&all.remove(which)));
                    }
                    _ => (),
                }
            }
            prop_assert_eq!(&stats, &of(&all));
            for span in [0..10_000, 3_000..3_100, 100..200, 200..201, 0..i64::MAX / 90_000, 9_000..30_000, 200..200] {
                let span = WallTime(span.start * 90_000)..WallTime(span.end * 90_000);
                let within = |s: &Span| s.start < span.end && s.end >= span.start;
                let found: Vec<_> = stats.spans.iter().filter(|(_, s)| within(s)).collect();
                let extent = stats.extent(&span);
                prop_assert_eq!(extent.pieces, Some(found.len() as u32));
                prop_assert_eq!(extent.first, found.iter().map(|(first, _)| **first).min().unwrap_or(u32::MAX));
                prop_assert_eq!(extent.last, found.iter().map(|(_, s)| s.last).max().unwrap_or(0));
            }
            prop_assert_eq!(stats.first(), all.iter().map(|r| r.start).min());
            prop_assert_eq!(stats.last(), all.iter().map(Recording::end).max());
            prop_assert_eq!(stats.recordings(), all.len() as u32);
            let sum = all.iter().fold(WallDuration::ZERO, |sum, r| sum + r.wall_duration);
            prop_assert_eq!(stats.duration(), sum);
        }
    }
}
