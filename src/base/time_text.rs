//! `TimeText`: times as text, one after the other.

use crate::base::WallTime;
use crate::base::time::UNITS_PER_SEC;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::Write;
use std::ops::Range;

/// Writes times of a zone as text, in the form of [`WallTime::text`]. Zone and calendar are asked once for all that is on
/// one day: a list has thousands of times.
#[derive(Clone, Debug)]
pub struct TimeText {
    zone: TimeZone,
    /// Seconds since 1970 of which day and offset are those in `text`.
    known: Range<i64>,
    /// When that day began, if its offset was the same then.
    midnight: i64,
    text: Vec<u8>,
}

impl TimeText {
    /// Of this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, known: 0..0, midnight: 0, text: Vec::new() }
    }

    /// The text, until the next is asked for. A time outside the years 0..9999 is told as its number:
    /// no text of it could be read back.
    pub fn of(&mut self, t: WallTime) -> &str {
        std::str::from_utf8(self.bytes_of(t)).expect("only ASCII is written")
    }

    /// The same as bytes, all of them ASCII.
    pub fn bytes_of(&mut self, t: WallTime) -> &[u8] {
        let seconds = t.unix_seconds();
        if self.known.contains(&seconds) || self.learn(seconds).is_some() {
            self.put_clock((seconds - self.midnight) as u32, t.0.rem_euclid(UNITS_PER_SEC) as u32);
        } else {
            self.known = 0..0;
            self.text = t.0.to_string().into_bytes();
        }
        &self.text
    }

    /// Writes the day and the offset of a moment, and finds for how long they hold. `None` beyond the calendar.
    fn learn(&mut self, seconds: i64) -> Option<()> {
        let moment = Timestamp::from_second(seconds).ok()?;
        let offset = self.zone.to_offset(moment);
        let date = Some(offset.to_datetime(moment).date()).filter(|date| date.year() >= 0)?;
        self.midnight = offset.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second();
        let just_after = Timestamp::from_second(seconds + 1).ok()?;
        let since = self.zone.preceding(just_after).next().map_or(i64::MIN, |change| change.timestamp().as_second());
        let until = self.zone.following(moment).next().map_or(i64::MAX, |change| change.timestamp().as_second());
        self.known = since.max(self.midnight)..until.min(self.midnight + DAY);
        let (sign, minutes) = (if offset.seconds() < 0 { '-' } else { '+' }, offset.seconds().abs() / 60);
        self.text.clear();
        let date = date.strftime("%Y-%m-%d");
        write!(self.text, "{date}T00:00:00:00000{sign}{:02}:{:02}", minutes / 60, minutes % 60).ok()
    }

    /// Over the clock that is there: of seconds since midnight, then 90 000ths.
    fn put_clock(&mut self, seconds: u32, fraction: u32) {
        let at = self.text.len() - "00:00:00:00000+00:00".len();
        let clock = &mut self.text[at..];
        put_digits(&mut clock[0..2], seconds / 3600);
        put_digits(&mut clock[3..5], seconds / 60 % 60);
        put_digits(&mut clock[6..8], seconds % 60);
        put_digits(&mut clock[9..14], fraction);
    }
}

/// A number, right-aligned.
fn put_digits(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the calendar alone.
    fn slow(t: WallTime, zone: &TimeZone) -> String {
        let moment = Timestamp::from_second(t.unix_seconds()).unwrap();
        let offset = zone.to_offset(moment);
        let civil = offset.to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S");
        let (sign, minutes) = (if offset.seconds() < 0 { '-' } else { '+' }, offset.seconds().abs() / 60);
        format!("{civil}:{:05}{sign}{:02}:{:02}", t.0.rem_euclid(UNITS_PER_SEC), minutes / 60, minutes % 60)
    }

    #[test]
    fn a_change_of_the_offset_is_minded_in_any_order() {
        for (name, around) in [("Europe/Berlin", 1_711_846_800), ("America/St_Johns", 1_289_097_060), ("UTC", 0)] {
            let zone = TimeZone::get(name).unwrap();
            let mut text = TimeText::new(zone.clone());
            let hours = (-50..50).map(|n| around + n * 1800).flat_map(|t| [t - 1, t, t + 1]);
            let times: Vec<_> = hours.map(|t| WallTime(t * UNITS_PER_SEC + 12_345)).collect();
            for &t in times.iter().chain(times.iter().rev()) {
                assert_eq!(text.of(t), slow(t, &zone), "{name}");
            }
        }
    }

    #[test]
    fn beyond_the_calendar_it_is_a_number() {
        let mut text = TimeText::new(TimeZone::UTC);
        assert_eq!(text.of(WallTime(i64::MAX)), i64::MAX.to_string());
        let year_0 = -62_167_219_200 * UNITS_PER_SEC;
        assert_eq!(text.of(WallTime(year_0)), "0000-01-01T00:00:00:00000+00:00");
        assert_eq!(text.of(WallTime(year_0 - 1)), (year_0 - 1).to_string());
        assert_eq!(text.of(WallTime(0)), "1970-01-01T00:00:00:00000+00:00");
        assert_eq!(text.of(WallTime(i64::MIN)), i64::MIN.to_string());
    }

    proptest! {
        #[test]
        fn it_is_what_the_calendar_says(
            times in prop::collection::vec(-62_160_000_000i64..253_000_000_000, 1..9),
            name in prop::sample::select(vec!["Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"]),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let mut text = TimeText::new(zone.clone());
            for t in times.into_iter().flat_map(|t| [t, t + 40_000]) {
                let t = WallTime(t * UNITS_PER_SEC + t % 1000);
                prop_assert_eq!(text.of(t), slow(t, &zone));
            }
        }
    }
}
