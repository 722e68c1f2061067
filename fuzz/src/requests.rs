//! What browsers ask.

use http::Method;
use jiff::tz::TimeZone;
use lunette::base::WallTime;
use lunette::web::reading::{ranges, request as read_request, segments};

/// A text as `s=`, as a `Range` header of a file of any length, as a time, and as the path and the query of a request:
/// what is understood keeps to its bounds, and the rest is refused in words.
pub fn request(data: &[u8]) {
    let (len, text) = data.split_at(data.len().min(8));
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(asked) = segments(text) {
        assert!(*asked.numbers.start() >= 1 && *asked.numbers.end() < u32::MAX);
        assert_eq!(asked.count, asked.numbers.end().abs_diff(*asked.numbers.start()) as u64 + 1);
        assert!(asked.start_90k >= 0 && asked.end_90k.is_none_or(|end| asked.start_90k < end));
    }
    let len = u64::from_le_bytes(*[len, &[0; 8]].concat().first_chunk().expect("eight and more"));
    for range in ranges(text, len).unwrap_or_default() {
        assert!(range.start < range.end && range.end <= len);
    }
    if let Ok(time) = WallTime::parse(text, &TimeZone::UTC) {
        assert_eq!(WallTime::parse(&time.text(&TimeZone::UTC), &TimeZone::UTC).expect("our own text"), time);
    }
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    for method in [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE] {
        if let Err(refused) = read_request(&method, path, query, &TimeZone::UTC) {
            assert!(!refused.is_empty());
        }
    }
}
