//! Subtitles, read back by ffmpeg: they tell the time of the picture that they are shown with.

use crate::cinema::{Cinema, NOON, SECOND};
use crate::support::numbers::{LARGE, MINUTES, OTHER};
use crate::support::process::run_silently;
use jiff::fmt::strtime;
use std::path::Path;
use std::process::Command;

#[test]
fn the_time_that_is_told_is_the_pictures_across_holes() {
    // None of them begins with a full second.
    let [second, third] = [300 * SECOND + 7000, 600 * SECOND + 20_000];
    let cinema = Cinema::with(&[(OTHER, 0), (LARGE, second), (MINUTES, third)]);
    let (start, end) = (57 * OTHER.frame_90k, third + 42 * MINUTES.frame_90k);
    let first = 100 * OTHER.frame_90k - start;
    let skipped = [(0, start), (first, second), (first + 20 * SECOND, third)];
    tells(&cues(&cinema.span(start..end, "&ts=true")), &skipped, first + 20 * SECOND + end - third);
    // While a picture is held the time goes on, as the film's does.
    tells(&cues(&cinema.span(start..end, "&ts=true&gaps=hold")), &[(0, start)], end - start);
}

/// Each cue tells the second of what is shown then: of parts of the film, each from a place in it and a time on.
#[track_caller]
fn tells(cues: &[Cue], parts: &[(i64, i64)], length: i64) {
    assert_eq!(cues[0].at, 0);
    let mut told = 0;
    for (i, cue) in cues.iter().enumerate() {
        let end = cues.get(i + 1).map_or(length, |next| next.at);
        // SubRip counts milliseconds.
        let at = cue.at + SECOND / 1000;
        let &(place, time) = parts.iter().rfind(|(place, _)| *place <= at).unwrap();
        assert_eq!(cue.second, (time + at - place).div_euclid(SECOND), "cue {i} at {}", cue.at);
        told += end - cue.at;
    }
    assert_eq!(told, length);
    let is_new_part = |i: &usize| cues[*i].second != cues[*i - 1].second + 1;
    assert_eq!((1..cues.len()).filter(is_new_part).count(), parts.len() - 1);
}

#[derive(Debug)]
struct Cue {
    /// Units since the film began.
    at: i64,
    /// What it tells, in seconds after noon.
    second: i64,
}

/// The subtitles of a film as ffmpeg reads them.
fn cues(film: &Path) -> Vec<Cue> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-v", "error", "-i"]).arg(film).args(["-map", "0:s", "-f", "srt", "-"]);
    let srt = run_silently(&mut ffmpeg).replace('\r', "");
    srt.split("\n\n").filter(|cue| !cue.is_empty()).map(cue).collect()
}

/// `NUMBER`, `00:00:01,600 --> 00:00:02,600`, and the text, perhaps with marks of its style around it.
fn cue(srt: &str) -> Cue {
    let mut lines = srt.lines().skip(1);
    let (from, _) = lines.next().unwrap().split_once(" --> ").unwrap();
    let parts: Vec<i64> = from.split([':', ',']).map(|n| n.parse().unwrap()).collect();
    let ms = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3];
    let text = lines.next().unwrap();
    let text = &text[text.find("2026").unwrap_or_else(|| panic!("a time in {text}"))..];
    let time = strtime::parse("%Y-%m-%d %H:%M:%S %:z", &text[..26]).unwrap().to_timestamp().unwrap();
    Cue { at: ms * SECOND / 1000, second: time.as_second() - NOON / SECOND }
}
