//! `MediaPart`: a stretch of one recording by its own time line, as playlists name it.

use crate::base::{Error, Kind, MediaDuration, Result};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The same frames for ever, whatever is known of the recorder's clock. As text `NUMBER.START-END`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPart {
    /// The recording's number within its stream; 1 or more.
    pub number: u32,
    /// Counted from its start; not empty, and nothing before the start.
    pub media: Range<MediaDuration>,
}

impl fmt::Display for MediaPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}-{}", self.number, self.media.start.0, self.media.end.0)
    }
}

impl FromStr for MediaPart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            let what = format!("parameter m={text}: expected NUMBER.START-END in 1/90 000 s with START < END");
            Error::new(Kind::BadInput, what)
        })
    }
}

fn parse(text: &str) -> Option<MediaPart> {
    let (number, media) = text.split_once('.')?;
    let (start, end) = media.split_once('-')?;
    // The highest possible number is never given out, so that a range can end behind it.
    let number = u32::try_from(digits(number)?).ok().filter(|n| (1..u32::MAX).contains(n))?;
    let media = MediaDuration(digits(start)?)..MediaDuration(digits(end)?);
    (!media.is_empty()).then_some(MediaPart { number, media })
}

/// Refuses the signs that number parsers take.
fn digits(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_part_convert_both_ways() {
        let part = MediaPart { number: 17, media: MediaDuration(0)..MediaDuration(360_000) };
        assert_eq!(part.to_string(), "17.0-360000");
        assert_eq!("17.0-360000".parse::<MediaPart>().unwrap(), part);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "1", "1.", "1.-", "1.0-", "1.-9", "0.0-9", "1.9-9", "1.9-5", "-1.0-9", "1.+0-9", "1.0-9.5"] {
            assert_eq!(text.parse::<MediaPart>().unwrap_err().kind(), Kind::BadInput, "{text:?}");
        }
        for text in ["4294967295.0-9", "1.0-99999999999999999999", "1.0x-9", "1.0--9"] {
            assert_eq!(text.parse::<MediaPart>().unwrap_err().kind(), Kind::BadInput, "{text:?}");
        }
    }
}
