//! `vod.m3u8`: its media segments are the frames of the span, each once, and players play them.

use crate::listing::{Listed, Listing};
use crate::stage::{FIRST, SECOND, SECOND_RUN, stage};
use crate::support::film::Packet;
use crate::support::process::run_silently;
use std::process::Command;

fn span(start: i64, end: i64) -> String {
    format!("start90k={start}&end90k={end}")
}

/// The number in the address of its initialisation segment.
fn map_id(segment: &Listed) -> &str {
    segment.map.strip_prefix("../../../init/").unwrap().strip_suffix(".mp4").unwrap()
}

fn vod(span: &str) -> Listing {
    let answer = stage().get(&format!("vod.m3u8?{span}"));
    assert_eq!(answer.header("content-type"), "application/vnd.apple.mpegurl");
    let listing = Listing::parse(answer.text());
    assert!(listing.is_ended);
    listing
}

#[test]
fn the_segments_are_the_frames_of_the_span() {
    let _shared = stage();
    for (n, span) in [
        span(FIRST, FIRST + 200 * SECOND),
        span(FIRST + 3 * SECOND, FIRST + 130 * SECOND + 1),
        span(FIRST, SECOND_RUN + 60 * SECOND),
        span(FIRST + 139 * SECOND, SECOND_RUN + 11 * SECOND),
    ]
    .iter()
    .enumerate()
    {
        let mut told: Vec<Packet> = Vec::new();
        // Each stretch without a discontinuity as one file, as a player puts it together.
        for (i, stretch) in vod(span).segments.chunk_by(|_, next| !next.is_discontinuous).enumerate() {
            let mut file = stage().init(map_id(&stretch[0])).body;
            let mut at = None;
            for listed in stretch {
                let segment = stage().get(&listed.uri);
                let start: f64 = segment.header("x-media-time").parse::<f64>().unwrap() / 90_000.0;
                assert!(at.is_none_or(|at: f64| (at - start).abs() < 1e-3), "{listed:?} begins at {start}, not {at:?}");
                assert_eq!(segment.header("x-leading-media-duration"), "0", "{listed:?}");
                at = Some(start + listed.seconds);
                file.extend(segment.body);
            }
            told.extend(stage().film(&format!("vod-{n}-{i}.mp4"), &file).packets());
        }
        let film = stage().film(&format!("vod-{n}.mp4"), &stage().get(&format!("view.mp4?{span}")).body).packets();
        let hashes =
            |packets: &[crate::support::film::Packet]| packets.iter().map(|p| p.sha256.clone()).collect::<Vec<_>>();
        assert!(hashes(&told) == hashes(&film), "{span}: {} frames, not {}", told.len(), film.len());
    }
}

#[test]
fn gaps_and_other_parameters_are_discontinuities() {
    let _shared = stage();
    let listing = vod(&span(FIRST + 5 * SECOND, SECOND_RUN + 60 * SECOND));
    let broken: Vec<_> = listing.segments.iter().filter(|s| s.is_discontinuous).collect();
    let told: Vec<_> = broken.iter().map(|s| (s.date.as_deref().unwrap(), &*s.map)).collect();
    assert_eq!(
        told,
        [
            ("2024-05-01T10:05:00.000+00:00", "../../../init/1.mp4"),
            ("2024-05-01T10:05:10.000+00:00", "../../../init/2.mp4"),
        ]
    );
    assert_eq!(listing.segments[0].date.as_deref(), Some("2024-05-01T10:00:04.000+00:00"));
    assert_eq!(listing.start, 1.0);
    assert!(listing.segments.iter().all(|s| s.seconds <= 4.0), "{listing:?}");
}

#[test]
fn the_same_stretch_has_the_same_address_in_every_list() {
    let _shared = stage();
    let addresses = |from: i64, to: i64| -> Vec<String> {
        vod(&span(FIRST + from * SECOND, FIRST + to * SECOND)).segments.into_iter().map(|s| s.uri).collect()
    };
    let all = addresses(0, 200);
    let inner = addresses(13, 141);
    assert_eq!(inner[0], all[3]);
    let after_the_first = &inner[1..inner.len() - 1];
    assert!(all.windows(after_the_first.len()).any(|part| part == after_the_first), "{inner:?} of {all:?}");
}

/// Across the gap too. Where the parameters change ffmpeg goes on with the old ones: it does not know two `EXT-X-MAP` in
/// a list of fMP4, so it gets the two sides apart.
#[test]
fn ffmpeg_plays_it() {
    let _shared = stage();
    for (span, frames) in
        [(span(FIRST, FIRST + 200 * SECOND), 1500), (span(FIRST + 140 * SECOND, SECOND_RUN + 10 * SECOND), 100 + 100)]
    {
        let url = stage().url(&format!("vod.m3u8?{span}"));
        let ffmpeg = ["-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-i", &url];
        let said =
            run_silently(Command::new("ffmpeg").args(ffmpeg).args(["-fps_mode", "passthrough", "-f", "framecrc", "-"]));
        let pictures = said.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(pictures, frames, "{span}");
    }
}

#[test]
fn what_cannot_be_listed_is_refused_in_words() {
    let _shared = stage();
    for (asked, status, words) in [
        (span(0, 1), 404, "nothing was recorded in this span"),
        ("start90k=1".to_owned(), 400, "a playlist needs both start90k and end90k"),
    ] {
        let answer = stage().ask(&format!("vod.m3u8?{asked}"));
        assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (status, words));
    }
}

#[test]
fn film_of_another_day_is_not_live() {
    let answer = stage().ask("live.m3u8");
    let words = "nothing was recorded in the last 5 minutes";
    assert_eq!((answer.status, answer.json()["detail"].as_str().unwrap()), (404, words));
}
