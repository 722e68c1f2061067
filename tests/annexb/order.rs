//! The order in which pictures are shown, out of picture order counts, against what FFmpeg's decoder shows.

use crate::clips::{Clips, run};
use crate::rewrite::Rewrite;
use lunette::base::MonoTime;
use lunette::media::Frame;
use lunette::media::access_unit::Splitter;
use lunette::media::codec::Codec;
use lunette::media::converter::Converter;
use lunette::media::output_order::OutputOrder;
use lunette::media::picture::Pictures;

/// A stream whose pictures change places.
struct Stream {
    name: &'static str,
    options: &'static str,
    pixels: &'static str,
}

const fn stream(name: &'static str, options: &'static str) -> Stream {
    Stream { name, options, pixels: "yuv420p" }
}

const H264: &[Stream] = &[
    stream("one-b", "--bframes 1 --b-adapt 0 --keyint 10"),
    stream("pyramid", "--bframes 5 --b-adapt 0 --b-pyramid normal --keyint 20"),
    stream("strict-pyramid", "--bframes 3 --b-pyramid strict --keyint 25"),
    stream("many-b", "--bframes 16 --b-adapt 0 --keyint 30"),
    stream("open-gop", "--open-gop --bframes 3 --b-pyramid normal --keyint 12"),
    stream("wraps", "--bframes 3 --b-pyramid normal --keyint infinite --no-scenecut"),
    stream("all-idr", "--keyint 1"),
    stream("slices", "--bframes 3 --slices 4 --keyint 15"),
    stream("mbaff", "--tff --bframes 3 --keyint 15"),
    stream("bottom-first", "--bff --bframes 2 --keyint 15"),
    stream("fake-interlaced", "--fake-interlaced --bframes 2 --keyint 15"),
    stream("weights", "--bframes 3 --weightp 2 --ref 4 --keyint 20"),
    stream("cavlc", "--no-cabac --bframes 3 --keyint 20 --aud --nal-hrd vbr --vbv-maxrate 500 --vbv-bufsize 500"),
    stream("no-b", "--bframes 0 --keyint 10"),
    Stream { pixels: "yuv444p", ..stream("444", "--output-csp i444 --bframes 3 --keyint 15") },
];

const H265: &[Stream] = &[
    stream("one-b", "--bframes 1 --b-adapt 0 --keyint 10 --no-open-gop"),
    stream("pyramid", "--bframes 7 --b-adapt 0 --b-pyramid --rc-lookahead 12 --keyint 25 --no-open-gop"),
    stream("open-gop", "--bframes 4 --keyint 12 --min-keyint 12 --open-gop --no-scenecut"),
    stream("radl", "--bframes 4 --keyint 12 --min-keyint 12 --no-open-gop --radl 2 --no-scenecut"),
    stream("wraps", "--bframes 4 --keyint -1 --log2-max-poc-lsb 4 --no-scenecut"),
    stream("temporal-layers", "--temporal-layers --bframes 3 --b-adapt 0 --keyint 20"),
    stream("slices", "--slices 3 --bframes 3 --keyint 15"),
    stream("fields", "--interlace tff --bframes 2 --repeat-headers"),
    stream("no-b", "--bframes 0 --keyint 10"),
    stream("all-intra", "--keyint 1"),
    Stream { pixels: "yuv422p10le", ..stream("422-10", "--profile main422-10 --output-depth 10 --bframes 3") },
];

/// The place of each picture, in decoding order, and the longest time that one had to wait.
fn places(codec: Codec, stream: &[u8]) -> (Vec<i64>, usize) {
    let mut splitter = Splitter::new(codec);
    splitter.push(stream);
    splitter.finish();
    let mut converter = Converter::new(codec);
    let (mut order, mut places, mut held) = (OutputOrder::default(), Vec::new(), 0);
    let converted = splitter.filter_map(|unit| converter.convert(&unit.expect("an access unit")).expect("a sample"));
    for (n, converted) in (0..).zip(converted) {
        let frame = Frame {
            pts_90k: n,
            arrived: MonoTime(n),
            is_key: converted.picture.is_key,
            is_skipped_leading: converted.picture.is_skipped_leading,
            is_bidirectional: converted.picture.is_bidirectional,
            data: converted.data,
            sample_entry: converted.sample_entry,
            lost_packets: 0,
        };
        order.push(frame, converted.order).expect("the stream keeps its word");
        places.extend(std::iter::from_fn(|| order.pop()).map(|frame| frame.pts_90k));
        held = held.max(n as usize + 1 - places.len());
    }
    order.flush();
    places.extend(std::iter::from_fn(|| order.pop()).map(|frame| frame.pts_90k));
    (places, held)
}

/// The same as FFmpeg's decoder shows it: where in the stream the packets lie of the pictures that it gives, in their order.
fn places_by_ffmpeg(clips: &Clips, name: &str, format: &str, stream: &[u8]) -> Vec<i64> {
    let path = clips.keep(&format!("{name}.order"), stream);
    let show = ["-show_entries", "frame=pkt_pos", "-of", "csv=p=0"];
    let told = run("ffprobe", &[&["-v", "fatal", "-f", format], &show[..], &[path.to_str().expect("UTF-8")]].concat());
    let numbers = told.lines().filter_map(|line| line.split(',').find_map(|field| field.parse::<i64>().ok()));
    let shown: Vec<_> = numbers.collect();
    let mut decoded: Vec<_> = (0..shown.len()).collect();
    decoded.sort_by_key(|&place| shown[place]);
    decoded.into_iter().map(|place| place as i64).collect()
}

fn equals_ffmpeg(codec: Codec, encoder: &str, format: &str, streams: &[Stream]) {
    let clips = Clips::new();
    for Stream { name, options, pixels } in streams {
        let bytes = clips.encode(name, encoder, &clips.raw("160x96", pixels), options);
        let (places, held) = places(codec, &bytes);
        let expected = places_by_ffmpeg(&clips, name, format, &bytes);
        assert_eq!(places, expected, "{codec} {name}");
        let moves = places.windows(2).any(|pair| pair[1] < pair[0]);
        let none = ["no-b", "all-idr", "all-intra"].contains(name);
        assert_eq!(moves, !none, "{codec} {name}");
        assert!(!none || held == 0, "{codec} {name}: pictures that do not move wait for nothing");
    }
}

#[test]
fn h264_pictures_are_shown_as_ffmpeg_shows_them() {
    equals_ffmpeg(Codec::H264, "x264", "h264", H264);
}

#[test]
fn h265_pictures_are_shown_as_ffmpeg_shows_them() {
    equals_ffmpeg(Codec::H265, "x265", "hevc", H265);
}

/// What x264 does not write: see [`Rewrite`].
#[test]
fn other_ways_of_counting_come_to_the_same() {
    let clips = Clips::new();
    for (name, options) in [
        ("one-b", "--bframes 1 --b-adapt 0 --keyint 12"),
        ("pyramid", "--bframes 3 --b-adapt 0 --b-pyramid normal --keyint 20"),
        ("wraps", "--bframes 3 --keyint infinite --ref 2"),
        ("slices", "--bframes 2 --slices 3 --keyint 10"),
    ] {
        let options = format!("--profile main --no-cabac --no-scenecut {options}");
        let plain = clips.encode(name, "x264", &clips.raw("160x96", "yuv420p"), &options);
        let (expected, told) = places(Codec::H264, &plain);
        for rewrite in [Rewrite::Untold, Rewrite::TypeOne, Rewrite::Operation5] {
            let stream = rewrite.of(&plain);
            let what = format!("{name}-{rewrite:?}");
            let (places, held) = places(Codec::H264, &stream);
            assert_eq!(places, places_by_ffmpeg(&clips, &what, "h264", &stream), "{what}");
            assert_eq!(places, expected, "{what}");
            // The first eight wait to learn the step; then as long as it takes to know what comes between.
            assert!(held <= if rewrite == Rewrite::Untold { 8 } else { told }, "{what}: {held} held, {told} before");
        }
    }
}

#[test]
fn the_rate_is_what_the_stream_says() {
    let clips = Clips::new();
    for (codec, encoder, options) in
        [(Codec::H264, "x264", "--fps 30000/1001"), (Codec::H265, "x265", "--fps 30000/1001")]
    {
        let bytes = clips.encode(encoder, encoder, &clips.raw("160x96", "yuv420p"), options);
        let mut splitter = Splitter::new(codec);
        splitter.push(&bytes);
        let first = splitter.next().expect("an access unit").expect("a whole one");
        let converted = Converter::new(codec).convert(&first).expect("a sample").expect("a picture");
        let told = Pictures::new(&converted.sample_entry).expect("our own entry").pictures_per_second();
        assert_eq!(told, Some(30_000.0 / 1001.0), "{codec}");
    }
}
