//! The boxes of planned files.

use crate::cursor::{chunk_offsets, duration, edits, find, table, tree, u64_at};
use crate::library::{Library, entry, frames, relative, span};
use lunette::base::{Kind, WallDuration};
use lunette::media::Selection;
use lunette::media::sample_index::Sample;

/// Two runs: 10 frames and 6 more, and after an hour 3 of another size. A key frame every four frames of 10 units.
fn three_recordings() -> Library {
    let (small, large) = (entry(b"avc1", 320, 240), entry(b"avc1", 640, 480));
    let mut library = Library::default();
    library.add(&frames(10, 10, 4), &small, None);
    let mut last_of_run = frames(6, 10, 4);
    last_of_run[5].duration_90k = 0;
    library.add(&last_of_run, &small, None);
    let third = library.add(&frames(3, 20, 4), &large, None);
    third.start = third.start + WallDuration::from_secs(3600);
    library
}

#[test]
fn several_recordings_are_several_chunks_of_one_track() {
    let library = three_recordings();
    let plan = library.plan(Selection::all()).unwrap();
    let expected = "\
ftyp 28
moov 804
  mvhd 108 v0 scale 90000 duration 220
  trak 688
    tkhd 92 v0 duration 220 640x480
    mdia 588
      mdhd 32 v0 scale 90000 duration 220
      hdlr 40 vide
      minf 508
        vmhd 20
        dinf 36
          dref 28
        stbl 444
          stsd 40
            avc1 12
            avc1 12
          stts 168 [\"10x16\", \"20x3\"]
          stsc 52 [[1, 10, 1], [2, 6, 1], [3, 3, 2]]
          stss 40 [1, 5, 9, 11, 15, 17]
          stsz 96 [50, 6, 7, 8, 54, 6, 7, 8, 58, 6, 50, 6, 7, 8, 54, 6, 50, 6, 7]
          co64 40 [848, 1058, 1189]
mdat 420
";
    assert_eq!(tree(&library.file(&plan)), expected);
}

#[test]
fn the_list_of_pieces_is_for_people() {
    let library = three_recordings();
    let plan = library.plan(relative(45..165)).unwrap();
    let expected = "           0          488 head
         488           48 stts 1/1
         536           48 stts 1/2
         584            8 stts 1/3
         592           16 head
         608           36 stsc
         644           16 head
         660            8 stss 1/1
         668            8 stss 1/2
         676            4 stss 1/3
         680           20 head
         700           24 stsz 1/1
         724           24 stsz 1/2
         748            4 stsz 1/3
         752           16 head
         768           24 co64
         792           16 head
         808          139 film 1/1 71..210
         947          131 film 1/2 0..131
        1078           50 film 1/3 0..50
";
    assert_eq!(plan.describe(), expected);
}

#[test]
fn a_cut_start_is_hidden_and_a_cut_end_is_short() {
    let library = three_recordings();
    let head = library.head(&library.plan(span(45..93)).unwrap());
    let boxes = |path: &str| find(&head, path).unwrap().body;
    assert_eq!(edits(boxes("moov/trak/edts/elst")), [(48, 5)]);
    assert_eq!(table(boxes("moov/trak/mdia/minf/stbl/stts"), 1..2, 2), [10, 10, 10, 10, 10, 3]);
    assert_eq!(duration(boxes("moov/mvhd")), 48);
    assert_eq!(duration(boxes("moov/trak/tkhd")), 48);
    assert_eq!(duration(boxes("moov/trak/mdia/mdhd")), 53);
}

#[test]
fn key_frames_after_a_cut_segment_are_numbered_in_the_file() {
    let library = three_recordings();
    let head = library.head(&library.plan(relative(85..150)).unwrap());
    let stbl = |kind: &str| find(&head, &format!("moov/trak/mdia/minf/stbl/{kind}")).unwrap().body;
    assert_eq!(table(stbl("stsc"), 0..3, 3), [1, 2, 1, 2, 5, 1]);
    assert_eq!(table(stbl("stss"), 0..1, 1), [1, 3, 7]);
}

#[test]
fn each_cut_start_has_an_edit_of_its_own() {
    let library = three_recordings();
    let plan = library.plan_all([relative(15..45), relative(45..105), relative(125..185)]).unwrap();
    let head = library.head(&plan);
    // 45 units, 15 of them hidden; 60 from the key frame at 40 on, 5 hidden, and 5 of the second recording, which go on
    // from there; then all 60 of the second (its last frame lasts as the one before), 25 hidden, and 35 of the third.
    assert_eq!(edits(find(&head, "moov/trak/edts/elst").unwrap().body), [(30, 15), (60, 50), (70, 135)]);
    let stts = find(&head, "moov/trak/mdia/minf/stbl/stts").unwrap().body;
    assert_eq!(table(stts, 1..2, 2).iter().sum::<u32>(), 45 + 60 + 5 + 60 + 35);
    let film = library.file(&plan);
    let co64 = chunk_offsets(find(&head, "moov/trak/mdia/minf/stbl/co64").unwrap().body);
    assert_eq!(co64[0], plan.film_offset());
    assert_eq!(film[co64[1] as usize], crate::library::made_up(library.recordings[0].0.id, 71));
}

#[test]
fn a_lone_last_frame_is_shown_for_a_thirtieth_second_when_playback_goes_on() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    library.add(&frames(1, 0, 1), &avc, None);
    library.add(&frames(2, 10, 2), &avc, None);
    let head = library.head(&library.plan(Selection::all()).unwrap());
    let stts = find(&head, "moov/trak/mdia/minf/stbl/stts").unwrap().body;
    assert_eq!(table(stts, 1..2, 2), [3000, 10, 10]);
}

#[test]
fn a_last_frame_without_duration_lies_within_the_last_edit() {
    let mut library = three_recordings();
    library.recordings.truncate(2);
    let durations = |part| {
        let head = library.head(&library.plan(relative(part)).unwrap());
        let elst = find(&head, "moov/trak/edts/elst").map(|b| edits(b.body));
        (elst, table(find(&head, "moov/trak/mdia/minf/stbl/stts").unwrap().body, 1..2, 2))
    };
    assert_eq!(durations(100..151), (None, vec![10, 10, 10, 10, 10, 0]));
    assert_eq!(durations(145..151), (Some(vec![(6, 5)]), vec![10, 1]));
}

#[test]
fn nothing_in_the_span_is_not_found() {
    let library = three_recordings();
    for selection in [span(-100..0), relative(0..0), span(1000..2000), relative(210..300)] {
        assert_eq!(library.plan(selection).unwrap_err().kind(), Kind::NotFound);
    }
}

#[test]
fn a_change_of_the_codec_is_refused_with_its_moment() {
    let mut library = three_recordings();
    library.add(&frames(3, 20, 4), &entry(b"hvc1", 640, 480), None);
    let e = library.plan(Selection::all()).unwrap_err();
    let expected = "recording 1/4: the codec changes from avc1 to hvc1 at 2017-03-02T13:00:00:00210+00:00; \
                    ask for the two sides apart";
    assert_eq!((e.kind(), e.to_string().as_str()), (Kind::BadInput, expected));
    library.plan(span(324_000_210..400_000_000)).unwrap();
}

#[test]
fn fourteen_hours_need_large_durations_and_edits() {
    let library = hours(14, 100);
    for (selection, media) in [(Selection::all(), 14 * HOUR), (span(-5..14 * HOUR), 14 * HOUR)] {
        let head = library.head(&library.plan(selection).unwrap());
        assert!(find(&head, "moov/trak/edts").is_none());
        for path in ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd"] {
            let body = find(&head, path).unwrap().body;
            assert_eq!((body[0], duration(body)), (1, media as u64), "{path}");
        }
    }
    let head = library.head(&library.plan(span(5..14 * HOUR - 7)).unwrap());
    let elst = find(&head, "moov/trak/edts/elst").unwrap().body;
    assert_eq!((elst[0], edits(elst)), (1, vec![(14 * HOUR as u64 - 12, 5)]));
}

#[test]
fn twelve_hours_do_not() {
    let library = hours(12, 100);
    let head = library.head(&library.plan(span(5..12 * HOUR)).unwrap());
    for path in ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd"] {
        assert_eq!(find(&head, path).unwrap().body[0], 0, "{path}");
    }
    // Its media time would fit, but it is signed: the boundary is at half.
    assert_eq!(find(&head, "moov/trak/edts/elst").unwrap().body[0], 1);
}

#[test]
fn a_day_of_37_gib_has_large_offsets() {
    // 25 h of 30 samples a minute.
    let library = hours(25, ((37u64 << 30) / (25 * 60 * 30)) as u32);
    let plan = library.plan(Selection::all()).unwrap();
    let head = library.head(&plan);
    let film = library.recordings.iter().map(|(r, _)| r.sample_file_bytes).collect::<Vec<_>>();
    let mdat = &head[head.len() - 16..];
    assert_eq!((&mdat[..8], u64_at(mdat, 8)), (&b"\0\0\0\x01mdat"[..], 16 + film.iter().sum::<u64>()));
    assert_eq!(plan.len(), head.len() as u64 + film.iter().sum::<u64>());
    let mut at = plan.film_offset();
    let offsets = chunk_offsets(find(&head, "moov/trak/mdia/minf/stbl/co64").unwrap().body);
    assert_eq!(offsets.len(), film.len());
    for (offset, bytes) in offsets.iter().zip(film) {
        assert_eq!(*offset, at);
        at += bytes;
    }
    let last = library.read(&plan, plan.len() - 5..plan.len() + 5);
    let (recording, _) = library.recordings.last().unwrap();
    let expected: Vec<_> = (recording.sample_file_bytes - 5..recording.sample_file_bytes)
        .map(|i| crate::library::made_up(recording.id, i))
        .collect();
    assert_eq!(last, expected);
}

#[test]
fn more_than_a_gibibyte_of_tables_is_refused() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    for _ in 0..9 {
        library.add(&frames(2, 10, 2), &avc, None).video_samples = 10_000_000;
    }
    let e = library.plan(Selection::all()).unwrap_err();
    let expected = "recording 1/9: the span is too long for one file: its tables would be above 1 GiB";
    assert_eq!((e.kind(), e.to_string().as_str()), (Kind::BadInput, expected));
}

#[test]
fn a_recording_may_have_more_frames_than_two_bytes_count() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    library.add(&frames(70_000, 10, 300), &avc, None);
    library.add(&frames(10, 10, 4), &avc, None);
    let plan = library.plan(relative(3005..700_050)).unwrap();
    let head = library.head(&plan);
    let stbl = |kind: &str| find(&head, &format!("moov/trak/mdia/minf/stbl/{kind}")).unwrap().body;
    assert_eq!(table(stbl("stsc"), 0..3, 3), [1, 69_700, 1, 2, 5, 1]);
    assert_eq!(table(stbl("stss"), 0..1, 1)[232..], [69_601, 69_701, 69_705]);
}

#[test]
fn wide_pixels_make_a_wide_picture() {
    let mut library = Library::default();
    let mut wide = (*entry(b"avc1", 720, 576)).clone();
    wide.pixel_aspect = (16, 11);
    library.add(&frames(2, 10, 2), &wide.into(), None);
    let text = tree(&library.head(&library.plan(Selection::all()).unwrap()));
    assert!(text.contains("tkhd 92 v0 duration 20 1047x576"), "{text}");
}

const HOUR: i64 = 3600 * 90_000;

/// That many hours of minutes with a frame every two seconds.
fn hours(hours: u32, bytes: u32) -> Library {
    let avc = entry(b"avc1", 320, 240);
    let minute: Vec<_> =
        (0..30).map(|i| Sample { duration_90k: 180_000, bytes, is_key: i == 0, composition_90k: 0 }).collect();
    let mut library = Library::default();
    for _ in 0..hours * 60 {
        library.add(&minute, &avc, None);
    }
    library
}
