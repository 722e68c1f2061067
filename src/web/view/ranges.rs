//! Range headers, read so that no number in them can overflow: http-serve's parser adds up what it reads.

use std::ops::Range;

/// The ranges of `len` bytes that a header asks for, as far as they are within the file; none when it asks for some
/// and none can be had. `None` when the header has to be passed over (RFC 9110 14.2): another unit, no such syntax, or
/// an absurd number of ranges.
pub(in crate::web) fn within(header: &str, len: u64) -> Option<Vec<Range<u64>>> {
    let (unit, list) = header.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty elements count as nothing (RFC 9110 5.6.1.2).
    let asked: Vec<&str> = list.split(',').map(str::trim).filter(|range| !range.is_empty()).collect();
    if asked.is_empty() || asked.len() > MAX_RANGES {
        return None;
    }
    let mut ranges = Vec::new();
    for range in asked {
        let (first, last) = range.split_once('-')?;
        let (first, end) = match (first, last) {
            ("", suffix) => (len.saturating_sub(number(suffix)?), len),
            (first, "") => (number(first)?, len),
            (first, last) if number(last)? < number(first)? => return None,
            (first, last) => (number(first)?, number(last)?.saturating_add(1).min(len)),
        };
        if first < end {
            ranges.push(first..end);
        }
    }
    Some(ranges)
}

/// The header that asks for these and no others; of none, one that cannot be had.
pub(super) fn header(ranges: &[Range<u64>], len: u64) -> String {
    let plain: Vec<String> = ranges.iter().map(|range| format!("{}-{}", range.start, range.end - 1)).collect();
    if plain.is_empty() { format!("bytes={len}-") } else { format!("bytes={}", plain.join(",")) }
}

/// Digits alone; what does not fit is as good as the largest number.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Players ask for one, downloads that go on for one; more than a few are an attempt to make us work.
const MAX_RANGES: usize = 16;

#[cfg(test)]
mod tests {
    use super::{header, within};

    fn plain(asked: &str, len: u64) -> Option<String> {
        within(asked, len).map(|ranges| header(&ranges, len))
    }

    #[test]
    fn ranges_get_both_their_ends() {
        for (asked, expected) in [
            ("bytes=0-9", "bytes=0-9"),
            ("bytes=90-", "bytes=90-99"),
            ("bytes=-10", "bytes=90-99"),
            ("Bytes = 0-1,,5-6 , -1", "bytes=0-1,5-6,99-99"),
            ("bytes=0-18446744073709551615", "bytes=0-99"),
            ("bytes=0-99999999999999999999999", "bytes=0-99"),
            ("bytes=-9223372036854775808", "bytes=0-99"),
            ("bytes=50-60,100-200", "bytes=50-60"),
            ("bytes=100-", "bytes=100-"),
            ("bytes=-0", "bytes=100-"),
            ("bytes=18446744073709551615-", "bytes=100-"),
        ] {
            assert_eq!(plain(asked, 100).as_deref(), Some(expected), "{asked}");
        }
    }

    #[test]
    fn what_is_no_range_of_bytes_is_passed_over() {
        let many = format!("bytes={}", "0-1,".repeat(17));
        for asked in
            ["", "bytes", "bytes=", "bytes=,", "seconds=0-1", "bytes=9-0", "bytes=a-b", "bytes=+1-2", "bytes=1", &many]
        {
            assert_eq!(plain(asked, 100), None, "{asked}");
        }
    }
}
