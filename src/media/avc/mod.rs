//! H.264: its NAL units, and the record that tells a decoder the parameter sets (ISO/IEC 14496-15 5.3.3.1).

pub(crate) mod boundary;
mod marking;
pub(crate) mod order;
mod pps;
pub(crate) mod slice;
pub(crate) mod sps;

use crate::base::{Error, Kind, Result};
use crate::media::nal::Bits;
use crate::media::parameter_sets::{Id, List, Set};
use crate::media::sample_entry::Description;
use bytes::Buf;
use std::num::NonZeroUsize;

/// Types of NAL units (ISO/IEC 14496-10 table 7-1).
pub(crate) mod unit {
    pub(crate) const SLICE: u8 = 1;
    pub(crate) const PARTITION_A: u8 = 2;
    pub(crate) const IDR_SLICE: u8 = 5;
    pub(crate) const SEI: u8 = 6;
    pub(crate) const SPS: u8 = 7;
    pub(crate) const PPS: u8 = 8;
    pub(crate) const DELIMITER: u8 = 9;
    pub(crate) const SPS_EXTENSION: u8 = 13;
    pub(crate) const PREFIX: u8 = 14;
    pub(crate) const RESERVED_18: u8 = 18;
}

/// The type of a NAL unit, from its first byte.
pub(crate) fn unit_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |byte| byte & 0x1f)
}

/// It begins with a slice header, so it tells what picture it is of.
pub(crate) fn is_slice(nal: &[u8]) -> bool {
    matches!(unit_type(nal), unit::SLICE | unit::PARTITION_A | unit::IDR_SLICE)
}

/// It belongs into the sample entry.
pub(crate) fn is_parameter_set(nal: &[u8]) -> bool {
    matches!(unit_type(nal), unit::SPS | unit::PPS | unit::SPS_EXTENSION)
}

/// The bits behind the header of one byte.
pub(crate) fn bits(nal: &[u8]) -> Bits<'_> {
    Bits::behind_header(nal, NonZeroUsize::MIN)
}

/// Which parameter set this is. One that is broken is an error here, not later.
pub(crate) fn identify(nal: &[u8]) -> Result<Set> {
    let mut bits = bits(nal);
    Ok(match unit_type(nal) {
        unit::SPS => Set { id: Id::Sps(sps::parse(nal)?.id().id()), needs: None },
        unit::SPS_EXTENSION => {
            let sps = bits.ue_to(31, "seq_parameter_set_id")? as u8;
            Set { id: Id::SpsExtension(sps), needs: Some(Id::Sps(sps)) }
        }
        unit::PPS => {
            let id = Id::Pps(bits.ue_to(255, "pic_parameter_set_id")? as u8);
            Set { id, needs: Some(Id::Sps(bits.ue_to(31, "seq_parameter_set_id")? as u8)) }
        }
        other => return Err(Error::new(Kind::Camera, format!("H.264 NAL unit of type {other} among parameter sets"))),
    })
}

/// What an `avc1` sample entry says for these parameter sets. Size and shape are those of the first SPS.
pub(crate) fn describe(sets: &List<'_>) -> Result<Description> {
    let [sequences, extensions, pictures] = [sets.sps(), sets.sps_extensions(), sets.pps()];
    let (Some(&first), false) = (sequences.first(), pictures.is_empty()) else {
        return Err(Error::new(Kind::Camera, "H.264 needs an SPS and a PPS, and not both are there"));
    };
    let sps = sps::parse(first)?;
    let profile = sps::profile_bytes(first)?;
    let (width, height) = sps::size(&sps)?;

    let mut config = vec![1, profile[0], profile[1], profile[2], 0xff];
    push_array(&mut config, 0xe0, 31, &sequences)?;
    push_array(&mut config, 0, 255, &pictures)?;
    // The older editions name four profiles here, the newer ones and FFmpeg all that have these fields.
    if !matches!(profile[0], 66 | 77 | 88) {
        config.push(0xfc | sps::chroma_format_idc(&sps));
        config.push(0xf8 | sps.chroma_info.bit_depth_luma_minus8);
        config.push(0xf8 | sps.chroma_info.bit_depth_chroma_minus8);
        push_array(&mut config, 0, 255, &extensions)?;
    }
    let rfc6381_codec = format!("avc1.{:02x}{:02x}{:02x}", profile[0], profile[1], profile[2]);
    Ok(Description { config, width, height, pixel_aspect: sps::pixel_aspect(&sps), rfc6381_codec })
}

/// A count in one byte, beside the bits that are set in it anyway, then each NAL unit behind its length.
fn push_array(config: &mut Vec<u8>, bits: u8, max: u8, units: &[&[u8]]) -> Result<()> {
    let count = u8::try_from(units.len()).ok().filter(|&count| count <= max);
    let count = count.ok_or_else(|| Error::new(Kind::Camera, "too many H.264 parameter sets"))?;
    config.push(bits | count);
    for unit in units {
        config.extend_from_slice(&unit_length(unit)?.to_be_bytes());
        config.extend_from_slice(unit);
    }
    Ok(())
}

/// The length of a parameter set as the records of both codecs write it.
pub(crate) fn unit_length(unit: &[u8]) -> Result<u16> {
    let refused = |_| Error::new(Kind::Camera, format!("a parameter set of {} bytes", unit.len()));
    u16::try_from(unit.len()).map_err(refused)
}

/// The parameter sets in an `AVCDecoderConfigurationRecord`. Fields that follow the PPSs may be missing, as in those
/// of some writers.
pub(crate) fn parameter_sets(config: &[u8]) -> Result<Vec<&[u8]>> {
    const { assert!(CONFIG_HEAD == 5) };
    let (head, mut rest) = config.split_at_checked(CONFIG_HEAD).ok_or_else(truncated)?;
    if head[0] != 1 || head[4] & 3 != 3 {
        return Err(Error::new(Kind::Camera, "an avcC of another version or without 4-byte lengths"));
    }
    let mut units = vec![];
    for mask in [0x1f, 0xff] {
        read_array(&mut rest, mask, &mut units)?;
    }
    if rest.len() > 3 {
        rest.advance(3);
        read_array(&mut rest, 0xff, &mut units)?;
    }
    Ok(units)
}

const CONFIG_HEAD: usize = 5;

fn read_array<'a>(rest: &mut &'a [u8], mask: u8, units: &mut Vec<&'a [u8]>) -> Result<()> {
    let count = rest.try_get_u8().map_err(|_| truncated())? & mask;
    for _ in 0..count {
        units.push(read_unit(rest).ok_or_else(truncated)?);
    }
    Ok(())
}

/// A NAL unit behind its length in two bytes, as the records of both codecs hold it.
pub(crate) fn read_unit<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = rest.try_get_u16().ok()?;
    let (unit, behind) = rest.split_at_checked(usize::from(length))?;
    *rest = behind;
    Some(unit)
}

/// The record ends before what it says it holds.
pub(crate) fn truncated() -> Error {
    Error::new(Kind::Camera, "the decoder configuration ends too early")
}
