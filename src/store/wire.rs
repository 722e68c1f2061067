//! `Reader` and `Writer`: the little-endian fields of which trailers and journal entries are made.

use crate::base::{Error, Kind, Result};
use uuid::Uuid;

/// Writes fields one after another: integers little endian, bytes and texts behind their length in 4 bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, v: u8) {
        self.0.push(v);
    }

    pub(crate) fn u16(&mut self, v: u16) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, v: i64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn uuid(&mut self, v: Uuid) {
        self.0.extend_from_slice(v.as_bytes());
    }

    /// As many bytes as the reader knows to expect.
    pub(crate) fn fixed(&mut self, v: &[u8]) {
        self.0.extend_from_slice(v);
    }

    pub(crate) fn bytes(&mut self, v: &[u8]) {
        self.u32(u32::try_from(v.len()).expect("an index, a sample entry or a text is far below 4 GiB"));
        self.fixed(v);
    }

    /// A text that may be absent: 0, or 1 and the text.
    pub(crate) fn maybe_text(&mut self, v: Option<&str>) {
        self.u8(v.is_some().into());
        if let Some(text) = v {
            self.bytes(text.as_bytes());
        }
    }
}

/// Reads fields in the order in which they were written. Never panics, whatever it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        Ok(Uuid::from_bytes(self.array()?))
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.array()
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.u32()? as usize;
        let (head, rest) = self.0.split_at_checked(len).ok_or_else(too_short)?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|e| Error::caused(Kind::Corrupt, "a text that is not UTF-8", e))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<&'a str>> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            other => Err(Error::new(Kind::Corrupt, format!("{other} where 0 or 1 must be"))),
        }
    }

    /// Everything was read.
    pub(crate) fn end(self) -> Result<()> {
        match self.0.len() {
            0 => Ok(()),
            n => Err(Error::new(Kind::Corrupt, format!("{n} bytes too many"))),
        }
    }
}

/// The first 8 bytes of BLAKE3: enough against chance, which is all that it guards against.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

fn too_short() -> Error {
    Error::new(Kind::Corrupt, "ends too early")
}
