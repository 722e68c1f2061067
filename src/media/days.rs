//! `Days`: how much was recorded on each day of the calendar.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{WallDuration, WallTime};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::ops::Range;

/// Recorded time by local day. A span across midnight counts in both days; a day has the 23, 24 or 25 hours that its
/// zone gives it. It stays exact: spans may be added whole and taken in parts, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    zone: TimeZone,
    /// None is zero.
    days: BTreeMap<Date, WallDuration>,
}

impl Days {
    /// No day yet, in the zone of the owner.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, days: BTreeMap::new() }
    }

    /// The days on which something was recorded, ascending, and how much.
    pub fn iter(&self) -> impl Iterator<Item = (Date, WallDuration)> {
        self.days.iter().map(|(&date, &duration)| (date, duration))
    }

    /// Counts a span.
    pub fn add(&mut self, span: Range<WallTime>) {
        self.change(span, |day| day);
    }

    /// Takes back a span, or a part of one, that was added.
    pub fn remove(&mut self, span: Range<WallTime>) {
        self.change(span, |day| -day);
    }

    fn change(&mut self, span: Range<WallTime>, signed: impl Fn(WallDuration) -> WallDuration) {
        let mut start = span.start;
        while start < span.end {
            // Times that the calendar does not reach are counted nowhere; the database refuses them.
            let Some((date, end)) = self.rest_of_day(start) else { return };
            let end = end.min(span.end);
            let duration = self.days.entry(date).or_default();
            *duration += signed(end - start);
            if *duration == WallDuration::ZERO {
                self.days.remove(&date);
            }
            start = end;
        }
    }

    /// The local day of a moment, and until when it certainly lasts: the next midnight by the present offset, or the
    /// next change of the offset, whichever comes first. So the day is a function of the moment alone, even where
    /// clocks are set back across midnight.
    fn rest_of_day(&self, t: WallTime) -> Option<(Date, WallTime)> {
        let timestamp = Timestamp::from_second(t.unix_seconds()).ok()?;
        let offset = self.zone.to_offset(timestamp);
        let date = offset.to_datetime(timestamp).date();
        let midnight = offset.to_timestamp(date.tomorrow().ok()?.at(0, 0, 0, 0)).ok()?;
        let change = self.zone.following(timestamp).next().map(|change| change.timestamp());
        let end = change.map_or(midnight, |change| change.min(midnight));
        Some((date, WallTime(end.as_second() * UNITS_PER_SEC)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn time(text: &str) -> WallTime {
        WallTime::parse(text, &zone("Europe/Berlin")).unwrap()
    }

    fn show(days: &Days) -> String {
        days.iter().map(|(date, d)| format!("{date} {} s", d.as_secs_f64())).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn across_midnight_counts_in_both_days() {
        let mut days = Days::new(zone("Europe/Berlin"));
        days.add(time("2024-05-01T23:59:30")..time("2024-05-02T00:00:10"));
        assert_eq!(show(&days), "2024-05-01 30 s, 2024-05-02 10 s");
        days.remove(time("2024-05-01T23:59:30")..time("2024-05-02T00:00:00"));
        assert_eq!(show(&days), "2024-05-02 10 s");
    }

    #[test]
    fn a_day_has_the_hours_that_its_zone_gives_it() {
        let hours = |from: &str, to: &str| {
            let mut days = Days::new(zone("Europe/Berlin"));
            days.add(time(from)..time(to));
            let hours = days.iter().map(|(date, d)| format!("{date} {} h", d.as_secs_f64() / 3600.0));
            hours.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(hours("2024-03-31T00:00:00", "2024-04-02T00:00:00"), "2024-03-31 23 h, 2024-04-01 24 h");
        assert_eq!(hours("2024-10-27T00:00:00", "2024-10-28T00:00:00"), "2024-10-27 25 h");
    }

    #[test]
    fn clocks_set_back_across_midnight_do_not_confuse_it() {
        // Newfoundland, until 2011: at 00:01 the clock went back to 23:01 of the day before.
        let mut days = Days::new(zone("America/St_Johns"));
        let start = WallTime::parse("2010-11-06T23:00:00-02:30", &TimeZone::UTC).unwrap();
        for minute in 0..150 {
            let minute = start + WallDuration::from_secs(60 * minute);
            days.add(minute..minute + WallDuration::from_secs(60));
        }
        assert_eq!(show(&days), "2010-11-06 7140 s, 2010-11-07 1860 s");
        days.remove(start..start + WallDuration::from_secs(60 * 150));
        assert_eq!(show(&days), "");
    }

    #[test]
    fn times_beyond_the_calendar_end_it() {
        let mut days = Days::new(TimeZone::UTC);
        days.add(WallTime(i64::MAX - 1)..WallTime(i64::MAX));
        days.add(WallTime(i64::MIN)..WallTime(i64::MIN + 1));
        assert_eq!(show(&days), "");
    }

    proptest! {
        #[test]
        fn any_split_counts_the_same(
            start in 0i64..4_000_000_000,
            cuts in prop::collection::vec(0i64..90_000 * 86_400 * 3, 2..8),
        ) {
            let start = WallTime(start * UNITS_PER_SEC);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| start + WallDuration(cut)).collect();
            cuts.sort();
            let [mut whole, mut parts] = [(); 2].map(|()| Days::new(zone("Europe/Berlin")));
            whole.add(cuts[0]..cuts[cuts.len() - 1]);
            for pair in cuts.windows(2) {
                parts.add(pair[0]..pair[1]);
            }
            prop_assert_eq!(&whole, &parts);
            let sum = whole.iter().fold(WallDuration::ZERO, |sum, (_, d)| sum + d);
            prop_assert_eq!(sum, cuts[cuts.len() - 1] - cuts[0]);
        }
    }
}
