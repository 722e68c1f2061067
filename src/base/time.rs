//! 90 kHz time: wall time, media time and the monotonic clock as different types, and their text form.

use crate::base::{Error, Kind, Result, TimeText};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Units of all stored times and durations in one second.
pub const UNITS_PER_SEC: i64 = 90_000;

/// When something happened by the recorder's clock: 1/90 000 s since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

/// How long something took by the recorder's clock, in 1/90 000 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallDuration(pub i64);

/// How long something took by the camera's RTP clock, in 1/90 000 s. It is what an mp4's time line counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaDuration(pub i64);

/// A reading of the monotonic clock, in 1/90 000 s since this boot (`CLOCK_BOOTTIME` or `CLOCK_MONOTONIC`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoTime(pub i64);

macro_rules! duration {
    ($name:ident) => {
        impl $name {
            /// Nothing at all.
            pub const ZERO: Self = Self(0);

            /// A whole number of seconds.
            pub const fn from_secs(secs: i64) -> Self {
                Self(secs * UNITS_PER_SEC)
            }

            /// As seconds, for people.
            pub fn as_secs_f64(self) -> f64 {
                self.0 as f64 / UNITS_PER_SEC as f64
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
    };
}

macro_rules! instant {
    ($name:ident) => {
        impl Add<WallDuration> for $name {
            type Output = Self;
            fn add(self, d: WallDuration) -> Self {
                Self(self.0 + d.0)
            }
        }

        impl Sub<WallDuration> for $name {
            type Output = Self;
            fn sub(self, d: WallDuration) -> Self {
                Self(self.0 - d.0)
            }
        }

        impl Sub for $name {
            type Output = WallDuration;
            fn sub(self, other: Self) -> WallDuration {
                WallDuration(self.0 - other.0)
            }
        }
    };
}

duration!(WallDuration);
duration!(MediaDuration);
instant!(WallTime);
instant!(MonoTime);

impl MediaDuration {
    /// The same length on the wall, if the camera's clock were ours.
    pub fn as_wall(self) -> WallDuration {
        WallDuration(self.0)
    }
}

/// A duration of the standard library in 1/90 000 s, rounded down.
pub fn units(d: std::time::Duration) -> i64 {
    d.as_secs() as i64 * UNITS_PER_SEC + i64::from(d.subsec_nanos()) * 9 / 100_000
}

impl WallTime {
    /// From a reading of the system's clock, rounded down; times before 1970 are negative.
    pub fn from_system(t: std::time::SystemTime) -> Self {
        match t.duration_since(std::time::UNIX_EPOCH) {
            Ok(d) => Self(units(d)),
            Err(e) => Self(-units(e.duration())),
        }
    }

    /// Whole seconds since 1970, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(UNITS_PER_SEC)
    }

    /// The text form `2017-03-02T12:34:56:01234+01:00`: civil time in `zone`, then 90 000ths of a second, then the
    /// offset from UTC. A time outside the years 0..9999 is printed as its number.
    pub fn text(self, zone: &TimeZone) -> String {
        TimeText::new(zone.clone()).of(self).to_owned()
    }

    /// Parses the text form or a plain 90 kHz number. Fraction and offset may be left out; without an offset the
    /// civil time is of `zone`, the earlier of two when clocks were set back, shifted forward in the hour that
    /// does not exist.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self> {
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Self(number));
        }
        parse_text(text, zone).ok_or_else(|| {
            let form = "YYYY-MM-DDTHH:MM:SS[:FFFFF][+HH:MM], F in 90 000ths, or a 90 kHz number";
            Error::new(Kind::BadInput, format!("time {text:?}: expected {form}"))
        })
    }
}

fn parse_text(text: &str, zone: &TimeZone) -> Option<WallTime> {
    const CIVIL: usize = "2017-03-02T12:34:56".len();
    let (civil, rest) = text.split_at_checked(CIVIL)?;
    let civil = DateTime::strptime("%Y-%m-%dT%H:%M:%S", civil).ok()?;
    let (fraction, offset) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (digits, offset) = rest.split_at_checked(5)?;
            let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
            (all_digits.then(|| digits.parse::<i64>().ok())??, offset)
        }
        None => (0, rest),
    };
    if fraction >= UNITS_PER_SEC {
        return None;
    }
    let zone = match offset {
        "" => zone.clone(),
        "Z" => TimeZone::UTC,
        _ => TimeZone::fixed(parse_offset(offset)?),
    };
    let seconds = zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_second();
    Some(WallTime(seconds * UNITS_PER_SEC + fraction))
}

/// `+HH:MM` or `-HH:MM`.
fn parse_offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<i32>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&TimeZone::UTC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[test]
    fn text_and_number_convert_both_ways() {
        let t = WallTime(1_488_454_496 * UNITS_PER_SEC + 1234);
        assert_eq!(t.text(&berlin()), "2017-03-02T12:34:56:01234+01:00");
        for text in ["2017-03-02T12:34:56:01234+01:00", "2017-03-02T12:34:56:01234", "133960904641234"] {
            assert_eq!(WallTime::parse(text, &berlin()).unwrap(), t, "{text}");
        }
        let whole = WallTime::parse("2017-03-02T12:34:56", &berlin()).unwrap();
        assert_eq!(whole, WallTime(t.0 - 1234));
        assert_eq!(WallTime::parse("2017-03-02T11:34:56Z", &berlin()).unwrap(), whole);
    }

    #[test]
    fn daylight_saving_is_minded_in_both_directions() {
        let hour = |text: &str| WallTime::parse(text, &berlin()).unwrap().unix_seconds();
        assert_eq!(hour("2024-03-31T03:00:00") - hour("2024-03-31T01:59:59"), 1);
        assert_eq!(hour("2024-10-27T03:00:00") - hour("2024-10-27T02:00:00"), 7200);
        assert_eq!(hour("2024-03-31T02:30:00"), hour("2024-03-31T03:30:00"));
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for text in [
            "",
            "yesterday",
            "2017-03-02T12:34",
            "2017-02-30T00:00:00",
            "2017-03-02T12:34:56:90000",
            "2017-03-02T12:34:56+1:00",
            "2017-03-02T12:34:56 +01:00",
            "2017-03-02T12:34:56:+1234",
            "2017-03-02T12:34:5é",
        ] {
            let e = WallTime::parse(text, &berlin()).unwrap_err();
            assert_eq!(e.kind(), Kind::BadInput, "{text}");
        }
        assert_eq!(WallTime(i64::MAX).text(&berlin()), i64::MAX.to_string());
    }

    proptest! {
        #[test]
        fn printing_then_parsing_is_identity(t in -90_000i64 * 3_000_000_000..90_000i64 * 30_000_000_000) {
            // Old local mean times had offsets with seconds, which the text form rounds away: the recorder's
            // own zone is a modern one.
            let zone = if t < 0 { TimeZone::UTC } else { berlin() };
            prop_assert_eq!(WallTime::parse(&WallTime(t).text(&zone), &zone).unwrap(), WallTime(t));
        }
    }
}
