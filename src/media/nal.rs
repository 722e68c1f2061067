//! `Bits`: the payload of a NAL unit read bit by bit; and the NAL units of a length-prefixed sample.

use crate::base::{Error, Kind, Result};
use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader};
use std::num::NonZeroUsize;

/// A NAL unit's payload behind its header, emulation prevention bytes taken out (ISO/IEC 14496-10 7.3.1, 7.2). Each
/// read names its field, for the error.
pub(crate) struct Bits<'a>(BitReader<ByteReader<&'a [u8]>>);

impl<'a> Bits<'a> {
    /// Starts behind a header of so many bytes: 1 for H.264, 2 for H.265.
    pub(crate) fn behind_header(nal: &'a [u8], header_bytes: NonZeroUsize) -> Self {
        Self(BitReader::new(ByteReader::skipping_bytes(nal, header_bytes)))
    }

    /// An unsigned Exp-Golomb code, `ue(v)`.
    pub(crate) fn ue(&mut self, field: &'static str) -> Result<u32> {
        self.0.read_ue(field).map_err(unreadable)
    }

    /// An unsigned Exp-Golomb code that is at most `max`.
    pub(crate) fn ue_to(&mut self, max: u32, field: &'static str) -> Result<u32> {
        match self.ue(field)? {
            value if value <= max => Ok(value),
            value => Err(Error::new(Kind::Camera, format!("{field} is {value}, more than {max}"))),
        }
    }

    /// A signed Exp-Golomb code, `se(v)`.
    pub(crate) fn se(&mut self, field: &'static str) -> Result<i32> {
        self.0.read_se(field).map_err(unreadable)
    }

    /// One bit.
    pub(crate) fn flag(&mut self, field: &'static str) -> Result<bool> {
        self.0.read_bit(field).map_err(unreadable)
    }

    /// An unsigned number of at most 32 bits.
    pub(crate) fn number(&mut self, bits: u32, field: &'static str) -> Result<u32> {
        self.0.read_var(bits, field).map_err(unreadable)
    }

    /// Passes over some bits.
    pub(crate) fn skip(&mut self, bits: u32, field: &'static str) -> Result<()> {
        self.0.skip(bits, field).map_err(unreadable)
    }
}

fn unreadable(error: BitReaderError) -> Error {
    Error::new(
        Kind::Camera,
        match error {
            BitReaderError::ReaderError(field, cause) => format!("{field}: {cause}"),
            BitReaderError::ExpGolombTooLarge(field) => format!("{field} does not fit into 32 bits"),
            BitReaderError::RemainingData => "bits left over".into(),
        },
    )
}

/// The NAL units of a sample as an mp4 holds it: each behind its length in four bytes, big endian. The last item is
/// an error when the lengths do not add up or one of them is 0.
pub fn length_prefixed(sample: &[u8]) -> impl Iterator<Item = Result<&[u8]>> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest.split_first_chunk().and_then(|(&length, behind)| {
            behind.split_at_checked(u32::from_be_bytes(length) as usize).filter(|(unit, _)| !unit.is_empty())
        });
        let (unit, behind) = split.unwrap_or_default();
        rest = behind;
        Some(if unit.is_empty() {
            Err(Error::new(Kind::Camera, "a frame whose NAL unit lengths do not add up"))
        } else {
            Ok(unit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sample: &[u8]) -> String {
        let units = length_prefixed(sample).map(|unit| unit.map_or("bad".into(), |unit| format!("{}", unit.len())));
        units.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lengths_must_add_up() {
        assert_eq!(text(b""), "");
        assert_eq!(text(b"\0\0\0\x02ab\0\0\0\x01c"), "2 1");
        assert_eq!(text(b"\0\0\0\x02ab\0\0\0\x02c"), "2 bad");
        assert_eq!(text(b"\0\0\0\0\0\0\0\x01c"), "bad");
        assert_eq!(text(b"\0\0\0"), "bad");
        assert_eq!(text(b"\xff\xff\xff\xff"), "bad");
    }

    #[test]
    fn emulation_prevention_is_taken_out() {
        let mut bits = Bits::behind_header(b"\x67\0\0\x03\x01\x80", NonZeroUsize::MIN);
        assert_eq!(bits.number(24, "field").unwrap(), 1);
        assert_eq!(bits.ue("code").unwrap(), 0);
    }

    #[test]
    fn an_error_names_the_field() {
        let mut bits = Bits::behind_header(b"\x67\x40", NonZeroUsize::MIN);
        assert_eq!(bits.ue_to(0, "chroma_format_idc").unwrap_err().to_string(), "chroma_format_idc is 1, more than 0");
        assert_eq!(bits.ue("level").unwrap_err().to_string(), "level: failed to fill whole buffer");
    }
}
