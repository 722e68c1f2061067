//! `Piece`
use crate::base::WallTime;
use crate::media::Recording;

/// Recordings of a stream with consecutive numbers, each starting where the one before it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of its first recording.
    pub first: u32,
    /// The number of its last recording.
    pub last: u32,
    /// Where the first starts.
    pub start: WallTime,
    /// Where the last ends.
    pub end: WallTime,
    /// Bytes of film.
    pub sample_file_bytes: u64,
}

impl From<&Recording> for Piece {
    fn from(r: &Recording) -> Self {
        let number = r.id.number();
        Self { first: number, last: number, start: r.start, end: r.end(), sample_file_bytes: r.sample_file_bytes }
    }
}
