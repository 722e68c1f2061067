//! `Boxes`: writes nested boxes whose sizes are computed, also over bytes that are made elsewhere and later.

use bytes::Bytes;
use std::ops::Range;

/// Boxes one after the other. What is too much to hold is left out and only counted ([`Boxes::leave`]); a `T` says
/// what it is.
#[derive(Debug)]
pub struct Boxes<T> {
    bytes: Vec<u8>,
    regions: Vec<Region<T>>,
    /// End of the last region within `bytes`, and in the file.
    done: (usize, u64),
}

/// A stretch of the file: it begins where the region before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region<T> {
    /// Where it ends in the file.
    pub end: u64,
    /// What it consists of.
    pub content: Content<T>,
}

/// What a region consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<T> {
    /// This range of the bytes written.
    Written(Range<usize>),
    /// What was left out.
    Left(T),
}

impl<T> Default for Boxes<T> {
    fn default() -> Self {
        Self { bytes: Vec::new(), regions: Vec::new(), done: (0, 0) }
    }
}

impl<T> Boxes<T> {
    /// Nothing so far, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// How long the file is so far.
    pub fn len(&self) -> u64 {
        let (written, end) = self.done;
        end + (self.bytes.len() - written) as u64
    }

    /// Nothing was written or left so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A box with a 32-bit size (ISO/IEC 14496-12 4.2). Panics at 4 GiB: for what may be larger there is
    /// [`Boxes::large`].
    pub fn plain(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let (start, size_at) = (self.len(), self.bytes.len());
        self.u32(0);
        self.put(kind);
        body(self);
        let size = u32::try_from(self.len() - start).expect("the caller keeps plain boxes below 4 GiB");
        self.bytes[size_at..size_at + 4].copy_from_slice(&size.to_be_bytes());
    }

    /// A box that begins with version and flags.
    pub fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.plain(kind, |b| {
            b.u32(u32::from(version) << 24 | flags);
            body(b);
        });
    }

    /// A box with a 64-bit size, which counts the whole box, its 16 bytes of header too.
    pub fn large(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.u32(1);
        self.put(kind);
        let size_at = self.bytes.len();
        self.u64(0);
        body(self);
        let size = self.len() - start;
        self.bytes[size_at..size_at + 8].copy_from_slice(&size.to_be_bytes());
    }

    /// Leaves out `len` bytes that `what` stands for.
    pub fn leave(&mut self, what: T, len: u64) {
        self.end_region();
        if len > 0 {
            self.done.1 += len;
            self.regions.push(Region { end: self.done.1, content: Content::Left(what) });
        }
    }

    /// What was written, and how the file is put together from it and what was left out.
    pub fn finish(mut self) -> (Bytes, Box<[Region<T>]>) {
        self.end_region();
        (self.bytes.into(), self.regions.into())
    }

    fn end_region(&mut self) {
        let (written, end) = (self.bytes.len(), self.len());
        if written > self.done.0 {
            self.regions.push(Region { end, content: Content::Written(self.done.0..written) });
            self.done = (written, end);
        }
    }

    /// Bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// So many zero bytes: what is reserved.
    pub fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0);
    }

    /// Two bytes, big endian.
    pub fn u16(&mut self, n: u16) {
        self.put(&n.to_be_bytes());
    }

    /// Four bytes, big endian.
    pub fn u32(&mut self, n: u32) {
        self.put(&n.to_be_bytes());
    }

    /// Eight bytes, big endian.
    pub fn u64(&mut self, n: u64) {
        self.put(&n.to_be_bytes());
    }

    /// A number that version 1 of a box holds in eight bytes and version 0 in four. Panics if it does not fit: the
    /// version is chosen by the largest of them.
    pub fn sized(&mut self, version: u8, n: u64) {
        match version {
            0 => self.u32(u32::try_from(n).expect("version 0 was chosen because all numbers fit")),
            _ => self.u64(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_what_is_nested_and_what_is_left_out() {
        let mut boxes = Boxes::default();
        boxes.plain(b"moov", |b| {
            b.full(b"stsz", 1, 2, |b| b.leave("sizes", 100));
            b.leave("nothing", 0);
            b.plain(b"free", |b| b.u16(7));
        });
        boxes.large(b"mdat", |b| b.leave("film", 5 << 30));
        assert_eq!(boxes.len(), 130 + 16 + (5 << 30));
        let (bytes, regions) = boxes.finish();
        assert_eq!(
            &bytes[..],
            b"\0\0\0\x82moov\0\0\0\x70stsz\x01\0\0\x02\0\0\0\x0afree\0\x07\0\0\0\x01mdat\0\0\0\x01\x40\0\0\x10"
        );
        let expected = [
            (20, Content::Written(0..20)),
            (120, Content::Left("sizes")),
            (146, Content::Written(20..46)),
            (146 + (5 << 30), Content::Left("film")),
        ];
        assert_eq!(*regions, expected.map(|(end, content)| Region { end, content }));
    }
}
