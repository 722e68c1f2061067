//! Spans that cross runs, out of the real store.

use crate::assert_problem;
use crate::server::Server;
use crate::support::http::Answer;
use jiff::tz::TimeZone;
use lunette::base::{MonoTime, WallDuration, WallTime};
use lunette::media::growing::Step;
use lunette::media::recording::{Cause, EndReason};
use lunette::media::run::{Run, Terms};
use lunette::media::{Frame, SampleEntry};
use lunette::store::Growing;
use serde_json::json;
use std::ops::Range;
use std::sync::Arc;

const SECOND: i64 = 90_000;
/// 2024-05-01T12:00:00Z: two hours after the server's own film, whose recording has the number 1.
const NOON: i64 = 1_714_564_800 * SECOND;

/// A run of so many frames, one a second and every second one a key frame, that began so many seconds after noon by a
/// clock that may have been set since.
fn record(server: &Server, kind: &[u8; 4], start: i64, frames: i64) {
    let store = server.store();
    let stream = store.cameras()[0].streams[0].id;
    let data = [b"\0\0\0\x08", &kind[..]].concat().into();
    let rfc6381_codec = String::from_utf8_lossy(kind).into_owned();
    let entry = Arc::new(SampleEntry { data, width: 160, height: 120, pixel_aspect: (1, 1), rfc6381_codec });
    let clock_offset = WallDuration(NOON + start * SECOND);
    let mut run = Run::new(Terms { stream, clock_offset, unproven: false });
    let mut growing: Option<Growing> = None;
    let mut take = |steps: Vec<Step>| {
        for step in steps {
            match step {
                Step::Open(head) => growing = Some(store.begin(head).unwrap()),
                Step::Append(append) => growing.as_mut().unwrap().append(append).unwrap(),
                Step::Close(close) => growing.take().unwrap().close(close),
            }
        }
    };
    for n in 0..frames {
        let frame = Frame {
            pts_90k: n * SECOND,
            arrived: MonoTime(n * SECOND),
            is_key: n % 2 == 0,
            is_skipped_leading: false,
            is_bidirectional: false,
            data: vec![n as u8; 100].into(),
            sample_entry: entry.clone(),
            lost_packets: 0,
        };
        let mut steps = Vec::new();
        run.push(&frame, &mut steps).unwrap();
        take(steps);
        if n % 8 == 7 {
            // Else the disk is told to be behind.
            store.catch_up().unwrap();
        }
    }
    let mut steps = Vec::new();
    run.finish(EndReason::new(Cause::Closed, ""), &mut steps);
    take(steps);
    store.flush().unwrap();
}

/// `view.mp4` or its list of pieces for a span of seconds since noon.
fn ask(server: &Server, form: &str, seconds: Range<i64>, style: &str) -> Answer {
    let (start, end) = (NOON + seconds.start * SECOND, NOON + seconds.end * SECOND);
    server.get(&format!("{}/{form}?start90k={start}&end90k={end}{style}", server.stream()))
}

#[test]
fn overlapping_runs_are_played_one_after_the_other() {
    let server = Server::with_film();
    record(&server, b"avc1", 0, 250);
    let of_first = server.recordings("?split90k=1").len() as i64;
    // The clock was set back by a minute and a half, and the camera came back at once.
    record(&server, b"avc1", 160, 250);
    let mut by_start: Vec<i64> =
        server.recordings("?split90k=1").iter().map(|r| r["startId"].as_i64().unwrap()).collect();
    by_start.reverse();
    let played = |span| -> Vec<i64> {
        let listed = ask(&server, "view.mp4.txt", span, "&ts=true");
        let film = listed.text().lines().filter_map(|line| line.split_once(" film 1/")?.1.split_once(' '));
        film.map(|(number, _)| number.parse().unwrap()).collect()
    };
    let all: Vec<i64> = (2..=by_start.len() as i64).collect();
    assert!(by_start[1..] != all, "recordings of the two alternate: {by_start:?}");
    assert_eq!(played(0..600), all);
    // From where both were recording on: the first run's last recording, then the second run's.
    assert_eq!(played(245..600), (of_first..=all.len() as i64 + 1).collect::<Vec<_>>());
}

#[test]
fn a_change_of_the_codec_and_a_long_hole_are_named() {
    let server = Server::with_film();
    record(&server, b"avc1", 0, 10);
    record(&server, b"hvc1", 20, 10);
    let what = "the codec changes from avc1 to hvc1 at 2024-05-01T12:00:20:00000+00:00";
    assert_problem(&ask(&server, "view.mp4", 0..40, ""), 400, what);
    assert_eq!(ask(&server, "view.mp4", 0..20, "").status, 200);
    assert_eq!(ask(&server, "view.mp4", 20..40, "").status, 200);
    record(&server, b"hvc1", 30_000, 10);
    let what = "no film from 2024-05-01T12:00:29:00000+00:00 to 2024-05-01T20:20:00:00000+00:00, more than 6 hours";
    assert_problem(&ask(&server, "view.mp4", 20..40_000, "&gaps=hold"), 400, what);
    assert_eq!(ask(&server, "view.mp4", 20..40_000, "").status, 200);
}

#[test]
fn days_end_at_midnight_also_when_the_clock_changed() {
    let server = Server::in_zone(TimeZone::get("Europe/Berlin").unwrap());
    // Twenty seconds before and behind; on 31 March 2024 two o'clock was three o'clock, and the day had 23 hours.
    for start in ["2024-03-30T23:59:40+01:00", "2024-03-31T01:59:40+01:00", "2024-03-31T23:59:40+02:00"] {
        let start = WallTime::parse(start, &TimeZone::UTC).unwrap();
        record(&server, b"avc1", (start.0 - NOON) / SECOND, 41);
    }
    let top = server.get("/api/?days=true").json();
    assert_eq!(
        top["cameras"][0]["streams"]["main"]["days"],
        json!({
            "2024-03-30": 20 * SECOND,
            "2024-03-31": 80 * SECOND,
            "2024-04-01": 20 * SECOND,
            "2024-05-01": 99 * SECOND / 10,
        })
    );
    let rows = server.recordings("?start90k=2024-03-31T01:00:00&end90k=2024-03-31T04:00:00");
    let times = ["startTime", "endTime"].map(|name| rows[0][name].clone());
    assert_eq!(times, ["2024-03-31T01:59:40:00000+01:00", "2024-03-31T03:00:20:00000+02:00"]);
    assert_eq!(rows.len(), 1);
    let told = server.get("/api/time?time90k=2024-03-31T02:30:00").json();
    assert_eq!(told["time"], "2024-03-31T03:30:00:00000+02:00", "there was no such time");
}
