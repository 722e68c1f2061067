//! `view.m4s`: with its initialisation segment before it, it is the film that `view.mp4` gives.

use crate::stage::{FIRST, SECOND, SECOND_RUN, same_frames, stage};

#[test]
fn a_media_segment_has_the_frames_of_the_film() {
    let _shared = stage();
    let second = SECOND_RUN;
    for (n, asked) in [
        "s=1".to_owned(),
        "s=1-2".to_owned(),
        "s=1-2.900000-".to_owned(),
        "s=2.91000-950000".to_owned(),
        "s=4".to_owned(),
        format!("start90k={}&end90k={}", FIRST + 7 * SECOND, FIRST + 133 * SECOND + 17),
        format!("start90k={}&end90k={}", second + 3 * SECOND / 2, second + 9 * SECOND),
    ]
    .iter()
    .enumerate()
    {
        let film = stage().film(&format!("film-{n}.mp4"), &stage().get(&format!("view.mp4?{asked}")).body);
        let segment = stage().get(&format!("view.m4s?{asked}"));
        let fragments = stage().film(&format!("fragments-{n}.mp4"), &stage().playable(&segment));
        let (wanted, told) = (film.packets(), fragments.packets());
        same_frames(&told, &wanted, asked);
        let [leading, media_time] =
            ["x-leading-media-duration", "x-media-time"].map(|name| segment.header(name).parse::<i64>().unwrap());
        assert_eq!(told[0].pts, media_time, "{asked}");
        // ffprobe counts from the first frame that begins where the film is shown.
        assert!((leading..leading + 9000).contains(&-wanted[0].pts), "{asked}: {leading}, {}", wanted[0].pts);
        assert_eq!(fragments.decode(), told.len());
    }
}

#[test]
fn it_says_where_it_begins() {
    let _shared = stage();
    let segment = stage().get("view.m4s?s=2.135000-900000");
    let header = |name| segment.header(name).parse::<i64>().unwrap();
    let first = stage().get("recordings?split90k=1").json()["recordings"].as_array().unwrap().last().unwrap().clone();
    let duration = first["mediaDuration90k"].as_i64().unwrap();
    assert_eq!(header("x-leading-media-duration"), 135_000);
    assert_eq!(header("x-media-time"), duration);
    assert_eq!(header("x-start-time-90k"), FIRST + duration);
    assert_eq!(header("x-run-start-id"), 1);
    assert_eq!(segment.header("content-type"), "video/mp4");
    assert!(segment.header("etag").starts_with('"'));
}

#[test]
fn what_is_not_one_stretch_is_refused_with_its_moment() {
    let _shared = stage();
    let span = format!("view.m4s?start90k={FIRST}&end90k={}", SECOND_RUN + SECOND);
    for (asked, status, words) in [
        (&*span, 400, "another run begins at 2024-05-01T10:05:00:00000+00:00"),
        ("view.m4s?s=3-4", 400, "the video's parameters change at 2024-05-01T10:05:10:00000+00:00"),
        ("view.m4s?s=1&s=1", 400, "a hole or a step back ends at 2024-05-01T10:00:00:00000+00:00"),
        ("view.m4s?s=1.0-90000&s=1.180000-", 400, "a hole or a step back ends at 2024-05-01T10:00:02"),
        ("view.m4s?s=9", 404, "recording 1/9: it is not there (any more)"),
        ("view.m4s?m=9.0-90000", 404, "recording 1/9: it is not there (any more)"),
        ("view.m4s?m=1.90000000-90000001", 404, "nothing was recorded in this span"),
        ("view.m4s?start90k=0&end90k=1", 404, "nothing was recorded in this span"),
    ] {
        let answer = stage().ask(asked);
        assert_eq!(answer.status, status, "{asked}: {}", answer.text());
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{asked}: {detail}");
    }
}

#[test]
fn an_initialisation_segment_is_asked_for_by_its_tag() {
    let _shared = stage();
    let init = stage().init("1");
    assert_eq!(init.header("content-type"), "video/mp4");
    assert_eq!(init.header("cache-control"), "private, no-cache");
    assert_eq!(init.header("etag"), stage().init("1").header("etag"));
    assert_ne!(init.header("etag"), stage().init("2").header("etag"));
    assert_eq!(stage().init("99").status, 404);
}
