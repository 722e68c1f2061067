//! Sizes (`20GiB`) and times (`10s`) as people write them.

use serde::Deserialize;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes: `1500`, `64KiB`, `256MiB`, `20GiB`, `2TiB`, or `kB`, `MB`, `GB`, `TB` for powers of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct ByteSize(pub(super) u64);

/// A time span: `250ms`, `10s`, `5min`, `2h`, `60d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Interval(pub(super) Duration);

/// How TOML may hold either: as text with a unit, or as a bare number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or a text with a unit, such as \"20GiB\" or \"10s\"")]
enum Written {
    Text(String),
    Number(u64),
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split(text);
        let scale = match unit {
            "" | "B" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            "TiB" => Some(1 << 40),
            "kB" => Some(1_000),
            "MB" => Some(1_000_000),
            "GB" => Some(1_000_000_000),
            "TB" => Some(1_000_000_000_000),
            _ => None,
        };
        let bytes = number.zip(scale).and_then(|(n, scale): (u64, u64)| n.checked_mul(scale));
        bytes.map(Self).ok_or_else(|| format!("size {text:?}: expected a whole number with a unit, such as 20GiB"))
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = split(text);
        let scale_ms = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "min" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        let millis = number.zip(scale_ms).and_then(|(n, scale): (u64, u64)| n.checked_mul(scale));
        millis
            .map(|ms| Self(Duration::from_millis(ms)))
            .ok_or_else(|| format!("time {text:?}: expected a whole number with ms, s, min, h or d, such as 10s"))
    }
}

impl TryFrom<Written> for ByteSize {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        match w {
            Written::Text(text) => text.parse(),
            Written::Number(bytes) => Ok(Self(bytes)),
        }
    }
}

impl TryFrom<Written> for Interval {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        match w {
            Written::Text(text) => text.parse(),
            Written::Number(n) => Err(format!("time {n}: say the unit, such as \"{n}s\"")),
        }
    }
}

/// The digits and the unit behind them.
fn split(text: &str) -> (Option<u64>, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits.parse().ok(), unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        let sizes = [("1500", 1500), ("20GiB", 20 << 30), ("256 MiB", 256 << 20), ("5MB", 5_000_000), ("0B", 0)];
        for (text, bytes) in sizes {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "GiB", "1.5GiB", "-1", "20gib", "99999999999TiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_always_say_their_unit() {
        assert_eq!("10s".parse(), Ok(Interval(Duration::from_secs(10))));
        assert_eq!("250ms".parse(), Ok(Interval(Duration::from_millis(250))));
        assert_eq!("5min".parse(), Ok(Interval(Duration::from_secs(300))));
        assert_eq!("60d".parse(), Ok(Interval(Duration::from_secs(60 * 86_400))));
        for text in ["10", "", "s", "10m", "99999999999999999h"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }
}
