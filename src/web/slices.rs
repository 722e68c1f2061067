//! `Slice`: a stretch of a span that is listed at once. A stream-year has half a million recordings; only those of a
//! few days are held at a time.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{Result, StreamId, WallTime};
use crate::media::{Days, Recording};
use crate::store::Store;
use jiff::tz::TimeZone;
use std::ops::Range;

/// A part of a span that was cut by [`cut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    span: Range<WallTime>,
    /// Nothing of the span comes before it.
    is_oldest: bool,
}

/// Cuts a span where days begin; newest first. In no slice there are more than [`FILM_DAYS`] days with film, and there
/// are no more slices than such days, however far apart they are. Where the cuts are does not matter to what is listed.
pub(super) fn cut(span: Range<WallTime>, days: &Days, zone: &TimeZone) -> Vec<Slice> {
    let starts = days.iter().filter_map(|(date, _)| date.to_zoned(zone.clone()).ok());
    let starts = starts.map(|start| WallTime(start.timestamp().as_second() * UNITS_PER_SEC));
    let mut cuts: Vec<WallTime> = starts.filter(|&start| span.start < start && start < span.end).collect();
    cuts.reverse();
    let mut slices = Vec::new();
    let mut end = span.end;
    for cut in cuts.into_iter().skip(FILM_DAYS - 1).step_by(FILM_DAYS) {
        slices.push(Slice { span: cut..end, is_oldest: false });
        end = cut;
    }
    slices.push(Slice { span: span.start..end, is_oldest: true });
    slices
}

/// With recordings of a minute, 5760 of them.
const FILM_DAYS: usize = 4;

impl Slice {
    /// What of the whole span's listing belongs here, ascending by start: each recording is in one slice, that in which
    /// it starts, or else the oldest. Blocks on the database.
    pub(super) fn recordings(&self, store: &Store, stream: StreamId) -> Result<Vec<Recording>> {
        Ok(self.keep(store.recordings(stream, self.span.clone())?))
    }

    fn keep(&self, mut recordings: Vec<Recording>) -> Vec<Recording> {
        recordings.retain(|r| self.is_oldest || r.start >= self.span.start);
        recordings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::WallDuration;
    use crate::store::db::testing::recording;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    fn at(secs: i64) -> WallTime {
        WallTime(secs * UNITS_PER_SEC)
    }

    /// As the store lists.
    fn listed(all: &[Recording], span: &Range<WallTime>) -> Vec<Recording> {
        let wanted = |r: &&Recording| r.start < span.end && (r.end() > span.start || r.start == span.start);
        all.iter().filter(wanted).cloned().collect()
    }

    fn days(all: &[Recording]) -> Days {
        let mut days = Days::new(TimeZone::UTC);
        all.iter().for_each(|r| days.add(r.start..r.end()));
        days
    }

    #[test]
    fn a_year_is_held_a_few_days_at_a_time() {
        let stream = StreamId::new(1).unwrap();
        let all: Vec<_> = (0..365).map(|n| recording(stream, n + 1, 1, i64::from(n) * DAY, DAY)).collect();
        let slices = cut(WallTime(i64::MIN)..WallTime(i64::MAX), &days(&all), &TimeZone::UTC);
        assert_eq!(slices.len(), 92);
        assert!(slices.iter().all(|slice| slice.keep(listed(&all, &slice.span)).len() <= FILM_DAYS));
    }

    #[test]
    fn years_without_film_cost_nothing() {
        let stream = StreamId::new(1).unwrap();
        let all = [recording(stream, 1, 1, 0, 60), recording(stream, 2, 2, 250_000 * DAY, 60)];
        assert_eq!(cut(at(-1)..WallTime(i64::MAX), &days(&all), &TimeZone::UTC).len(), 1);
    }

    proptest! {
        #[test]
        fn slices_together_list_what_the_span_does(
            mut starts in prop::collection::vec((0..40 * DAY, 0i64..300), 0..60),
            span in (-DAY..41 * DAY, 1..42 * DAY),
        ) {
            starts.sort();
            let stream = StreamId::new(1).unwrap();
            let numbered = (1u32..).zip(starts);
            let all: Vec<_> = numbered.map(|(n, (start, secs))| recording(stream, n, n, start, secs)).collect();
            let span = at(span.0)..at(span.0) + WallDuration::from_secs(span.1);
            let mut slices = cut(span.clone(), &days(&all), &TimeZone::UTC);
            slices.reverse();
            let together: Vec<_> = slices.iter().flat_map(|slice| slice.keep(listed(&all, &slice.span))).collect();
            prop_assert_eq!(together, listed(&all, &span));
        }
    }
}
