//! PAFF, slices and splits of the bytes, in words.

use super::*;
use crate::media::annexb::nal_units;
use crate::media::nal_writer::{NalWriter, h264_pps, h264_sps};
use proptest::prelude::*;

/// NAL units by words. An H.264 slice is `I` (IDR), `P` (reference) or `N` (no reference), `f t b` (frame, top or bottom
/// field), its frame_num, and perhaps `.` with its first macroblock.
fn h264(word: &str) -> Vec<u8> {
    match word {
        "aud" => vec![0x09, 0xf0],
        "sei" => vec![0x06, 0x01, 0x01, 0x80],
        "sps" => h264_sps(0, 0),
        "pps" => h264_pps(0, 0, 0),
        "prefix" => vec![0x6e, 0x80, 0x80, 0x80],
        "filler" => vec![0x0c, 0xff, 0x80],
        "end" => vec![0x0a],
        slice => {
            let (head, first_mb) = slice.split_once('.').unwrap_or((slice, "0"));
            let [kind, field, frame_num] = [0, 1, 2].map(|at| head.as_bytes()[at]);
            let frame_num = u32::from(frame_num - b'0');
            let header = match kind {
                b'I' => 0x65,
                b'P' => 0x41,
                _ => 0x01,
            };
            let nal = NalWriter::new(&[header]).ue(&[first_mb.parse().unwrap(), 0, 0]).number(4, frame_num);
            let nal = match field {
                b'f' => nal.number(1, 0),
                b't' => nal.number(2, 0b10),
                _ => nal.number(2, 0b11),
            };
            let nal = if kind == b'I' { nal.ue(&[0]) } else { nal };
            let order = 2 * frame_num + u32::from(field == b'b');
            nal.number(4, order & 15).number(32, 0xdead_beef).finish()
        }
    }
}

/// H.265 NAL units by their type, `+` for a slice that is not the first of its picture.
fn h265(word: &str) -> Vec<u8> {
    let (number, is_first) = word.strip_suffix('+').map_or((word, true), |number| (number, false));
    let unit_type: u8 = number.parse().unwrap();
    NalWriter::new(&[unit_type << 1, 1]).number(1, is_first.into()).number(31, 0x1234_5678).finish()
}

/// Splits the stream of these words and gives the words back, with `|` between access units.
fn split(codec: Codec, words: &str) -> String {
    let make = if codec == Codec::H264 { h264 } else { h265 };
    let stream: Vec<u8> = words.split(' ').flat_map(|word| [b"\0\0\0\x01", &make(word)[..]].concat()).collect();
    let name = |nal: &[u8]| words.split(' ').find(|word| make(word) == nal).expect("a unit that went in");
    let units = units(codec, &[&stream]);
    let text = units.iter().map(|unit| nal_units(unit).map(name).collect::<Vec<_>>().join(" "));
    text.collect::<Vec<_>>().join(" | ")
}

fn units(codec: Codec, pieces: &[&[u8]]) -> Vec<Bytes> {
    let mut splitter = Splitter::new(codec);
    let mut units = vec![];
    for piece in pieces {
        splitter.push(piece);
        units.extend(splitter.by_ref().map(Result::unwrap));
    }
    splitter.finish();
    units.extend(splitter.map(Result::unwrap));
    units
}

#[test]
fn what_precedes_a_picture_belongs_to_it() {
    assert_eq!(
        split(Codec::H264, "aud sps pps sei If0 aud sei Pf1 Pf2 sei Pf3 filler end sps pps If0"),
        "aud sps pps sei If0 | aud sei Pf1 | Pf2 | sei Pf3 filler end | sps pps If0"
    );
}

#[test]
fn slices_of_a_picture_stay_together() {
    assert_eq!(
        split(Codec::H264, "sps pps If0 If0.9 Pf1 Pf1.9 Nf2 Nf2.9"),
        "sps pps If0 If0.9 | Pf1 Pf1.9 | Nf2 Nf2.9"
    );
    assert_eq!(split(Codec::H264, "sps pps prefix If0 prefix If0.9 Pf1"), "sps pps prefix If0 prefix If0.9 | Pf1");
}

/// 61 bytes and three of the four of the next start code are as much as a place is told by.
#[test]
fn a_slice_may_have_any_length() {
    for len in 20..70 {
        let slice = |first_mb: u32| {
            let slice = NalWriter::new(&[0x41]).ue(&[first_mb, 0, 0]).number(4, 1).number(1, 0).number(4, 2);
            let mut slice = slice.finish();
            slice.resize(len, 0x55);
            slice
        };
        let nals = [h264("sps"), h264("pps"), h264("If0"), slice(0), slice(30), slice(60), h264("Pf2")];
        let stream: Vec<u8> = nals.iter().flat_map(|nal| [b"\0\0\0\x01", &nal[..]].concat()).collect();
        assert_eq!(units(Codec::H264, &[&stream]).len(), 3, "{len} bytes");
    }
}

#[test]
fn each_field_of_the_slice_header_tells_pictures_apart() {
    for next in ["Pf2", "Nf1", "If1", "Pt1"] {
        assert_eq!(split(Codec::H264, &format!("sps pps Pf1 {next}")), format!("sps pps Pf1 | {next}"));
    }
}

#[test]
fn equal_pictures_are_told_apart_by_what_is_between_them() {
    assert_eq!(split(Codec::H264, "sps pps If0 sps pps If0 aud If0"), "sps pps If0 | sps pps If0 | aud If0");
}

#[test]
fn without_parameter_sets_the_first_macroblock_decides() {
    assert_eq!(split(Codec::H264, "If0 If0.9 Pf1 Pf1.9"), "If0 If0.9 | Pf1 Pf1.9");
}

#[test]
fn two_fields_of_a_frame_are_one_unit() {
    assert_eq!(
        split(Codec::H264, "sps pps It0 Pb0 Pt1 Pt1.9 Pb1 Pb1.9 Nb2 Nt2 Nt3 Nb3"),
        "sps pps It0 Pb0 | Pt1 Pt1.9 Pb1 Pb1.9 | Nb2 Nt2 | Nt3 Nb3"
    );
    assert_eq!(
        split(Codec::H264, "aud sps pps sei It0 aud sei Pb0 aud sei Pt1 aud sei Pb1"),
        "aud sps pps sei It0 aud sei Pb0 | aud sei Pt1 aud sei Pb1"
    );
}

#[test]
fn fields_without_their_other_field_stand_alone() {
    assert_eq!(split(Codec::H264, "sps pps It0 Pt1 Nb1 Pb2 It0 Ib0"), "sps pps It0 | Pt1 | Nb1 | Pb2 | It0 | Ib0");
    assert_eq!(split(Codec::H264, "sps pps Pt1 Pb1 Pt1 Pf1"), "sps pps Pt1 Pb1 | Pt1 | Pf1");
}

#[test]
fn h265_begins_at_the_first_slice_segment_or_before_it() {
    assert_eq!(
        split(Codec::H265, "35 32 33 34 39 19 19+ 40 1 1+ 1+ 39 1 38 35 0 36 33 48 41 21"),
        "35 32 33 34 39 19 19+ 40 | 1 1+ 1+ | 39 1 38 | 35 0 36 | 33 48 41 21"
    );
}

#[test]
fn a_unit_is_given_as_soon_as_the_next_picture_has_begun() {
    let mut splitter = Splitter::new(Codec::H265);
    splitter.push(b"\0\0\0\x01\x26\x01\xaf\x88\0\0\x01\x02\x01\xd0");
    assert!(splitter.next().is_none());
    splitter.push(&[7; 70]);
    assert_eq!(splitter.next().unwrap().unwrap(), &b"\0\0\x01\x26\x01\xaf\x88"[..]);
}

#[test]
fn a_unit_without_end_is_an_error_and_the_next_one_is_whole() {
    let mut splitter = Splitter::new(Codec::H265);
    splitter.push(b"\0\0\x01\x26\x01\xaf");
    let mut errors = vec![];
    for _ in 0..17 {
        splitter.push(&vec![0x55; 1 << 20]);
        errors.extend(splitter.next().map(|unit| unit.unwrap_err().to_string()));
    }
    assert_eq!(errors, ["an access unit of more than 16 MiB"]);
    splitter.push(b"\0\0\x01\x26\x01\xaf\x88");
    splitter.finish();
    assert_eq!(splitter.next().unwrap().unwrap(), &b"\0\0\x01\x26\x01\xaf\x88"[..]);
    assert!(splitter.next().is_none());
}

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&str; 12] =
        ["aud", "sei", "sps", "pps", "prefix", "If0", "If0.9", "Pf1", "Pt2", "Pb2", "Nt3", "filler"];
    let known = prop::sample::select(&WORDS[..]).prop_map(h264);
    let noise = prop::collection::vec(0u8..4, 0..90);
    let nal = prop_oneof![4 => known, 1 => noise];
    let parts = prop::collection::vec((nal, 2usize..5), 0..30);
    parts.prop_map(|parts| parts.into_iter().flat_map(|(nal, zeros)| [vec![0; zeros], vec![1], nal].concat()).collect())
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_units(
        stream in any_stream(),
        h265 in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let codec = if h265 { Codec::H265 } else { Codec::H264 };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let edges = [&[0], &cuts[..], &[stream.len()]].concat();
        let pieces: Vec<_> = edges.windows(2).map(|edge| &stream[edge[0]..edge[1]]).collect();
        let whole = units(codec, &[&stream]);
        prop_assert_eq!(&units(codec, &pieces), &whole);
        let together: Vec<_> = whole.iter().flat_map(|unit| nal_units(unit).map(<[u8]>::to_vec)).collect();
        let all: Vec<_> = nal_units(&stream).map(<[u8]>::to_vec).collect();
        prop_assert_eq!(together, all, "no NAL unit is lost or moved");
    }

    #[test]
    fn any_bytes_are_taken(stream in prop::collection::vec(any::<u8>(), 0..400)) {
        units(Codec::H264, &stream.chunks(7).collect::<Vec<_>>());
        units(Codec::H265, &stream.chunks(7).collect::<Vec<_>>());
    }
}
