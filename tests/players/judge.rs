//! `Expected`: what a film must show, held against what every reader says of it.

use crate::readers::{self, Seen};
use crate::support::numbers::shown_by_ffmpeg;
use std::path::Path;

/// What is known of a film before anybody looks at it.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// The numbers of the pictures that are shown, in order.
    pub(crate) numbers: Vec<u32>,
    /// Samples before the first that is shown: from the key frame that it needs.
    pub(crate) hidden: usize,
    /// How long the film is.
    pub(crate) shown_90k: i64,
    /// How many sample entries its track has.
    pub(crate) entries: usize,
}

impl Expected {
    /// This film, and then the other.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.numbers.extend(other.numbers);
        self.hidden += other.hidden;
        self.shown_90k += other.shown_90k;
        self
    }

    /// All readers agree about every sample of `view.mp4`, and about what was expected.
    #[track_caller]
    pub(crate) fn of(&self, film: &Path) {
        self.is_what_they_see(film, &readers::all(film));
    }

    /// The same where frames change places behind the second edit.
    #[track_caller]
    pub(crate) fn of_reordered_cuts(&self, film: &Path) {
        let all = readers::all(film);
        let but_ffprobe: Vec<_> = all.into_iter().filter(|seen| seen.reader != "ffprobe").collect();
        self.is_what_they_see(film, &but_ffprobe);
    }

    /// The same of `view.m4s` behind its initialisation segment.
    #[track_caller]
    pub(crate) fn of_fragments(&self, film: &Path) {
        self.is_what_they_see(film, &readers::of_fragments(film));
    }

    #[track_caller]
    fn is_what_they_see(&self, film: &Path, all: &[Seen]) {
        assert_eq!(differs(&shown_by_ffmpeg(film), &self.numbers), None, "ffmpeg shows other pictures");
        let (first, others) = all.split_first().unwrap();
        for seen in all {
            self.agrees(seen);
        }
        for other in others {
            let (ours, theirs) = (&first.samples, &other.samples);
            assert_eq!(differs(theirs, ours), None, "{} and {} read other samples", other.reader, first.reader);
        }
        assert!(first.film_bytes(film).eq(first.samples.iter().map(|s| s.bytes)), "every sample is whole NAL units");
    }

    #[track_caller]
    fn agrees(&self, seen: &Seen) {
        let reader = seen.reader;
        assert_eq!(seen.samples.len(), self.hidden + self.numbers.len(), "{reader}: samples");
        assert!(seen.shown_90k.is_none_or(|shown| shown == self.shown_90k), "{reader}: {:?} units", seen.shown_90k);
        assert!(seen.entries.is_none_or(|n| n == self.entries), "{reader}: {:?} sample entries", seen.entries);
    }
}

/// Where two lists part: the index and what either has there. Whole lists would be too long to read.
fn differs<T: PartialEq + Copy>(seen: &[T], wanted: &[T]) -> Option<(usize, Option<T>, Option<T>)> {
    let at = seen.iter().zip(wanted).position(|(seen, wanted)| seen != wanted);
    let at = at.or((seen.len() != wanted.len()).then_some(seen.len().min(wanted.len())))?;
    Some((at, seen.get(at).copied(), wanted.get(at).copied()))
}
