//! `Segments`: one value of `s=`, the recordings of a stream by number and a part of them.

use crate::base::{Error, Kind, Result, WallDuration};
use crate::media::Selection;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// `START[-END][.[REL_START]-[REL_END]]`: recordings START to END, and the part of them from REL_START to REL_END in
/// 1/90 000 s of wall time since the start of the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Segments {
    /// Numbers of recordings within the stream.
    pub(super) numbers: RangeInclusive<u32>,
    /// Where in them to begin; 0 or more.
    pub(super) start_90k: i64,
    /// Where in them to end; `None`: with the last. Above `start_90k`.
    pub(super) end_90k: Option<i64>,
}

impl Segments {
    /// All of one recording.
    pub(super) fn whole(number: u32) -> Self {
        Self { numbers: number..=number, start_90k: 0, end_90k: None }
    }

    /// How many recordings are named.
    pub(super) fn count(&self) -> u64 {
        u64::from(*self.numbers.end()) - u64::from(*self.numbers.start()) + 1
    }

    /// The part of them, for one after the other.
    pub(super) fn selection(&self) -> Selection {
        Selection::Relative(WallDuration(self.start_90k)..WallDuration(self.end_90k.unwrap_or(i64::MAX)))
    }
}

impl FromStr for Segments {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            let form = "expected START[-END][.[REL_START]-[REL_END]] with START <= END and REL_START < REL_END";
            Error::new(Kind::BadInput, format!("parameter s={text}: {form}"))
        })
    }
}

fn parse(text: &str) -> Option<Segments> {
    let (numbers, part) = match text.split_once('.') {
        Some((numbers, part)) => (numbers, Some(part)),
        None => (text, None),
    };
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let numbers = recording_number(first)?..=recording_number(last)?;
    let (start, end) = match part {
        Some(part) => part.split_once('-')?,
        None => ("", ""),
    };
    let start_90k = if start.is_empty() { 0 } else { relative(start)? };
    let end_90k = if end.is_empty() { None } else { Some(relative(end)?) };
    let forward = !numbers.is_empty() && end_90k.is_none_or(|end| start_90k < end);
    forward.then_some(Segments { numbers, start_90k, end_90k })
}

/// Numbers count from 1; the highest possible one is never given out, so that a range can end behind it.
fn recording_number(text: &str) -> Option<u32> {
    digits(text)?.parse().ok().filter(|n| (1..u32::MAX).contains(n))
}

fn relative(text: &str) -> Option<i64> {
    digits(text)?.parse().ok()
}

/// Refuses the signs that number parsers take.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|b| b.is_ascii_digit()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_but_the_first_number_may_be_left_out() {
        let cases = [
            ("1", 1..=1, 0, None),
            ("1-5", 1..=5, 0, None),
            ("1.90000-180000", 1..=1, 90_000, Some(180_000)),
            ("1-5.-180000", 1..=5, 0, Some(180_000)),
            ("1-5.90000-", 1..=5, 90_000, None),
            ("7.-", 7..=7, 0, None),
        ];
        for (text, numbers, start_90k, end_90k) in cases {
            assert_eq!(text.parse::<Segments>().unwrap(), Segments { numbers, start_90k, end_90k }, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases = [
            "",
            "a",
            "0",
            "-1",
            "+1",
            "1-",
            "-",
            "5-1",
            "1.",
            "1.5",
            "1.5-5",
            "1.9-5",
            "1.-0",
            "1.+1-2",
            "1 ",
            "1-2-3",
            "4294967295",
            "99999999999",
            "1.0-99999999999999999999",
            "1@2",
        ];
        for text in cases {
            assert_eq!(text.parse::<Segments>().unwrap_err().kind(), Kind::BadInput, "{text:?}");
        }
    }
}
