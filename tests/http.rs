//! The HTTP API over real sockets, with film that ffmpeg made and `lunette import` took in.

#[path = "http/conditions.rs"]
mod conditions;
#[path = "http/faults.rs"]
mod faults;
#[path = "http/growth.rs"]
mod growth;
#[path = "http/recorder.rs"]
mod recorder;
#[path = "http/server.rs"]
mod server;
#[path = "http/spans.rs"]
mod spans;
mod support;
#[path = "http/tls.rs"]
mod tls;

use server::Server;
use support::http::Answer;

#[test]
fn a_film_is_served_whole_and_plays() {
    let server = Server::with_film();
    let film = server.get(&server.film());
    assert_eq!(film.status, 200);
    assert_eq!(film.header("content-type"), "video/mp4");
    assert_eq!(film.header("content-length"), film.body.len().to_string());
    assert_eq!(film.header("accept-ranges"), "bytes");
    assert_eq!(film.header("cache-control"), "private, no-cache");
    assert_eq!(server.probe(&film.body), "h264,100,9.900000");
    let listed = server.get(&format!("{}.txt?s=1", server.film().split('?').next().unwrap()));
    assert!(listed.text().starts_with(&format!("{} bytes, tag {}\n", film.body.len(), film.header("etag"))));
}

#[test]
fn any_split_into_ranges_gives_the_same_bytes() {
    let server = Server::with_film();
    let whole = server.get(&server.film()).body;
    let mut at = 0;
    for step in [1, 7, 100, 4096, 65_536, 1 << 20].into_iter().cycle() {
        let end = (at + step).min(whole.len());
        let part = server.ask("GET", &server.film(), &[("Range", &format!("bytes={at}-{}", end - 1))]);
        assert_eq!(part.status, 206);
        assert_eq!(part.header("content-range"), format!("bytes {at}-{}/{}", end - 1, whole.len()));
        assert!(part.body == whole[at..end], "{at}..{end}");
        at = end;
        if at == whole.len() {
            break;
        }
    }
}

#[test]
fn conditions_go_by_the_tag() {
    let server = Server::with_film();
    let tag = server.get(&server.film()).header("etag").to_owned();
    let status = |headers: &[(&str, &str)]| server.ask("GET", &server.film(), headers).status;
    assert_eq!(status(&[("If-None-Match", &tag)]), 304);
    assert_eq!(status(&[("If-None-Match", "\"other\"")]), 200);
    // Ff7: the right tag was answered 412 once, and Chrome could not seek.
    assert_eq!(status(&[("If-Match", &tag)]), 200);
    assert_eq!(status(&[("If-Match", &tag), ("Range", "bytes=100-199")]), 206);
    assert_eq!(status(&[("If-Match", "\"other\"")]), 412);
    // Ff8: a range of what the client knows, or all of what it does not.
    assert_eq!(status(&[("If-Range", &tag), ("Range", "bytes=100-199")]), 206);
    assert_eq!(status(&[("If-Range", "\"other\""), ("Range", "bytes=100-199")]), 200);
    assert_ne!(server.get(&server.film().replace("s=1", "s=1.0-90000")).header("etag"), tag);
}

#[test]
fn head_says_what_get_would_and_sends_nothing() {
    let server = Server::with_film();
    let (head, get) = (server.ask("HEAD", &server.film(), &[]), server.get(&server.film()));
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "etag", "last-modified", "content-type"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    // Ranges are GET's alone.
    let range = server.ask("HEAD", &server.film(), &[("Range", "bytes=0-9")]);
    assert_eq!((range.status, range.body.len()), (200, 0));
    assert_eq!(range.header("content-length"), get.header("content-length"));
}

#[test]
fn a_span_is_cut_and_a_span_without_film_is_not_found() {
    let server = Server::with_film();
    let start = server.recordings("")[0]["startTime90k"].as_i64().unwrap();
    let span = |from: i64, to: i64| {
        let stream = server.stream();
        server.get(&format!("{stream}/view.mp4?start90k={}&end90k={}", start + from * 90_000, start + to * 90_000))
    };
    assert_eq!(server.probe(&span(2, 5).body), "h264,30,3.000000");
    assert_eq!(server.probe(&span(-100, 3).body), "h264,30,3.000000");
    assert_problem(&span(20, 30), 404, "nothing was recorded in this span");
    let text = format!("{}/view.mp4?start90k=2024-05-01T10:00:01&end90k=2024-05-01T10:00:02", server.stream());
    assert_eq!(server.probe(&server.get(&text).body), "h264,10,1.000000");
}

#[test]
fn an_export_is_the_bytes_of_the_route() {
    let server = Server::with_film();
    let (start, end) = ("2024-05-01T10:00:01:30000Z", "2024-05-01T10:00:04Z");
    let route = |style: &str| {
        let film = server.get(&format!("{}/view.mp4?start90k={start}&end90k={end}{style}", server.stream()));
        assert_eq!(film.status, 200, "{}", film.text());
        film.body
    };
    let exported = |style: &str| server.export(&format!("--start {start} --end {end}{style}"));
    assert!(route("") == exported(""));
    assert!(route("") == server.export_to_output(&format!("--start {start} --end {end}")));
    let with_texts = route("&ts=true");
    assert_eq!(server.probe(&with_texts), "h264,30,mov_text,3,2.666667");
    assert!(with_texts == exported(" --subtitles"));
    assert!(route("&ts=true&gaps=hold") == exported(" --gaps hold --subtitles"));
}

#[test]
fn recordings_tell_what_there_is() {
    let server = Server::with_film();
    let all = server.recordings("");
    assert_eq!(all.len(), 1);
    let row = &all[0];
    assert_eq!((&row["startId"], &row["endId"], &row["videoSamples"]), (&1.into(), &1.into(), &100.into()));
    assert_eq!(row["startTime"], "2024-05-01T10:00:00:00000+00:00");
    assert_eq!(row["endReason"], "camera closed the stream: the imported file ends");
    assert_eq!((&row["growing"], &row["hasTrailingZero"]), (&false.into(), &true.into()));
    let end = row["endTime90k"].as_i64().unwrap();
    assert_eq!(server.recordings(&format!("?start90k={}", end + 1)).len(), 0);
    let top = server.get("/api/?days=true").json();
    assert_eq!(top["cameras"][0]["streams"]["main"]["days"]["2024-05-01"], row["wallDuration90k"]);
}

#[test]
fn what_cannot_be_is_told_as_a_problem() {
    let server = Server::with_film();
    let stream = server.stream();
    assert_problem(&server.get("/api/nothing"), 404, "nothing is at this path");
    assert_problem(&server.get(&format!("{stream}/view.mp4?s=9")), 404, "recording 1/9: it is not there (any more)");
    assert_problem(&server.get(&format!("{stream}/view.mp4?s=2-1")), 400, "parameter s=2-1: expected");
    let many = "s=1-60480&s=1";
    assert_problem(&server.get(&format!("{stream}/view.mp4?{many}")), 400, "more than 60480 recordings");
    assert_problem(&server.get("/healthz?loud"), 400, "parameter loud: unknown here");
    let long = format!("{stream}/view.mp4?{}", "s=1&".repeat(2500));
    assert_problem(&server.get(&long), 414, "longer than 8 KiB");
    let long = server.ask("GET", "/healthz", &[("X-Long", &"x".repeat(17_000))]);
    assert_eq!(long.status, 431);
    let wrong = server.ask("PUT", "/api/cameras", &[]);
    assert_problem(&wrong, 405, "this path takes only GET, HEAD, POST");
    assert_eq!(wrong.header("allow"), "GET, HEAD, POST");
    assert_problem(&server.ask("POST", "/api/cameras", &[("Content-Length", "2")]), 415, "the body must come as");
    assert_problem(&server.post("/api/cameras", &" ".repeat(70_000)), 413, "the body is too large");
    assert_problem(&server.post("/api/cameras", "{\"colour\": 1}"), 400, "the body: colour: unknown field `colour`");
    let other = server.ask("GET", "/api/", &[("Host", "recorder.example.com")]);
    assert_problem(&other, 421, "without a login only localhost");
}

#[test]
fn cameras_are_managed_and_passwords_stay_inside() {
    let server = Server::with_film();
    let streams = r#"{"main": {"source": "rtsp://127.0.0.1:1/a", "retainBytes": 5, "record": false}}"#;
    let body = format!(r#"{{"name": "yard", "username": "u", "password": "hunter2", "streams": {streams}}}"#);
    let added = server.post("/api/cameras", &body);
    assert_eq!(added.status, 201);
    let path = added.header("location").to_owned();
    assert_problem(&server.post("/api/cameras", &body), 409, "");
    let edited = server.body("PATCH", &path, r#"{"name": "court", "streams": {"main": {"retainBytes": null}}}"#);
    let camera = edited.json();
    assert_eq!((edited.status, &camera["name"]), (200, &"court".into()));
    assert_eq!(camera["streams"]["main"]["retainBytes"], serde_json::Value::Null);
    assert_eq!((&camera["hasPassword"], &camera["username"]), (&true.into(), &"u".into()));
    for answer in [&added, &edited, &server.get("/api/"), &server.get("/api/cameras"), &server.get(&path)] {
        assert!(!answer.text().contains("hunter2"));
    }
    assert_eq!(server.ask("DELETE", &format!("{path}?deleteFilm=true"), &[]).status, 204);
    assert_problem(&server.get(&path), 404, "there is none with this uuid");
}

#[test]
fn the_whole_source_is_told_to_the_owner_alone() {
    let server = Server::with_film();
    let source = "rtsp://127.0.0.1:1/user=admin&password=hunter2";
    let camera = format!(r#"{{"name": "yard", "streams": {{"main": {{"source": "{source}", "record": false}}}}}}"#);
    let added = server.post("/api/cameras", &camera);
    let path = added.header("location").to_owned();
    let edited = server.body("PATCH", &path, r#"{"name": "court"}"#);
    for answer in [&added, &edited, &server.get("/api/"), &server.get("/api/cameras"), &server.get(&path)] {
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
    let short = server.get(&path).json()["streams"]["main"]["source"].clone();
    assert_eq!(short, "rtsp://127.0.0.1:1/… (TCP)");
    let back = format!(r#"{{"streams": {{"main": {{"source": {short}}}}}}}"#);
    assert_problem(&server.body("PATCH", &path, &back), 400, "it is the short form without its path");
    assert_eq!(server.owner("GET", &path, "").json()["streams"]["main"]["source"], source);
}

#[test]
fn a_stored_password_goes_to_no_other_server() {
    let server = Server::with_film();
    let login = r#""username": "u", "password": "hunter2""#;
    let streams = r#""streams": {"main": {"source": "rtsp://127.0.0.1:1/a", "record": false}}"#;
    let added = server.post("/api/cameras", &format!(r#"{{"name": "yard", {login}, {streams}}}"#));
    let path = added.header("location").to_owned();
    let edit = |kind: &str, source: &str, password: &str| {
        let streams = format!(r#""streams": {{"{kind}": {{"source": "{source}", "record": false}}}}"#);
        server.body("PATCH", &path, &format!("{{{password}{streams}}}"))
    };
    for (kind, source) in
        [("main", "rtsp://127.0.0.2:1/a"), ("sub", "rtsp://127.0.0.2:1/a"), ("main", "rtsp://127.0.0.1/a")]
    {
        assert_problem(&edit(kind, source, ""), 400, "its password would go to another server; give the password");
    }
    assert_eq!(edit("main", "RTSP://127.0.0.1:1/b", "").status, 200);
    assert_eq!(edit("sub", "rtsp://127.0.0.1:1/c", "").status, 200);
    assert_eq!(edit("main", "rtsp://127.0.0.2:1/a", r#""password": "other", "#).status, 200);
    assert_eq!(edit("main", "rtsp://127.0.0.3:1/a", r#""password": "", "#).status, 200);
    assert_eq!(edit("main", "rtsp://127.0.0.4:1/a", "").status, 200, "there is none any more");
}

#[test]
fn a_command_as_source_is_for_the_owner_alone() {
    let server = Server::with_film();
    let body = r#"{"name": "pi", "streams": {"main": {"source": "exec:rpicam-vid -o -", "record": false}}}"#;
    assert_problem(&server.post("/api/cameras", body), 400, "pipe: and exec: sources are set with `lunette camera`");
    assert_eq!(server.owner("POST", "/api/cameras", body).status, 201);
}

#[test]
fn the_page_comes_with_its_policy_and_once() {
    let server = Server::with_film();
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!(server.ask("GET", "/", &[("If-None-Match", page.header("etag"))]).status, 304);
    assert_eq!(server.get("/icon.svg").header("content-type"), "image/svg+xml");
    assert_eq!(server.get("/healthz").text(), "ok\n");
}

#[test]
fn a_viewer_that_does_not_read_holds_up_no_end() {
    let server = Server::with_film();
    let _idle = server.connect_and_send(&format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", server.film()));
    let _silent = server.connect_and_send("GET /");
    let began = std::time::Instant::now();
    server.stop();
    assert!(began.elapsed() < lunette::web::GRACE + std::time::Duration::from_secs(2));
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, detail: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
}
