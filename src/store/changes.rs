//! `Changes`: what has lately changed of each stream's listing, so that what was made of one can be used again.

use crate::base::{StreamId, WallTime};
use crate::media::Recording;
use std::collections::{HashMap, VecDeque};
use std::ops::{Range, RangeInclusive};

/// A moment in the history of a stream's listing. Taken before something is listed, it tells later whether the same
/// would be listed again: see [`crate::store::Store::has_changed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    generation: u64,
    /// The recording that grew last, and up to where it was whole.
    newest: Option<(u32, WallTime)>,
}

impl Mark {
    /// Of a listing that has no history: what matters is whether its number is another.
    pub(super) fn of(generation: u64) -> Self {
        Self { generation, newest: None }
    }
}

/// What of a stream's listing was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The film between two moments: not what is told of a recording that goes on beyond the later one.
    Span(Range<WallTime>),
    /// All that is told of the recordings with these numbers.
    Numbers(RangeInclusive<u32>),
}

/// A short history for each stream. What is further back than it reaches counts as changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Counts the changes.
    generation: u64,
    /// Up to this one, everything has changed.
    floor: u64,
    streams: HashMap<StreamId, History>,
}

#[derive(Debug, Default)]
struct History {
    /// Ascending by generation.
    entries: VecDeque<Entry>,
    /// Up to this one, all of the stream has changed.
    floor: u64,
    newest: Option<(u32, WallTime)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    generation: u64,
    numbers: RangeInclusive<u32>,
    /// Where film came, went or became another, both ends included: a last frame without duration is at an end.
    from: WallTime,
    to: WallTime,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One recording went on at its end, and what was whole before stayed as it was.
    Growth,
    /// They are not listed any more.
    Gone,
    Other,
}

impl Changes {
    /// As it is now.
    pub(super) fn mark(&self, stream: StreamId) -> Mark {
        let newest = self.streams.get(&stream).and_then(|history| history.newest);
        Mark { generation: self.generation, newest }
    }

    /// Something of this part is, or may be, other than it was then.
    pub(super) fn since(&self, stream: StreamId, mark: &Mark, part: &Part) -> bool {
        let Some(history) = self.streams.get(&stream) else { return mark.generation < self.floor };
        let newer = history.entries.iter().rev().take_while(|entry| entry.generation > mark.generation);
        mark.generation < self.floor.max(history.floor) || newer.into_iter().any(|entry| entry.touches(part, mark))
    }

    /// A recording is listed as `after` where it was listed as `before`, if at all.
    pub(super) fn note(&mut self, before: Option<&Recording>, after: Option<&Recording>) {
        let Some(either) = after.or(before) else { return };
        let [ends, starts] = [Recording::end, |r: &Recording| r.start].map(|of| {
            let (before, after) = (before.map(of), after.map(of));
            (before.or(after).unwrap_or(either.start), after.or(before).unwrap_or(either.start))
        });
        let stays = before.is_some() && after.is_some() && starts.0 == starts.1;
        let from = if stays { ends.0.min(ends.1) } else { starts.0.min(starts.1) };
        let kind = match after {
            None => Kind::Gone,
            Some(_) if stays && ends.0 <= ends.1 => Kind::Growth,
            Some(_) => Kind::Other,
        };
        self.generation += 1;
        let history = self.streams.entry(either.id.stream()).or_default();
        if let Some(growing) = after.filter(|r| r.growing) {
            history.newest = Some((growing.id.number(), growing.end()));
        }
        history.add(Entry {
            generation: self.generation,
            numbers: either.id.number()..=either.id.number(),
            from,
            to: ends.0.max(ends.1),
            kind,
        });
    }

    /// Anything of a stream may have changed.
    pub(super) fn note_stream(&mut self, stream: StreamId) {
        self.generation += 1;
        let history = self.streams.entry(stream).or_default();
        history.entries.clear();
        history.floor = self.generation;
    }

    /// Anything may have changed.
    pub(super) fn note_all(&mut self) {
        self.generation += 1;
        self.floor = self.generation;
    }
}

impl History {
    fn add(&mut self, entry: Entry) {
        if let Some(last) = self.entries.back_mut()
            && last.take_in(&entry)
        {
            return;
        }
        if self.entries.len() >= MAX_ENTRIES
            && let Some(oldest) = self.entries.pop_front()
        {
            self.floor = oldest.generation;
        }
        self.entries.push_back(entry);
    }
}

impl Entry {
    /// Becomes both, if it can: a recording grows dozens of times, and many go at once.
    fn take_in(&mut self, next: &Self) -> bool {
        let joins = match (self.kind, next.kind) {
            (Kind::Growth, Kind::Growth) => self.numbers == next.numbers,
            (Kind::Gone, Kind::Gone) => self.numbers.end().checked_add(1) == Some(*next.numbers.start()),
            _ => false,
        };
        if joins {
            self.generation = next.generation;
            self.numbers = *self.numbers.start()..=*next.numbers.end();
            (self.from, self.to) = (self.from.min(next.from), self.to.max(next.to));
        }
        joins
    }

    fn touches(&self, part: &Part, mark: &Mark) -> bool {
        // What had grown before the mark was there then, though an entry that goes on tells of it too.
        let grown = mark.newest.filter(|(number, _)| self.kind == Kind::Growth && self.numbers.contains(number));
        let from = grown.map_or(self.from, |(_, end)| end.max(self.from));
        match part {
            Part::Span(span) => from <= span.end && self.to >= span.start,
            Part::Numbers(numbers) => self.numbers.start() <= numbers.end() && self.numbers.end() >= numbers.start(),
        }
    }
}

/// Two for each recording of a minute, so about four hours.
const MAX_ENTRIES: usize = 512;

#[cfg(test)]
mod tests;
