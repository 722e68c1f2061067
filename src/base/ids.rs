//! Ids as types: `StreamId` and `RecordingId`.

use std::fmt;

/// Row id of a stream: one camera's main or sub stream. Never reused. 1 or more, below 2^31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(i32);

impl StreamId {
    /// The stream with this row id; `None` unless it is in `1..2^31`.
    pub fn new(id: i64) -> Option<Self> {
        i32::try_from(id).ok().filter(|&id| id > 0).map(Self)
    }

    /// The row id.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `stream << 32 | number`: the key of a recording everywhere, and the name of its sample file (16 hex digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(i64);

impl RecordingId {
    /// The recording with this number of that stream. Numbers count from 1 within a stream.
    pub fn new(stream: StreamId, number: u32) -> Self {
        Self(i64::from(stream.0) << 32 | i64::from(number))
    }

    /// From the composite form of the database; `None` if it names no possible stream.
    pub fn from_composite(id: i64) -> Option<Self> {
        StreamId::new(id >> 32).map(|_| Self(id))
    }

    /// From a sample file's name: exactly 16 lower-case hex digits.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if name.len() != 16 || !name.bytes().all(hex) {
            return None;
        }
        Self::from_composite(i64::from_str_radix(name, 16).ok()?)
    }

    /// The composite form.
    pub fn composite(self) -> i64 {
        self.0
    }

    /// The stream it is of.
    pub fn stream(self) -> StreamId {
        StreamId((self.0 >> 32) as i32)
    }

    /// Its number within the stream.
    pub fn number(self) -> u32 {
        self.0 as u32
    }

    /// The name of its sample file.
    pub fn file_name(self) -> String {
        format!("{:016x}", self.0)
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stream(), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_round_trip_and_nothing_else_is_one() {
        let id = RecordingId::new(StreamId::new(3).unwrap(), 1742);
        assert_eq!(id.file_name(), "00000003000006ce");
        assert_eq!(RecordingId::from_file_name("00000003000006ce"), Some(id));
        assert_eq!(id.to_string(), "3/1742");
        for other in ["00000003000006CE", "0000000000000001", "+0000003000006ce", "journal", "ffffffffffffffff"] {
            assert_eq!(RecordingId::from_file_name(other), None, "{other}");
        }
    }
}
