//! H.265: its NAL units, and the record that tells a decoder the parameter sets (ISO/IEC 14496-15 8.3.3.1).

pub(crate) mod boundary;
pub(crate) mod order;
pub(crate) mod pps;
pub(crate) mod slice;
pub(crate) mod sps;
mod vui;

use crate::base::{Error, Kind, Result};
use crate::media::avc::{read_unit, truncated, unit_length};
use crate::media::nal::Bits;
use crate::media::parameter_sets::{Id, List, Set};
use crate::media::sample_entry::Description;
use bytes::Buf;
use pps::Pps;
use sps::Sps;
use std::fmt::Write;
use std::num::NonZeroUsize;

/// Types of NAL units (ISO/IEC 23008-2 table 7-1).
pub(crate) mod unit {
    pub(crate) const RADL_N: u8 = 6;
    pub(crate) const RASL_N: u8 = 8;
    pub(crate) const RASL_R: u8 = 9;
    pub(crate) const RESERVED_NON_REFERENCE_14: u8 = 14;
    pub(crate) const BLA_W_LP: u8 = 16;
    pub(crate) const IDR_W_RADL: u8 = 19;
    pub(crate) const IDR_N_LP: u8 = 20;
    pub(crate) const CRA: u8 = 21;
    pub(crate) const RESERVED_IRAP_23: u8 = 23;
    pub(crate) const LAST_SLICE: u8 = 31;
    pub(crate) const VPS: u8 = 32;
    pub(crate) const SPS: u8 = 33;
    pub(crate) const PPS: u8 = 34;
    pub(crate) const DELIMITER: u8 = 35;
    pub(crate) const END_OF_SEQUENCE: u8 = 36;
    pub(crate) const END_OF_STREAM: u8 = 37;
    pub(crate) const PREFIX_SEI: u8 = 39;
}

/// The type of a NAL unit, from its first byte.
pub(crate) fn unit_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |byte| byte >> 1 & 0x3f)
}

/// It is of the base layer (nuh_layer_id 0), the only one that is recorded knowingly.
pub(crate) fn is_base_layer(nal: &[u8]) -> bool {
    matches!(nal, [first, second, ..] if first & 1 == 0 && second >> 3 == 0)
}

/// It begins with a slice segment header of the base layer.
pub(crate) fn is_slice(nal: &[u8]) -> bool {
    unit_type(nal) <= unit::LAST_SLICE && is_base_layer(nal)
}

/// It belongs into the sample entry.
pub(crate) fn is_parameter_set(nal: &[u8]) -> bool {
    matches!(unit_type(nal), unit::VPS | unit::SPS | unit::PPS) && is_base_layer(nal)
}

/// The bits behind the header of two bytes.
pub(crate) fn bits(nal: &[u8]) -> Bits<'_> {
    const HEADER_BYTES: NonZeroUsize = NonZeroUsize::new(2).expect("2 is not 0");
    Bits::behind_header(nal, HEADER_BYTES)
}

/// Which parameter set this is. One that is broken is an error here, not later.
pub(crate) fn identify(nal: &[u8]) -> Result<Set> {
    if !is_base_layer(nal) {
        return Err(Error::new(Kind::Camera, "an H.265 parameter set of another layer than the base"));
    }
    Ok(match unit_type(nal) {
        unit::VPS => Set { id: Id::Vps(bits(nal).number(4, "vps_video_parameter_set_id")? as u8), needs: None },
        unit::SPS => {
            let sps = Sps::parse(nal)?;
            Set { id: Id::Sps(sps.id), needs: Some(Id::Vps(sps.vps_id)) }
        }
        unit::PPS => {
            let pps = Pps::parse(nal)?;
            Set { id: Id::Pps(pps.id), needs: Some(Id::Sps(pps.sps_id)) }
        }
        other => return Err(Error::new(Kind::Camera, format!("H.265 NAL unit of type {other} among parameter sets"))),
    })
}

/// What an `hvc1` sample entry says for these parameter sets. Size, shape and profile are those of the first SPS.
pub(crate) fn describe(sets: &List<'_>) -> Result<Description> {
    let [videos, sequences, pictures] = [sets.vps(), sets.sps(), sets.pps()];
    let (false, Some(first), false) = (videos.is_empty(), sequences.first(), pictures.is_empty()) else {
        return Err(Error::new(Kind::Camera, "H.265 needs a VPS, an SPS and a PPS, and not all are there"));
    };
    let sps = Sps::parse(first)?;

    let mut config = vec![1];
    config.extend_from_slice(&sps.profile);
    config.extend_from_slice(&(0xf000 | sps.min_spatial_segmentation).to_be_bytes());
    config.push(0xfc | parallelism(&sps, &pictures));
    config.push(0xfc | sps.chroma_format_idc);
    config.push(0xf8 | sps.bit_depth_luma_minus8);
    config.push(0xf8 | sps.bit_depth_chroma_minus8);
    config.extend_from_slice(&[0, 0]); // avgFrameRate: not told
    config.push(sps.sub_layers << 3 | u8::from(sps.is_temporal_id_nested) << 2 | 3);
    config.push(3);
    for (unit_type, units) in [(unit::VPS, &videos), (unit::SPS, &sequences), (unit::PPS, &pictures)] {
        const ARRAY_COMPLETENESS: u8 = 0x80;
        config.push(ARRAY_COMPLETENESS | unit_type);
        config.extend_from_slice(&(units.len() as u16).to_be_bytes());
        for unit in units {
            config.extend_from_slice(&unit_length(unit)?.to_be_bytes());
            config.extend_from_slice(unit);
        }
    }
    let (width, height) = (sps.width, sps.height);
    Ok(Description { config, width, height, pixel_aspect: sps.pixel_aspect, rfc6381_codec: rfc6381(&sps.profile) })
}

/// parallelismType: 1 slices, 2 tiles, 3 wavefronts, 0 when they are mixed or nobody promised anything.
fn parallelism(sps: &Sps, pictures: &[&[u8]]) -> u8 {
    let types: Vec<_> = pictures.iter().flat_map(|nal| Pps::parse(nal)).map(|pps| pps.parallelism_type()).collect();
    match types[..] {
        [first, ref others @ ..] if sps.min_spatial_segmentation > 0 && others.iter().all(|&o| o == first) => first,
        _ => 0,
    }
}

/// The codec string of ISO/IEC 14496-15 E.3, from the first twelve bytes of profile_tier_level.
fn rfc6381(profile: &[u8; 12]) -> String {
    let space = ["", "A", "B", "C"][usize::from(profile[0] >> 6)];
    let compatibility = u32::from_be_bytes([profile[1], profile[2], profile[3], profile[4]]).reverse_bits();
    let tier = if profile[0] & 0x20 == 0 { 'L' } else { 'H' };
    let mut text = format!("hvc1.{space}{}.{compatibility:X}.{tier}{}", profile[0] & 0x1f, profile[11]);
    let constraints = &profile[5..11];
    let told = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    for byte in &constraints[..told] {
        write!(text, ".{byte:X}").expect("a String takes all that is written to it");
    }
    text
}

/// The parameter sets in an `HEVCDecoderConfigurationRecord`, without what else its arrays hold (SEI).
pub(crate) fn parameter_sets(config: &[u8]) -> Result<Vec<&[u8]>> {
    let (head, mut rest) = config.split_at_checked(CONFIG_HEAD).ok_or_else(truncated)?;
    if head[0] != 1 || head[21] & 3 != 3 {
        return Err(Error::new(Kind::Camera, "an hvcC of another version or without 4-byte lengths"));
    }
    let mut units = vec![];
    for _ in 0..head[22] {
        rest.try_get_u8().map_err(|_| truncated())?;
        for _ in 0..rest.try_get_u16().map_err(|_| truncated())? {
            units.push(read_unit(&mut rest).ok_or_else(truncated)?);
        }
    }
    units.retain(|unit| is_parameter_set(unit));
    Ok(units)
}

const CONFIG_HEAD: usize = 23;
