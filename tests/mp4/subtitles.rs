//! `ts=true`: the wall time beside the film, as ffmpeg reads it back.

use crate::clip::{Clip, run};
use crate::cursor::{find, tree, u32_at};
use crate::library::{Library, NOON, entry, frames, hold, relative, span, texts};
use jiff::tz::TimeZone;
use lunette::base::WallTime;
use lunette::media::Selection;
use lunette::media::mp4::Style;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

const SECOND: i64 = 90_000;

static CLIP: LazyLock<Clip> = LazyLock::new(|| Clip::make(tempfile::tempdir().unwrap().path(), 160, 120));

/// Four seconds of film, two recordings of two, that began then.
fn film_of(start: &str) -> Library {
    let mut library = Library::default();
    library.skip(WallTime::parse(start, &TimeZone::UTC).unwrap().0 - NOON.0);
    CLIP.record(&mut library, 60);
    library
}

/// The texts as ffmpeg reads them, a line each: from when to when on the film's time line, in seconds, and what.
fn read(library: &Library, style: Style, selection: Selection) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view.mp4");
    let plan = library.plan_styled(style, [selection]).unwrap();
    std::fs::write(&path, library.file(&plan)).unwrap();
    read_file(&path)
}

fn read_file(path: &Path) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    let srt = run(ffmpeg.args(["-v", "warning", "-i"]).arg(path).args(["-map", "0:s", "-f", "srt", "-"]));
    let blocks = srt.split("\n\n").filter(|block| !block.trim().is_empty());
    let line = |block: &str| {
        let mut lines = block.lines().skip(1);
        let (from, to) = lines.next().unwrap().split_once(" --> ").unwrap();
        let text = lines.next().unwrap();
        format!("{}-{} {text}", seconds(from), seconds(to))
    };
    blocks.map(line).collect()
}

/// `00:01:02,345` as `62.345`.
fn seconds(time: &str) -> String {
    let mut parts = time.split([':', ',']).map(|part| part.parse::<u32>().unwrap());
    let mut next = || parts.next().unwrap();
    let seconds = (next() * 60 + next()) * 60 + next();
    format!("{seconds}.{:03}", next())
}

#[test]
fn a_second_of_the_wall_is_a_text_wherever_the_film_begins() {
    let library = film_of("2026-11-22T18:33:03:30000Z");
    let all = read(&library, texts("UTC"), Selection::all());
    let expected = [
        "0.000-0.667 2026-11-22 18:33:03 +00:00",
        "0.667-1.667 2026-11-22 18:33:04 +00:00",
        "1.667-2.667 2026-11-22 18:33:05 +00:00",
        "2.667-3.667 2026-11-22 18:33:06 +00:00",
        "3.667-4.000 2026-11-22 18:33:07 +00:00",
    ];
    assert_eq!(all, expected);
    // 1.5 s in, off a key frame: what is hidden before has no text.
    let part = read(&library, texts("UTC"), relative(135_000..270_000));
    let expected = [
        "0.000-0.167 2026-11-22 18:33:04 +00:00",
        "0.167-1.167 2026-11-22 18:33:05 +00:00",
        "1.167-1.500 2026-11-22 18:33:06 +00:00",
    ];
    assert_eq!(part, expected);
}

#[test]
fn clocks_that_are_set_and_days_that_begin_are_told_in_the_zone() {
    let berlin = |start| read(&film_of(start), texts("Europe/Berlin"), Selection::all());
    let table = [
        (
            "2024-12-31T22:59:58Z",
            [
                "2024-12-31 23:59:58 +01:00",
                "2024-12-31 23:59:59 +01:00",
                "2025-01-01 00:00:00 +01:00",
                "2025-01-01 00:00:01 +01:00",
            ],
        ),
        (
            "2024-03-31T00:59:58Z",
            [
                "2024-03-31 01:59:58 +01:00",
                "2024-03-31 01:59:59 +01:00",
                "2024-03-31 03:00:00 +02:00",
                "2024-03-31 03:00:01 +02:00",
            ],
        ),
        (
            "2024-10-27T00:59:58Z",
            [
                "2024-10-27 02:59:58 +02:00",
                "2024-10-27 02:59:59 +02:00",
                "2024-10-27 02:00:00 +01:00",
                "2024-10-27 02:00:01 +01:00",
            ],
        ),
    ];
    for (start, texts) in table {
        let expected: Vec<_> = (0..).zip(texts).map(|(i, text)| format!("{i}.000-{}.000 {text}", i + 1)).collect();
        assert_eq!(berlin(start), expected);
    }
    let west = read(&film_of("2024-12-31T22:59:58Z"), texts("America/St_Johns"), relative(0..SECOND));
    assert_eq!(west, ["0.000-1.000 2024-12-31 19:29:58 -03:30"]);
}

/// Two seconds, then 2.5 s nothing, two more, and again two that began with the second second of these.
fn with_a_hole_and_an_overlap() -> Library {
    let mut library = film_of("2026-11-22T18:33:03Z");
    let first = library.recordings[0].0.start;
    library.skip(-SECOND);
    library.add(&CLIP.samples[..60], &CLIP.entry, Some(CLIP.film_of_first(60)));
    for (number, start) in [(1, 405_000), (2, 495_000)] {
        library.recordings[number].0.start = WallTime(first.0 + start);
    }
    library
}

#[test]
fn texts_jump_with_the_film_over_a_hole_and_step_back_in_an_overlap() {
    let told = read(&with_a_hole_and_an_overlap(), texts("UTC"), Selection::all());
    let expected = [
        "0.000-1.000 2026-11-22 18:33:03 +00:00",
        "1.000-2.000 2026-11-22 18:33:04 +00:00",
        "2.000-2.500 2026-11-22 18:33:07 +00:00",
        "2.500-3.500 2026-11-22 18:33:08 +00:00",
        "3.500-4.000 2026-11-22 18:33:09 +00:00",
        "4.000-4.500 2026-11-22 18:33:08 +00:00",
        "4.500-5.500 2026-11-22 18:33:09 +00:00",
        "5.500-6.000 2026-11-22 18:33:10 +00:00",
    ];
    assert_eq!(told, expected);
}

#[test]
fn texts_go_on_while_a_picture_is_held() {
    let style = Style { subtitles: texts("UTC").subtitles, ..hold() };
    let told = read(&with_a_hole_and_an_overlap(), style, relative(0..360_000));
    let expected = [
        "0.000-1.000 2026-11-22 18:33:03 +00:00",
        "1.000-2.000 2026-11-22 18:33:04 +00:00",
        "2.000-3.000 2026-11-22 18:33:05 +00:00",
        "3.000-4.000 2026-11-22 18:33:06 +00:00",
        "4.000-5.000 2026-11-22 18:33:07 +00:00",
        "5.000-6.000 2026-11-22 18:33:08 +00:00",
        "6.000-6.500 2026-11-22 18:33:09 +00:00",
    ];
    assert_eq!(told, expected);
}

#[test]
fn players_see_a_track_of_timed_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("view.mp4");
    let library = film_of("2026-11-22T18:33:03Z");
    let plan = library.plan_styled(texts("UTC"), [relative(45_000..180_000)]).unwrap();
    std::fs::write(&path, library.file(&plan)).unwrap();
    let mut ffprobe = Command::new("ffprobe");
    let entries = "stream=codec_type,codec_name,codec_tag_string,start_time,duration,nb_frames";
    let told = run(ffprobe.args(["-v", "warning", "-of", "csv=p=0", "-show_entries", entries]).arg(&path));
    assert_eq!(told, "h264,video,avc1,0.000000,1.500000,60\nmov_text,subtitle,tx3g,0.000000,1.500000,2\n");
    // Both tracks at once: what is between the texts is film.
    assert_eq!(
        run(Command::new("ffmpeg").args(["-v", "error", "-xerror", "-i"]).arg(&path).args(["-f", "null", "-"])),
        ""
    );
}

#[test]
fn the_track_is_of_its_own() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    library.skip(30_000);
    library.add(&frames(40, 9000, 10), &avc, None);
    library.add(&frames(10, 9000, 10), &avc, None);
    let plan = library.plan_styled(texts("UTC"), [span(31_000..40 * 9000 + 100_000)]).unwrap();
    let file = library.file(&plan);
    let text = tree(&file);
    let from = text.rfind("  trak ").unwrap();
    // The second recording begins within a second that is told already; the first of its own comes 60 000 later.
    let expected = r#"  trak 464
    tkhd 92 v0 duration 429000 384x288
    mdia 364
      mdhd 32 v0 scale 90000 duration 429000
      hdlr 40 sbtl
      minf 284
        nmhd 12
        dinf 36
          dref 28
        stbl 228
          stsd 80
            tx3g 64
          stts 48 ["59000x1", "90000x4", "10000x1"]
          stsc 40 [[1, 5, 1], [2, 1, 1]]
          stsz 20 28x6
          co64 32 [1660, 2296]
mdat 777
"#;
    assert_eq!(&text[from..], expected);
}

#[test]
fn what_the_clocks_of_the_place_show_shapes_the_tag() {
    let library = film_of("2024-03-31T00:59:58Z");
    let tag = |style: Style, selection| library.plan_styled(style, [selection]).unwrap().etag().to_owned();
    let of = |zone| tag(texts(zone), Selection::all());
    assert_eq!(of("Europe/Berlin"), of("Europe/Paris"));
    // The same offset at first; the other is not set forward in it.
    assert_ne!(of("Europe/Berlin"), of("Africa/Lagos"));
    let before = |zone| tag(texts(zone), relative(0..SECOND));
    assert_eq!(before("Europe/Berlin"), before("Africa/Lagos"));
    assert_ne!(before("Europe/Berlin"), before("UTC"));
    assert_ne!(before("UTC"), tag(Style::default(), relative(0..SECOND)));
}

#[test]
fn a_segment_takes_little_memory_with_texts_too() {
    let mut library = Library::default();
    let avc = entry(b"avc1", 320, 240);
    for _ in 0..1440 {
        library.add(&frames(2, 2_700_000, 2), &avc, None);
    }
    let plan = library.plan_styled(texts("Europe/Berlin"), [Selection::all()]).unwrap();
    let bytes = plan.memory_bytes() / 1440;
    assert!(bytes <= 138, "{bytes} bytes a recording");
    // A day has as many texts as seconds.
    assert_eq!(plan.describe().lines().filter(|line| line.contains(" text 1/")).count(), 1440);
    let head = library.head(&plan);
    let sizes = find(&head, "moov/trak+1/mdia/minf/stbl/stsz").unwrap().body;
    assert_eq!((u32_at(sizes, 4), u32_at(sizes, 8)), (28, 86_400));
}
