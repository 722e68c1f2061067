//! Byte streams of x264 and x265 become what `ffmpeg -c copy` puts into an mp4 file, byte for byte but for the
//! differences that are named here with their reason.

mod clips;
mod mp4;
mod order;
mod rewrite;

use clips::Clips;
use lunette::media::SampleEntry;
use lunette::media::access_unit::Splitter;
use lunette::media::codec::Codec;
use lunette::media::converter::{Converted, Converter};
use lunette::media::nal::length_prefixed;
use mp4::{Mp4, entry_text};
use std::sync::Arc;

/// A stream of the table.
struct Stream {
    name: &'static str,
    size: &'static str,
    pixels: &'static str,
    options: &'static str,
    /// Done to the encoder's bytes before both see them.
    change: fn(Vec<u8>) -> Vec<u8>,
    /// FFmpeg calls a picture with a recovery point SEI a key frame. A decoder that starts there shows broken or no
    /// pictures at first (Chrome: none at all), so ours is IDR alone, here the first picture of the stream.
    has_recovery_points: bool,
    /// What FFmpeg writes otherwise into this stream's entry, and what it should be.
    entry_differs: Option<[&'static str; 2]>,
}

const PLAIN: Stream = Stream {
    name: "",
    size: "320x180",
    pixels: "yuv420p",
    options: "",
    change: std::convert::identity,
    has_recovery_points: false,
    entry_differs: None,
};

/// Where we differ from FFmpeg on purpose, in every stream:
///
/// - FFmpeg leaves parameter sets inside samples as well. `avc1` and `hvc1` promise that they are in the sample entry
///   alone (ISO/IEC 14496-15 5.4.2.1, 8.4.1), and a set that comes again at every key frame is no change.
/// - FFmpeg writes a `pasp` box for square pixels too. It says nothing, and a stream that begins to say so
///   would get another sample entry.
/// - FFmpeg cuts H.265 before the three bytes of a start code, and leaves the zero that makes it four as the last byte
///   of the sample before. It is part of the byte stream's dress (ISO/IEC 23008-2 B.2.2), and no NAL unit ends in it.
///
/// Delimiters, SEI, filler and ends of sequence stay in the samples, as with FFmpeg.
fn as_documented(codec: Codec, mp4: Mp4) -> (Vec<Vec<u8>>, String) {
    let is_parameter_set = |nal: &[u8]| match codec {
        Codec::H264 => matches!(nal[0] & 0x1f, 7 | 8 | 13),
        Codec::H265 => matches!(nal[0] >> 1, 32..=34),
    };
    let without_sets = |sample: Vec<u8>| -> Vec<u8> {
        let nals = length_prefixed(&sample).map(|nal| nal.expect("FFmpeg writes whole NAL units"));
        let kept = nals.filter(|nal| !is_parameter_set(nal)).map(|nal| match codec {
            Codec::H264 => nal,
            Codec::H265 => nal.strip_suffix(&[0]).unwrap_or(nal),
        });
        kept.flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), nal].concat()).collect()
    };
    const SQUARE: &str = " pasp=0000000100000001";
    let entry = entry_text(&mp4.entry).replace(SQUARE, "");
    (mp4.samples.into_iter().map(without_sets).collect(), entry)
}

const H264: &[Stream] = &[
    Stream { name: "baseline", options: "--profile baseline", ..PLAIN },
    Stream { name: "main-slices-b", options: "--profile main --slices 4 --bframes 2", ..PLAIN },
    Stream { name: "high-many-slices", options: "--profile high --slice-max-size 300", ..PLAIN },
    Stream { name: "delimiters-repeated-sets", options: "--aud --keyint 5", ..PLAIN },
    Stream { name: "sei", options: "--nal-hrd vbr --vbv-maxrate 500 --vbv-bufsize 500 --keyint 20", ..PLAIN },
    Stream { name: "filler", options: "--nal-hrd cbr --bitrate 900 --vbv-maxrate 900 --vbv-bufsize 900", ..PLAIN },
    Stream { name: "intra-refresh", options: "--intra-refresh --keyint 20", has_recovery_points: true, ..PLAIN },
    Stream {
        name: "open-gop",
        options: "--open-gop --keyint 12 --bframes 3 --b-pyramid normal",
        has_recovery_points: true,
        ..PLAIN
    },
    Stream { name: "mbaff", options: "--tff --slices 2 --bframes 2", ..PLAIN },
    Stream { name: "all-idr", options: "--keyint 1", ..PLAIN },
    Stream { name: "422-10", pixels: "yuv422p10le", options: "--output-csp i422 --output-depth 10", ..PLAIN },
    Stream { name: "444-lossless", pixels: "yuv444p", options: "--output-csp i444 --qp 0", ..PLAIN },
    Stream { name: "anamorphic", options: "--sar 64:45", ..PLAIN },
    Stream { name: "anamorphic-extended", options: "--sar 2000:1777", ..PLAIN },
    Stream { name: "cropped", size: "322x182", options: "--aud", ..PLAIN },
    Stream { name: "short-start-codes", options: "--slices 3 --aud --keyint 10", change: short_start_codes, ..PLAIN },
    Stream {
        name: "long-start-codes",
        options: "--slices 3 --keyint 10",
        change: long_start_codes,
        // The zero of the start code that follows the PPS, taken for its last byte.
        entry_differs: Some(["000568ef8fcb00", "000468ef8fcb"]),
        ..PLAIN
    },
];

const H265: &[Stream] = &[
    Stream { name: "main", options: "--keyint 20", ..PLAIN },
    Stream { name: "repeated-sets-delimiters", options: "--repeat-headers --aud --keyint 10 --bframes 0", ..PLAIN },
    Stream { name: "slices", size: "640x360", options: "--slices 3 --keyint 10", ..PLAIN },
    Stream { name: "open-gop", options: "--open-gop --keyint 12 --bframes 3 --repeat-headers", ..PLAIN },
    Stream { name: "closed-gop", options: "--no-open-gop --keyint 12 --min-keyint 12 --bframes 3", ..PLAIN },
    Stream {
        name: "hrd",
        options: "--hrd --vbv-maxrate 500 --vbv-bufsize 500 --bitrate 400 --repeat-headers",
        ..PLAIN
    },
    Stream { name: "fields", options: "--interlace tff --bframes 2 --repeat-headers", ..PLAIN },
    Stream { name: "intra-refresh", options: "--intra-refresh --keyint 20 --bframes 0", ..PLAIN },
    Stream { name: "temporal-layers", options: "--temporal-layers --bframes 3 --b-adapt 0", ..PLAIN },
    Stream { name: "422-10", pixels: "yuv422p10le", options: "--profile main422-10 --output-depth 10", ..PLAIN },
    Stream { name: "anamorphic", options: "--sar 64:45", ..PLAIN },
    Stream { name: "cropped", size: "322x182", options: "--aud", ..PLAIN },
    Stream { name: "short-start-codes", options: "--aud --repeat-headers", change: short_start_codes, ..PLAIN },
];

fn short_start_codes(stream: Vec<u8>) -> Vec<u8> {
    with_start_code(&stream, b"\0\0\x01")
}

fn long_start_codes(stream: Vec<u8>) -> Vec<u8> {
    with_start_code(&stream, b"\0\0\0\x01")
}

fn with_start_code(stream: &[u8], code: &[u8]) -> Vec<u8> {
    lunette::media::annexb::nal_units(stream).flat_map(|nal| [code, nal].concat()).collect()
}

/// Sends a stream through the splitter in pieces of a size, and its access units through a converter.
fn convert(codec: Codec, stream: &[u8], piece_bytes: usize) -> Vec<Converted> {
    let mut splitter = Splitter::new(codec);
    let mut converter = Converter::new(codec);
    let mut samples = vec![];
    let mut drain = |splitter: &mut Splitter| {
        for unit in splitter {
            samples.extend(converter.convert(&unit.expect("an access unit")).expect("a sample"));
        }
    };
    for piece in stream.chunks(piece_bytes) {
        splitter.push(piece);
        drain(&mut splitter);
    }
    splitter.finish();
    drain(&mut splitter);
    samples
}

fn equals_ffmpeg(codec: Codec, encoder: &str, format: &str, streams: &[Stream]) {
    let clips = Clips::new();
    for stream in streams {
        let Stream { name, size, pixels, options, change, has_recovery_points, entry_differs } = stream;
        let bytes = change(clips.encode(name, encoder, &clips.raw(size, pixels), options));
        let file = clips.remux(name, format, &bytes);
        let (samples, entry) = as_documented(codec, Mp4::read(&file));
        let entry = entry_differs.map_or(entry.clone(), |[theirs, ours]| entry.replace(theirs, ours));

        let converted = convert(codec, &bytes, 1000);
        assert_eq!(converted.len(), samples.len(), "{codec} {name}: number of samples");
        for (index, (ours, ffmpegs)) in converted.iter().zip(&samples).enumerate() {
            assert_eq!(units_text(&ours.data), units_text(ffmpegs), "{codec} {name}: sample {index}");
            assert!(ours.data == ffmpegs, "{codec} {name}: sample {index}");
        }
        let first = &converted[0].sample_entry;
        assert_eq!(entry_text(&first.data), entry, "{codec} {name}: sample entry");
        let [keys, bidirectional] = clips.key_and_b_pictures(name, format);
        let count = |is: fn(&Converted) -> bool| converted.iter().filter(|converted| is(converted)).count();
        let expected_keys = if *has_recovery_points { 1 } else { keys };
        assert_eq!(count(|c| c.picture.is_key), expected_keys, "{codec} {name}: key frames");
        assert_eq!(count(|c| c.picture.is_bidirectional), bidirectional, "{codec} {name}: B pictures");
        assert!(converted.iter().all(|c| Arc::ptr_eq(&c.sample_entry, first)), "{codec} {name}: one sample entry");
        let config = first.decoder_config().expect("a decoder configuration");
        let again = SampleEntry::from_decoder_config(codec, config).expect("our own configuration");
        assert_eq!(again, **first, "{codec} {name}: the entry made from its own configuration");
    }
}

/// Lengths and first bytes of a sample's NAL units.
fn units_text(sample: &[u8]) -> Vec<String> {
    let units = length_prefixed(sample).map(|nal| nal.expect("whole NAL units"));
    units.map(|nal| format!("{} bytes, {:02x?}…{:02x?}", nal.len(), &nal[..2], &nal[nal.len().max(3) - 3..])).collect()
}

#[test]
fn h264_samples_equal_those_of_ffmpeg() {
    equals_ffmpeg(Codec::H264, "x264", "h264", H264);
}

#[test]
fn h265_samples_equal_those_of_ffmpeg() {
    equals_ffmpeg(Codec::H265, "x265", "hevc", H265);
}
