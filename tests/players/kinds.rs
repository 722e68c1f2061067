//! Films of every kind that is short.

use crate::cinema::{CAMERA, Cinema, SECOND};
use crate::judge::Expected;
use crate::support::daemon::{Home, NewCamera};
use crate::support::numbers::{LARGE, MINUTES, MINUTES_H265, Numbered, OTHER, shown_by_ffmpeg};
use std::ops::Range;

/// How long a picture of the short clips is shown.
pub(crate) const FRAME: i64 = 18_000;

/// What is shown of one clip, its pictures told by index.
fn part(clip: &Numbered, pictures: Range<u32>, hidden: usize) -> Expected {
    let shown_90k = i64::from(pictures.end - pictures.start) * FRAME;
    Expected { numbers: clip.numbers(pictures).collect(), hidden, shown_90k, entries: 1 }
}

/// All of a clip at the end of a film: no time is known of the last picture.
fn to_its_end(clip: &Numbered, pictures: Range<u32>, hidden: usize) -> Expected {
    let part = part(clip, pictures, hidden);
    Expected { shown_90k: part.shown_90k - FRAME, ..part }
}

#[test]
fn one_recording() {
    let cinema = Cinema::with(&[(OTHER, 0)]);
    assert_eq!(cinema.recordings().len(), 1);
    to_its_end(&OTHER, 0..100, 0).of(&cinema.film("s=1"));
    to_its_end(&OTHER, 0..100, 0).of(&cinema.span(-SECOND..3600 * SECOND, ""));
}

#[test]
fn many_recordings_and_any_part_of_them() {
    for clip in [MINUTES, MINUTES_H265] {
        let cinema = Cinema::with(&[(clip, 0)]);
        let recordings = cinema.recordings();
        assert!(recordings.len() >= 3, "{recordings:?}");
        to_its_end(&clip, 0..1000, 0).of(&cinema.span(0..200 * SECOND, ""));
        // Off a key frame to off a key frame, across all borders.
        part(&clip, 13..987, 3).of(&cinema.span(13 * FRAME..987 * FRAME, ""));
        // The last picture is cut short.
        let cut = part(&clip, 13..987, 3);
        let cut = Expected { shown_90k: cut.shown_90k - FRAME / 2, ..cut };
        cut.of(&cinema.span(13 * FRAME..987 * FRAME - FRAME / 2, ""));
        // One picture on either side of a border.
        let border = recordings[0].end;
        let first = (border / FRAME) as u32;
        part(&clip, first - 1..first + 1, 9).of(&cinema.span(border - FRAME..border + FRAME, ""));
        // A picture alone.
        part(&clip, 509..510, 9).of(&cinema.span(509 * FRAME..510 * FRAME, ""));
    }
}

#[test]
fn cuts_of_different_recordings() {
    let cinema = Cinema::with(&[(MINUTES, 0)]);
    let later = (cinema.recordings()[1].start / FRAME) as u32;
    // Each cut has its own hidden start, so there are two edits.
    let (first, second) = (part(&MINUTES, 5..25, 5), part(&MINUTES, later + 14..later + 40, 4));
    let film = cinema.film(&format!("s=1.{}-{}&s=2.{}-{}", 5 * FRAME, 25 * FRAME, 14 * FRAME, 40 * FRAME));
    first.then(second).of(&film);
}

#[test]
fn across_holes() {
    let second = 300 * SECOND;
    let cinema = Cinema::with(&[(OTHER, 0), (MINUTES, second)]);
    // The last picture before a hole is shown for as long as the one before it.
    let both = part(&OTHER, 0..100, 0).then(to_its_end(&MINUTES, 0..1000, 0));
    both.of(&cinema.span(0..3600 * SECOND, ""));
    let trimmed = part(&OTHER, 57..100, 7).then(part(&MINUTES, 0..42, 0));
    trimmed.of(&cinema.span(57 * FRAME..second + 42 * FRAME, ""));
    // A span that begins in the hole.
    part(&MINUTES, 0..42, 0).of(&cinema.span(100 * SECOND..second + 42 * FRAME, ""));
}

#[test]
fn across_holes_that_are_held() {
    let second = 300 * SECOND;
    let cinema = Cinema::with(&[(OTHER, 0), (MINUTES, second)]);
    let trimmed = part(&OTHER, 57..100, 7).then(part(&MINUTES, 0..42, 0));
    // The film's time passes as the wall's.
    let held = Expected { shown_90k: second + 42 * FRAME - 57 * FRAME, ..trimmed };
    held.of(&cinema.span(57 * FRAME..second + 42 * FRAME, "&gaps=hold"));
    held.of(&cinema.span(57 * FRAME..second + 42 * FRAME, "&gaps=hold&ts=true"));
}

#[test]
fn after_a_reboot_without_a_hole() {
    // The first clip's last picture has no duration, so the second begins when that one was taken.
    let second = 99 * FRAME;
    let cinema = Cinema::with(&[(OTHER, 0), (MINUTES, second)]);
    let both = part(&OTHER, 0..100, 0).then(part(&MINUTES, 0..42, 0));
    both.of(&cinema.span(0..second + 42 * FRAME, ""));
}

#[test]
fn overlapping_recordings() {
    let second = 10 * SECOND;
    let cinema = Cinema::with(&[(OTHER, 0), (MINUTES, second)]);
    // What was recorded twice is shown twice, each part of it as far as the span goes.
    let both = part(&OTHER, 7..92, 7).then(part(&MINUTES, 0..42, 0));
    both.of(&cinema.span(7 * FRAME..second + 42 * FRAME, ""));
}

#[test]
fn another_size_in_another_run() {
    let second = 300 * SECOND;
    let cinema = Cinema::with(&[(OTHER, 0), (LARGE, second), (MINUTES, 2 * second)]);
    let all = part(&OTHER, 0..100, 0).then(part(&LARGE, 0..100, 0)).then(part(&MINUTES, 0..42, 0));
    // The first and the third are decoded alike, so they share an entry.
    let all = Expected { entries: 2, ..all };
    all.of(&cinema.span(0..2 * second + 42 * FRAME, ""));
}

#[test]
fn another_size_within_a_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sizes.h264");
    let clips = [OTHER, LARGE].map(|clip| std::fs::read(clip.path()).unwrap());
    std::fs::write(&path, clips.concat()).unwrap();
    let cinema = Cinema::with_files(&[(path, OTHER.fps(), 0)]);
    assert_eq!(cinema.recordings().len(), 2);
    let both = part(&OTHER, 93..100, 3).then(part(&LARGE, 0..17, 0));
    let both = Expected { entries: 2, ..both };
    both.of(&cinema.span(93 * FRAME..117 * FRAME, ""));
}

#[test]
fn media_segments() {
    for clip in [MINUTES, MINUTES_H265] {
        let cinema = Cinema::with(&[(clip, 0)]);
        let later = (cinema.recordings()[1].start / FRAME) as u32;
        part(&clip, 0..1000, 0).of_fragments(&cinema.fragments("s=1-3"));
        // There is no edit list: what must be decoded first is shown too.
        part(&clip, later + 10..later + 47, 0).of_fragments(&cinema.fragments(&format!(
            "s=2.{}-{}",
            13 * FRAME,
            47 * FRAME
        )));
    }
}

#[test]
fn what_is_still_recorded() {
    let home = Home::new();
    std::fs::copy(MINUTES.path(), home.path("clip.h264")).unwrap();
    // At its own pace, as a camera would.
    let play = "exec:h264@5:ffmpeg -nostdin -v error -re -r 5 -i clip.h264 -c copy -f h264 -";
    home.add_camera(NewCamera { name: CAMERA, url: play, ..Default::default() });
    let daemon = home.start();
    daemon.wait_for_film(CAMERA, 6);
    let cinema = Cinema { home, daemon };
    let start = cinema.recordings()[0].start;
    let film = cinema.span(start..start + 5 * SECOND, "");
    // By when they came there are about 25.
    let shown = shown_by_ffmpeg(&film).len() as u32;
    assert!((20..=30).contains(&shown), "{shown} pictures");
    Expected { shown_90k: 5 * SECOND, ..part(&MINUTES, 0..shown, 0) }.of(&film);
}

#[test]
fn another_codec_is_refused_in_words() {
    let cinema = Cinema::with(&[(OTHER, 0), (MINUTES_H265, 60 * SECOND)]);
    let (status, detail) = cinema.refusal(0..61 * SECOND);
    assert_eq!(status, 400);
    assert!(detail.contains("2026-03-01T12:01:00"), "{detail}");
    part(&MINUTES_H265, 0..10, 0).of(&cinema.span(21 * SECOND..62 * SECOND, ""));
}

/// The tests above would see it.
#[test]
#[should_panic(expected = "ffmpeg shows other pictures")]
fn an_edit_that_is_off_by_one_frame_is_noticed() {
    let cinema = Cinema::with(&[(OTHER, 0)]);
    let film = cinema.span(7 * FRAME..42 * FRAME, "");
    let mut bytes = std::fs::read(&film).unwrap();
    // Behind the box's name: version and flags, how many edits, how long the first is, and where it begins.
    let edits = bytes.windows(4).position(|name| name == b"elst").unwrap() + 4;
    let begin = &mut bytes[edits + 12..edits + 16];
    assert_eq!(*begin, (7 * FRAME as u32).to_be_bytes());
    begin.copy_from_slice(&(6 * FRAME as u32).to_be_bytes());
    std::fs::write(&film, bytes).unwrap();
    part(&OTHER, 7..42, 7).of(&film);
}
