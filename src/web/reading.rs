//! What a stranger's words are read as, before anything is looked up, for who tries words at random: see `fuzz/`.

use crate::web::route::Route;
use crate::web::segments::Segments;
use crate::web::view::within;
use http::Method;
use jiff::tz::TimeZone;
use std::ops::{Range, RangeInclusive};

/// What a request line asks for, in words; `Err` with why it is refused.
pub fn request(method: &Method, path: &str, query: Option<&str>, zone: &TimeZone) -> Result<String, String> {
    Route::parse(method, path, query, zone).map(|parsed| format!("{parsed:?}")).map_err(|refusal| refusal.to_string())
}

/// One `s=`: numbers of recordings, and from where to where in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Numbers of recordings; not empty.
    pub numbers: RangeInclusive<u32>,
    /// How many they are.
    pub count: u64,
    /// In 1/90 000 s since the start of the first; 0 or more.
    pub start_90k: i64,
    /// Above the start; `None`: with the last.
    pub end_90k: Option<i64>,
}

/// The value of an `s=`; `Err` with why it is none.
pub fn segments(text: &str) -> Result<Numbers, String> {
    let s: Segments = text.parse().map_err(|e: crate::base::Error| e.to_string())?;
    Ok(Numbers { count: s.count(), numbers: s.numbers, start_90k: s.start_90k, end_90k: s.end_90k })
}

/// The ranges of `len` bytes that a `Range` header asks for, as far as they are within the file; `None` when it has to
/// be passed over.
pub fn ranges(header: &str, len: u64) -> Option<Vec<Range<u64>>> {
    within(header, len)
}
