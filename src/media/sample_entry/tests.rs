//! Sizes, shapes and faults of the parameter sets of x264 and x265.

use super::*;
use crate::media::annexb::nal_units;
use crate::media::nal_writer::{h264_pps, h264_sps};
use proptest::prelude::*;

/// Parameter sets as byte streams: what x264 and x265 wrote for 320x180 test pictures, pixels 64:45.
const X264_HIGH: &[u8] = include_bytes!("../../../testdata/x264_high_sar.h264");
const X265_MAIN: &[u8] = include_bytes!("../../../testdata/x265_main_sar.h265");
/// x265, 4:2:2 in 10 bits, 322x182 in a coded picture of 328x184, with hypothetical decoder and all its parameters.
const X265_422: &[u8] = include_bytes!("../../../testdata/x265_422_hrd_cropped.h265");

fn entry(codec: Codec, stream: &[u8]) -> SampleEntry {
    SampleEntry::from_parameter_sets(codec, nal_units(stream)).unwrap()
}

fn text(entry: &SampleEntry) -> String {
    let (width, height) = (entry.width, entry.height);
    let (horizontal, vertical) = entry.pixel_aspect;
    format!("{} {width}x{height} {horizontal}:{vertical}", entry.rfc6381_codec)
}

#[test]
fn tells_codec_size_and_shape() {
    assert_eq!(text(&entry(Codec::H264, X264_HIGH)), "avc1.64000c 320x180 64:45");
    assert_eq!(text(&entry(Codec::H265, X265_MAIN)), "hvc1.1.6.L60.90 320x180 64:45");
    assert_eq!(text(&entry(Codec::H265, X265_422)), "hvc1.4.10.L60.9D.8 322x182 1:1");
}

#[test]
fn order_and_repetition_of_parameter_sets_do_not_matter() {
    for (codec, stream) in [(Codec::H264, X264_HIGH), (Codec::H265, X265_MAIN)] {
        let mut nals: Vec<_> = nal_units(stream).collect();
        nals.reverse();
        nals.extend_from_within(..);
        assert_eq!(SampleEntry::from_parameter_sets(codec, nals).unwrap(), entry(codec, stream));
    }
}

#[test]
fn a_record_without_the_fields_of_high_profiles_gives_the_same_entry() {
    let whole = entry(Codec::H264, X264_HIGH);
    let config = whole.decoder_config().unwrap();
    let short = &config[..config.len() - 4];
    assert_eq!(SampleEntry::from_decoder_config(Codec::H264, short).unwrap(), whole);
}

#[test]
fn the_box_has_the_sizes_it_states() {
    let entry = entry(Codec::H264, X264_HIGH);
    let config = entry.decoder_config().unwrap().len();
    assert_eq!(u32::from_be_bytes(*entry.data.first_chunk().unwrap()) as usize, entry.data.len());
    assert_eq!(entry.data.len(), 86 + 8 + config + 16);
    assert_eq!(&entry.data[86 + 8 + config..], b"\0\0\0\x10pasp\0\0\0\x40\0\0\0\x2d");
}

#[test]
fn what_is_missing_is_said() {
    let fails = |codec, nals: &[&[u8]]| SampleEntry::from_parameter_sets(codec, nals.iter().copied()).unwrap_err();
    let [sps, pps] = [h264_sps(0, 0), h264_pps(0, 0, 0)];
    assert_eq!(fails(Codec::H264, &[&sps]).to_string(), "H.264 needs an SPS and a PPS, and not both are there");
    assert_eq!(fails(Codec::H264, &[&pps]).to_string(), "H.264 needs an SPS and a PPS, and not both are there");
    assert_eq!(fails(Codec::H265, &[]).to_string(), "H.265 needs a VPS, an SPS and a PPS, and not all are there");
    assert_eq!(fails(Codec::H264, &[&[0x65]]).to_string(), "H.264 NAL unit of type 5 among parameter sets");
    assert_eq!(fails(Codec::H264, &[&[0x68; 70_000]]).to_string(), "a parameter set of 70000 bytes");
}

#[test]
fn a_level_too_low_and_bytes_behind_the_end_are_forgiven() {
    let [mut sps, pps] = [h264_sps(0, 0), h264_pps(0, 0, 0)];
    sps[3] = 10;
    sps.push(0x80);
    let entry = SampleEntry::from_parameter_sets(Codec::H264, [&sps[..], &pps]).unwrap();
    assert_eq!(text(&entry), "avc1.4d000a 320x192 1:1");
}

proptest! {
    #[test]
    fn damaged_parameter_sets_give_an_entry_or_an_error(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        which in 0usize..3,
    ) {
        let (codec, stream) = [(Codec::H264, X264_HIGH), (Codec::H265, X265_MAIN), (Codec::H265, X265_422)][which];
        let mut stream = stream.to_vec();
        for (at, byte) in damage {
            *at.get_mut(&mut stream) = byte;
        }
        let _ = SampleEntry::from_parameter_sets(codec, nal_units(&stream).filter(|nal| codec.is_parameter_set(nal)));
        let mut config = entry(codec, [X264_HIGH, X265_MAIN, X265_422][which]).decoder_config().unwrap().to_vec();
        config.iter_mut().zip(&stream).for_each(|(byte, noise)| *byte ^= noise & 1);
        let _ = SampleEntry::from_decoder_config(codec, &config);
    }
}
