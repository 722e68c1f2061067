//! Conditional and range requests (RFC 9110) for films.

use crate::assert_problem;
use crate::recorder::{Recorder, START};
use crate::server::Server;
use crate::support::http::Answer;
use crate::support::wait::{secs, wait_until};
use sha2::{Digest, Sha256};

#[test]
fn several_ranges_come_as_parts_with_a_boundary_that_is_in_no_film() {
    let server = Server::with_film();
    let whole = server.get(&server.film());
    let len = whole.body.len();
    let asked = "bytes=0-3, 1000-1999,-7,5-5";
    let parts = server.ask("GET", &server.film(), &[("Range", asked)]);
    assert_eq!(parts.status, 206);
    let kind = parts.header("content-type").to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert_eq!(format!("\"{boundary}\""), whole.header("etag"));
    assert_eq!(parts.header("content-length"), parts.body.len().to_string());
    for name in ["etag", "last-modified", "accept-ranges", "cache-control"] {
        assert_eq!(parts.header(name), whole.header(name), "{name}");
    }
    let mut rest = &parts.body[..];
    for range in [0..4, 1000..2000, len - 7..len, 5..6] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {}-{}/{len}\r\n\r\n",
            range.start,
            range.end - 1
        );
        rest = rest.strip_prefix(head.as_bytes()).unwrap();
        assert!(rest[..range.len()] == whole.body[range.clone()], "{range:?}");
        rest = &rest[range.len()..];
    }
    assert_eq!(String::from_utf8_lossy(rest), format!("\r\n--{boundary}--\r\n"));
    let head = server.ask("HEAD", &server.film(), &[("Range", asked)]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "etag"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
    assert!(!parts.has("content-range"), "it is told of each part");
}

#[test]
fn parts_that_are_more_than_the_whole_are_the_whole() {
    let server = Server::with_film();
    let len = server.get(&server.film()).body.len();
    let most = server.ask("GET", &server.film(), &[("Range", &format!("bytes=0-9,10-{}", len - 20))]);
    assert_eq!((most.status, most.body.len()), (200, len));
}

#[test]
fn parts_are_sent_under_the_same_conditions() {
    let server = Server::with_film();
    let tag = server.get(&server.film()).header("etag").to_owned();
    let status =
        |condition: (&str, &str)| server.ask("GET", &server.film(), &[condition, ("Range", "bytes=0-3,8-11")]).status;
    assert_eq!(status(("If-Range", &tag)), 206);
    assert_eq!(status(("If-Range", "\"other\"")), 200);
    assert_eq!(status(("If-Range", &format!("W/{tag}"))), 200);
    assert_eq!(status(("If-Match", &tag)), 206);
    assert_eq!(status(("If-Match", "\"other\"")), 412);
    assert_eq!(status(("If-None-Match", &tag)), 304);
}

#[test]
fn open_and_suffix_ranges_end_with_the_film() {
    let server = Server::with_film();
    let whole = server.get(&server.film()).body;
    let len = whole.len();
    for (asked, first) in [("bytes=1000-", 1000), ("bytes=-1000", len - 1000), ("bytes=0-", 0)] {
        let part = server.ask("GET", &server.film(), &[("Range", asked)]);
        assert_eq!((part.status, part.header("content-range")), (206, &*format!("bytes {first}-{}/{len}", len - 1)));
        assert!(part.body == whole[first..], "{asked}");
    }
    let all = server.ask("GET", &server.film(), &[("Range", "bytes=-99999999999")]);
    assert!(all.status == 206 && all.body == whole);
}

#[test]
fn a_refused_condition_or_range_is_a_problem_with_the_films_headers() {
    let server = Server::with_film();
    let film = server.get(&server.film());
    let changed = server.ask("GET", &server.film(), &[("If-Match", "\"other\"")]);
    assert_problem(&changed, 412, "");
    assert_eq!(changed.header("etag"), film.header("etag"));
    let beyond = server.ask("GET", &server.film(), &[("Range", "bytes=99999999-")]);
    assert_problem(&beyond, 416, "");
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", film.body.len()));
}

#[test]
fn dates_are_conditions_where_there_is_no_tag() {
    let server = Server::with_film();
    let film = server.get(&server.film());
    let (tag, date) = (film.header("etag"), film.header("last-modified"));
    assert_eq!(date, "Wed, 01 May 2024 10:00:09 GMT");
    let (before, after) = ("Wed, 01 May 2024 10:00:08 GMT", "Wed, 01 May 2024 10:00:10 GMT");
    let status = |headers: &[(&str, &str)]| server.ask("GET", &server.film(), headers).status;
    assert_eq!([date, before, after].map(|d| status(&[("If-Modified-Since", d)])), [304, 200, 304]);
    assert_eq!([date, before, after].map(|d| status(&[("If-Unmodified-Since", d)])), [200, 412, 200]);
    assert_eq!(status(&[("If-Modified-Since", after), ("If-None-Match", "\"other\"")]), 200);
    assert_eq!(status(&[("If-Unmodified-Since", before), ("If-Match", tag)]), 200);
    assert_eq!(status(&[("If-Modified-Since", "yesterday")]), 200);
    assert_eq!(status(&[("If-Unmodified-Since", "yesterday"), ("Range", "bytes=0-9")]), 206);
    assert_eq!(status(&[("If-Range", date), ("Range", "bytes=0-9")]), 200, "two films of a second have one date");
}

#[test]
fn head_says_what_get_says() {
    let server = Server::with_film();
    let agree = |path: &str, headers: &[(&str, &str)], of_head: &[(&str, &str)]| {
        let (get, head) = (server.ask("GET", path, headers), server.ask("HEAD", path, of_head));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{of_head:?}");
        for name in ["content-length", "content-range", "content-type", "etag", "last-modified", "accept-ranges"] {
            assert_eq!(head.has(name), get.has(name), "{name} {of_head:?}");
            assert!(!get.has(name) || head.header(name) == get.header(name), "{name} {of_head:?}");
        }
    };
    for path in [&*server.film(), "/api/init/1.mp4", "/icon.svg"] {
        for same in [&[][..], &[("If-None-Match", "*")], &[("If-Match", "\"other\"")]] {
            agree(path, same, same);
        }
        // Ranges are GET's alone (RFC 9110 14.2).
        for range in ["bytes=5-9", "bytes=0-3,8-11", "bytes=99999999-"] {
            agree(path, &[], &[("Range", range)]);
        }
    }
}

#[test]
fn a_film_that_ends_before_now_stays_what_it_is_while_more_is_recorded() {
    let server = Server::with_film();
    let mut recorder = Recorder::new(server.store(), server.stream_id(), 5000);
    let (start, end) = (START.0 + 90_000 / 2, START.0 + 7 * 90_000);
    let path = format!("{}/view.mp4?start90k={start}&end90k={end}", server.stream());
    let told = |film: &Answer| {
        assert_eq!(film.status, 200);
        (film.header("etag").to_owned(), Sha256::digest(&film.body))
    };
    recorder.frames(12);
    let first = told(&server.get(&path));
    for _ in 0..3 {
        recorder.frames(7);
        assert_eq!(told(&server.get(&path)), first, "it grows");
    }
    recorder.end();
    let all = || server.recordings(&format!("?start90k={}", START.0));
    wait_until("it is closed", secs(10), || (all()[0]["growing"] == false).then_some(()));
    assert_eq!(told(&server.get(&path)), first, "it is closed");
    server.store().flush().unwrap();
    assert_eq!(told(&server.get(&path)), first, "it has its row");
    let again = server.ask("GET", &path, &[("If-Range", &first.0), ("Range", "bytes=100-199")]);
    assert_eq!(again.status, 206);
}
