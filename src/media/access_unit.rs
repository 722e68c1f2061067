//! `Splitter`: a raw Annex B stream, in pieces of any size, is cut into access units.

use crate::base::{Error, Kind, Result};
use crate::media::annexb::{START_CODE, find_start_code, without_trailing_zeros};
use crate::media::avc;
use crate::media::codec::Codec;
use crate::media::hevc;
use bytes::{Buf, Bytes, BytesMut};

/// Cuts a stream into access units, each with its start codes and with all that precedes its picture.
///
/// Bytes go in by [`push`](Self::push); the iterator gives what is whole and then `None` until more came. An access
/// unit is whole when the first slice of the next one has begun. For H.264 two fields of a frame are one access unit
/// here, because they are one sample of an mp4. After [`finish`](Self::finish) the iterator gives the rest.
///
/// It holds one access unit and what was pushed since; one that grows over [`MAX_BYTES`](Self::MAX_BYTES) is an error,
/// is dropped, and the stream goes on with the next.
#[derive(Debug)]
pub struct Splitter {
    boundary: Boundary,
    /// From the start code of the first NAL unit of the current access unit.
    buffer: BytesMut,
    /// No start code begins before it that is not known already.
    scanned: usize,
    /// The NAL unit that is being received.
    nal: Option<Nal>,
    /// Where the current access unit ends if the next slice is of another picture.
    possible_end: Option<usize>,
    is_finished: bool,
}

/// Where a NAL unit belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To what it follows.
    Anywhere,
    /// To the next picture, if the next slice is of one.
    MayBegin,
    /// A slice of the picture, or of the frame, that the access unit holds already.
    Continues,
    /// The first slice of the next access unit.
    Begins,
}

#[derive(Clone, Copy, Debug)]
struct Nal {
    /// Of its start code, the zero before it included.
    start: usize,
    /// Behind its start code.
    payload: usize,
    is_placed: bool,
}

#[derive(Debug)]
enum Boundary {
    H264(avc::boundary::Boundary),
    H265(hevc::boundary::Boundary),
}

impl Splitter {
    /// The most that an access unit may hold. An intra picture of 8K at the highest rates has a few MiB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// What tells a NAL unit's place lies within its first bytes: a slice header up to its picture order counts takes
    /// at most 38 bytes, emulation prevention included.
    const HEAD_BYTES: usize = 64;

    /// At the start of a stream. Bytes before the first start code will be dropped.
    pub fn new(codec: Codec) -> Self {
        let boundary = match codec {
            Codec::H264 => Boundary::H264(Default::default()),
            Codec::H265 => Boundary::H265(Default::default()),
        };
        Self { boundary, buffer: BytesMut::new(), scanned: 0, nal: None, possible_end: None, is_finished: false }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that no more bytes will come; the iterator gives the access units that are left, at most three.
    pub fn finish(&mut self) {
        self.is_finished = true;
    }

    /// Where a NAL unit belongs, or `None` while its first bytes have not all come.
    fn place(&mut self, nal: Nal) -> Option<Place> {
        let bytes = &self.buffer[nal.payload..];
        let head = &bytes[..bytes.len().min(Self::HEAD_BYTES)];
        match find_start_code(head) {
            Some(end) => Some(self.boundary.place(&head[..end])),
            // A start code of four bytes may have begun: three zeros are no part of a NAL unit, and an error to readers.
            None if self.is_finished || head.len() == Self::HEAD_BYTES => {
                Some(self.boundary.place(without_trailing_zeros(head)))
            }
            None => None,
        }
    }

    /// Goes to the next start code, if it has come.
    fn advance(&mut self) -> bool {
        let Some(found) = find_start_code(&self.buffer[self.scanned..]) else {
            self.scanned = self.scanned.max(self.buffer.len().saturating_sub(START_CODE.len() - 1));
            return false;
        };
        let mut code = self.scanned + found;
        let start = match self.nal {
            Some(nal) => {
                self.boundary.learn(&self.buffer[nal.payload..code]);
                code - usize::from(code > nal.payload && self.buffer[code - 1] == 0)
            }
            None => {
                self.buffer.advance(code);
                code = 0;
                0
            }
        };
        self.scanned = code + START_CODE.len();
        self.nal = Some(Nal { start, payload: self.scanned, is_placed: false });
        true
    }

    /// Takes the access unit that ends here out of the buffer.
    fn cut(&mut self, end: usize) -> Result<Bytes> {
        let unit = self.buffer.split_to(end);
        // At the end of the stream the cut lies behind what was scanned.
        self.scanned = self.scanned.saturating_sub(end);
        self.possible_end = None;
        if let Some(nal) = &mut self.nal {
            nal.start -= end;
            nal.payload -= end;
        }
        if unit.len() > Self::MAX_BYTES { Err(too_long()) } else { Ok(unit.freeze()) }
    }

    /// Waits for more, or gives up what is too long to wait for.
    fn wait(&mut self) -> Option<Result<Bytes>> {
        if self.nal.is_none() {
            self.buffer.advance(self.scanned);
            self.scanned = 0;
        }
        if self.is_finished {
            let end = self.possible_end.or_else(|| self.nal.take().map(|_| self.buffer.len()));
            return end.map(|end| self.cut(end));
        }
        if self.buffer.len() <= Self::MAX_BYTES {
            return None;
        }
        self.buffer.clear();
        self.scanned = 0;
        self.nal = None;
        self.possible_end = None;
        self.boundary.reset();
        Some(Err(too_long()))
    }
}

impl Iterator for Splitter {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(nal) = self.nal
                && !nal.is_placed
            {
                let Some(place) = self.place(nal) else { return self.wait() };
                self.nal = Some(Nal { is_placed: true, ..nal });
                match place {
                    Place::Anywhere => {}
                    Place::MayBegin => self.possible_end = self.possible_end.or(Some(nal.start)),
                    Place::Continues => self.possible_end = None,
                    Place::Begins => {
                        let end = self.possible_end.unwrap_or(nal.start);
                        return Some(self.cut(end));
                    }
                }
            }
            if !self.advance() {
                return self.wait();
            }
        }
    }
}

impl Boundary {
    fn place(&mut self, head: &[u8]) -> Place {
        match self {
            Self::H264(boundary) => boundary.place(head),
            Self::H265(boundary) => boundary.place(head),
        }
    }

    fn learn(&mut self, nal: &[u8]) {
        match self {
            Self::H264(boundary) => boundary.learn(nal),
            Self::H265(_) => {}
        }
    }

    fn reset(&mut self) {
        match self {
            Self::H264(boundary) => boundary.reset(),
            Self::H265(boundary) => boundary.reset(),
        }
    }
}

fn too_long() -> Error {
    Error::new(Kind::Camera, format!("an access unit of more than {} MiB", Splitter::MAX_BYTES >> 20))
}

#[cfg(test)]
mod tests;
