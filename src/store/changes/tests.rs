//! Whatever is done to a listing, a part that is said to be as it was is as it was.

use super::*;
use crate::base::{RecordingId, WallDuration};
use crate::media::recording::Flags;
use crate::store::db::testing::recording;
use crate::store::unflushed::Unflushed;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::sync::Arc;

fn stream() -> StreamId {
    StreamId::new(3).unwrap()
}

fn at(secs: i64) -> WallTime {
    WallTime(secs * 90_000)
}

fn span(from: i64, to: i64) -> Part {
    Part::Span(at(from)..at(to))
}

/// A listing that only grows in memory; the property test puts rows beside it.
struct Told {
    changes: Changes,
    listed: Option<Recording>,
}

impl Told {
    fn new() -> Self {
        Self { changes: Changes::default(), listed: None }
    }

    /// The recording of that number is listed from `start` to `end`, in seconds.
    fn grow(&mut self, number: u32, start: i64, end: i64) {
        let after = Recording { growing: true, ..recording(stream(), number, number, start, end - start) };
        let before = self.listed.take().filter(|r| r.id == after.id);
        self.changes.note(before.as_ref(), Some(&after));
        self.listed = Some(after);
    }

    fn changed(&self, since: &Mark, part: Part) -> bool {
        self.changes.since(stream(), since, &part)
    }

    fn mark(&self) -> Mark {
        self.changes.mark(stream())
    }
}

#[test]
fn growth_is_no_change_of_what_ended_before() {
    let mut told = Told::new();
    told.grow(1, 0, 10);
    let marks: Vec<Mark> = (11..60)
        .map(|end| {
            let mark = told.mark();
            told.grow(1, 0, end);
            mark
        })
        .collect();
    for (mark, end) in marks.iter().zip(10..) {
        assert!(!told.changed(mark, span(-5, end - 1)), "{end}");
        assert!(told.changed(mark, span(-5, end + 1)), "{end}");
        assert!(told.changed(mark, Part::Numbers(1..=1)) && !told.changed(mark, Part::Numbers(2..=9)));
    }
    assert_eq!(told.changes.streams[&stream()].entries.len(), 2, "one that it came, one that it grew");
    told.grow(2, 60, 61);
    told.grow(2, 60, 62);
    assert!(!told.changed(&marks[0], span(0, 9)));
    assert!(!told.changed(&told.mark(), span(0, 100)));
}

#[test]
fn a_start_that_is_corrected_changes_all_of_the_recording() {
    let mut told = Told::new();
    told.grow(1, 10, 20);
    let mark = told.mark();
    told.grow(1, 9, 21);
    assert!(told.changed(&mark, span(0, 10)) && told.changed(&mark, span(12, 13)));
    assert!(!told.changed(&mark, span(0, 8)) && !told.changed(&mark, span(22, 30)));
}

#[test]
fn an_end_that_is_corrected_back_changes_what_lay_behind() {
    let mut told = Told::new();
    told.grow(1, 0, 20);
    let mark = told.mark();
    told.grow(1, 0, 19);
    assert!(told.changed(&mark, span(0, 20)) && !told.changed(&mark, span(0, 18)));
}

#[test]
fn what_is_forgotten_counts_as_changed() {
    let mut told = Told::new();
    told.grow(1, 0, 10);
    let mark = told.mark();
    for number in 0..MAX_ENTRIES as u32 {
        assert!(!told.changed(&mark, span(0, 5)));
        told.grow(2 * number + 2, 1000, 1010);
    }
    assert!(!told.changed(&mark, span(0, 5)), "what it must not know is forgotten first");
    told.grow(1_000_000, 1000, 1010);
    assert!(told.changed(&mark, span(0, 5)));
    assert!(!told.changed(&told.mark(), span(0, 5000)));
}

#[test]
fn a_stream_or_everything_can_change_at_once() {
    let mut changes = Changes::default();
    let other = StreamId::new(4).unwrap();
    let [of, of_other] = [stream(), other].map(|s| changes.mark(s));
    changes.note_stream(stream());
    assert!(changes.since(stream(), &of, &span(0, 1)) && !changes.since(other, &of_other, &span(0, 1)));
    let of = changes.mark(stream());
    assert!(!changes.since(stream(), &of, &span(0, 1)));
    changes.note_all();
    assert!(changes.since(stream(), &of, &span(0, 1)) && changes.since(other, &of_other, &span(0, 1)));
}

/// What a film of a part is made of: of a recording that goes on beyond the end, no more than its start.
fn seen(all: &[Recording], part: &Part) -> Vec<Recording> {
    let mut seen = all.to_vec();
    match part {
        Part::Numbers(numbers) => seen.retain(|r| numbers.contains(&r.id.number())),
        Part::Span(span) => {
            seen.retain(|r| r.start < span.end && (r.end() > span.start || r.start == span.start));
            for r in seen.iter_mut().filter(|r| r.end() > span.end) {
                (r.wall_duration, r.media_duration) = Default::default();
                (r.sample_file_bytes, r.video_samples, r.video_sync_samples) = (0, 0, 0);
                (r.growing, r.end_reason, r.flags) = (false, None, Flags::default());
            }
        }
    }
    seen
}

/// Rows and what is none yet, told of as the store's threads tell.
struct Model {
    unflushed: Unflushed,
    rows: Vec<Recording>,
    growing: Option<Recording>,
    number: u32,
}

impl Model {
    fn listed(&self) -> Vec<Recording> {
        let mut all = [self.rows.clone(), self.unflushed.of(stream(), |_| true)].concat();
        all.sort_by_key(|r| r.id);
        all.dedup_by_key(|r| r.id);
        all
    }

    fn closed(r: &Recording) -> crate::store::ClosedRecording {
        let mut closed = crate::store::testing::facts(r.id.number());
        closed.recording = Recording { growing: false, ..r.clone() };
        closed
    }

    fn step(&mut self, step: u8, n: i64) {
        let progress = |r: &Recording| crate::media::growing::Progress {
            start: r.start,
            wall_duration: r.wall_duration,
            media_duration: r.media_duration,
            local_delta: r.local_delta,
            sample_file_bytes: r.sample_file_bytes,
            video_samples: r.video_samples,
            video_sync_samples: r.video_sync_samples,
        };
        match (step, &mut self.growing) {
            // It begins, perhaps where time has stepped to.
            (0, None) => {
                self.number += 1;
                let end = self.listed().last().map_or(0, |r| r.end().0 / 90_000);
                let start = if n > 20 { n } else { end };
                let r = Recording { video_samples: 0, ..recording(stream(), self.number, self.number, start, 0) };
                self.unflushed.begin(&Self::closed(&r));
                self.growing = Some(r);
            }
            (1..=4, Some(r)) => {
                r.wall_duration += WallDuration::from_secs(1 + n % 3);
                (r.video_samples, r.sample_file_bytes) = (r.video_samples + 1, r.sample_file_bytes + 1);
                // Its start may still be corrected.
                r.start = WallTime(r.start.0 - i64::from(n == 7) * 90_000);
                self.unflushed.grow(r.id, &progress(r), &[]);
            }
            (5, growing) => {
                if let Some(mut r) = growing.take().filter(|r| r.video_samples > 0) {
                    r.video_samples += 1;
                    r.wall_duration = WallDuration((r.wall_duration.0 + n - 10).max(0));
                    self.unflushed.close(Arc::new(Self::closed(&r)));
                }
            }
            (6, growing) => {
                if let Some(r) = growing.take() {
                    self.unflushed.forget(r.id);
                }
            }
            (7, _) => {
                let closed: Vec<Recording> = self.unflushed.closed().iter().map(|c| c.recording.clone()).collect();
                self.rows.extend(closed.iter().cloned());
                self.unflushed.became_rows(closed.iter().map(|r| r.id));
            }
            (8, _) if !self.rows.is_empty() => {
                let gone = self.rows.remove(n as usize % self.rows.len());
                self.unflushed.uncount(&[gone]);
            }
            (9, _) => {
                let all: Vec<RecordingId> = self.rows.iter().map(|r| r.id).collect();
                let moved = self.rows.iter_mut().filter(|r| all.contains(&r.id));
                moved.for_each(|r| r.start = WallTime(r.start.0 + n * 1000));
                self.unflushed.stream_changed(stream());
            }
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_changes_a_listing_escapes(
        steps in prop::collection::vec((0u8..10, 0i64..30), 1..80),
        parts in prop::collection::vec((any::<bool>(), 0i64..80, 0i64..40), 1..12),
    ) {
        let mut model =
            Model { unflushed: Unflushed::new(TimeZone::UTC), rows: Vec::new(), growing: None, number: 0 };
        let parts: Vec<Part> = parts
            .into_iter()
            .map(|(is_span, first, len)| match is_span {
                true => span(first, first + len),
                false => Part::Numbers(first as u32 / 4..=(first + len) as u32 / 4),
            })
            .collect();
        let mut marks = Vec::new();
        for (step, n) in steps {
            marks.push((model.unflushed.mark(stream()), model.listed()));
            model.step(step, n);
            let listed = model.listed();
            for (mark, before) in &marks {
                for part in &parts {
                    if !model.unflushed.has_changed(stream(), mark, part) {
                        prop_assert_eq!(seen(before, part), seen(&listed, part), "{:?}", part);
                    }
                }
            }
        }
    }
}
