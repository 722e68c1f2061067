//! `Planned`: what a file that is made while it is read has in common with others of its kind.

use crate::base::{Error, Kind, Result, WallTime};
use crate::media::mp4::piece::Piece;
use bytes::Bytes;
use std::fmt::{Debug, Write};
use std::ops::Range;

/// A file that knows its length, its tag and its pieces before any of it is made.
pub trait Planned: Debug + Send + Sync {
    /// How many bytes the file has.
    fn file_len(&self) -> u64;
    /// A strong entity tag, quotes included: it differs if a byte of the file differs, and depends on nothing else.
    fn etag(&self) -> &str;
    /// When what it shows ended.
    fn modified(&self) -> WallTime;
    /// As many bytes come before any film.
    fn film_offset(&self) -> u64 {
        0
    }
    /// How much memory it takes.
    fn memory_bytes(&self) -> usize;
    /// The piece that holds the byte at `offset`, and where in the file it lies; `None` from the end on.
    fn piece_at(&self, offset: u64) -> Option<(Piece, Range<u64>)>;
    /// The bytes of a whole piece that is no film. `index` is the `video_index` of [`Piece::indexed`], else it is not
    /// looked at. After `Ok` they are as many as was promised; an index that does not hold what the plan was made from
    /// is an `Err` of kind `Corrupt`.
    fn generate(&self, piece: &Piece, index: &[u8]) -> Result<Bytes>;
    /// The same into `out`, which is as long as the piece; not copied where that can be spared. After an `Err`, what is in
    /// `out` means nothing.
    fn generate_into(&self, piece: &Piece, index: &[u8], out: &mut [u8]) -> Result<()> {
        fill(piece, &self.generate(piece, index)?, out)
    }
}

/// Copies what was made of a piece to where it has as much room.
pub(super) fn fill(piece: &Piece, made: &[u8], out: &mut [u8]) -> Result<()> {
    if made.len() != out.len() {
        return Err(Error::new(Kind::Internal, format!("{piece}: {} bytes for {}", made.len(), out.len())));
    }
    out.copy_from_slice(made);
    Ok(())
}

impl dyn Planned + '_ {
    /// The pieces under a range of the file, in order, and which bytes of each piece. Nothing lies beyond the end.
    pub fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = (Piece, Range<u64>)> {
        let mut at = range.start;
        std::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let (piece, place) = self.piece_at(at)?;
            let wanted = at - place.start..range.end.min(place.end) - place.start;
            at = place.end;
            Some((piece, wanted))
        })
    }

    /// The list of pieces for people: offset, length, and what it is.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let mut offset = 0;
        for (piece, bytes) in self.pieces(0..self.file_len()) {
            let len = bytes.end;
            writeln!(text, "{offset:>12} {len:>12} {piece}").expect("a String takes all that is written");
            offset += len;
        }
        text
    }
}
