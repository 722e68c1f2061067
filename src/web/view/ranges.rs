//! Range headers in a form that http-serve takes: its parser adds up what it reads, and a sum can overflow.

/// The same request for ranges of `len` bytes, spelt plainly: each range with both its ends, within the file. `None`
/// when the header has to be passed over (RFC 9110 14.2): another unit, no such syntax, or an absurd number of ranges.
/// A header of which no range can be had keeps one that cannot, and so is answered 416.
pub(super) fn plain(header: &str, len: u64) -> Option<String> {
    let (unit, list) = header.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // Empty elements count as nothing (RFC 9110 5.6.1.2).
    let asked: Vec<&str> = list.split(',').map(str::trim).filter(|range| !range.is_empty()).collect();
    if asked.is_empty() || asked.len() > MAX_RANGES {
        return None;
    }
    let mut plain = Vec::new();
    for range in asked {
        let (first, last) = range.split_once('-')?;
        let (first, last) = match (first, last) {
            ("", suffix) => (len.saturating_sub(number(suffix)?), len.checked_sub(1)),
            (first, "") => (number(first)?, len.checked_sub(1)),
            (first, last) if number(last)? < number(first)? => return None,
            (first, last) => (number(first)?, Some(number(last)?.min(len.saturating_sub(1)))),
        };
        if let Some(last) = last.filter(|&last| first <= last) {
            plain.push(format!("{first}-{last}"));
        }
    }
    if plain.is_empty() {
        return Some(format!("bytes={len}-"));
    }
    Some(format!("bytes={}", plain.join(",")))
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
    use super::plain;

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
