//! The API as strangers use it: what makes no sense is refused in words (Fi5), with a status that says whose fault it is.
//!
//! Beside this, `run.py` holds the running recorder against its OpenAPI document; `scripts/test` starts it.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../http/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

mod guide;

use server::Server;
use std::io::{BufRead, BufReader, Write};
use support::http::Answer;

/// `METHOD PATH`, headers and body as they stand; `HOST` is filled in. What comes back, as `STATUS detail`.
fn told(server: &Server, head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n").replacen("\r\n", " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", 1);
    let answer = Answer::read(server.connect_and_send(&format!("{head}\r\n{body}")));
    detail(&answer)
}

fn detail(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status);
    let names: Vec<&String> = problem.as_object().unwrap().keys().collect();
    assert_eq!(names, ["detail", "status", "title"]);
    format!("{} {}", answer.status, problem["detail"].as_str().unwrap())
}

#[test]
fn paths_methods_and_parameters_that_are_none_are_refused() {
    let server = Server::with_film();
    let stream = server.stream();
    let table = [
        ("GET /nothing\n", "404 nothing is at this path"),
        ("GET //healthz\n", "404 nothing is at this path"),
        ("GET /healthz/\n", "404 nothing is at this path"),
        ("GET /api/../healthz\n", "404 nothing is at this path"),
        ("GET /api/%00\n", "404 nothing is at this path"),
        ("GET /icon%2esvg/\n", "404 nothing is at this path"),
        ("OPTIONS *\n", "404 nothing is at this path"),
        ("OPTIONS /api/\n", "405 this path takes only GET, HEAD"),
        ("BREW /api/cameras\n", "405 this path takes only GET, HEAD, POST"),
        ("get /api/\n", "405 this path takes only GET, HEAD"),
        ("POST /icon.svg\n", "405 this path takes only GET, HEAD"),
        ("GET /api/?days=yes\n", "400 parameter days=yes: expected true or false"),
        ("GET /api/?days=true&days=true\n", "400 parameter days: given twice"),
        ("GET /api/?DAYS=true\n", "400 parameter DAYS: unknown here"),
        ("GET /api/?%zz\n", "400 parameter \"%zz\": broken percent-encoding"),
        ("GET /api/openapi.json?pretty\n", "400 parameter pretty: unknown here"),
        (
            "GET /api/cameras/00000000-0000-0000-0000-000000000000\n",
            "404 camera 00000000-0000-0000-0000-000000000000: ",
        ),
        ("GET STREAM/recordings?start90k=2&end90k=2\n", "400 start90k is not before end90k"),
        ("GET STREAM/recordings?start90k=3&end90k=2\n", "400 start90k is not before end90k"),
        (
            "GET STREAM/gaps?end90k=9223372036854775807\n",
            "400 parameter end90k=9223372036854775807: not within the years",
        ),
        ("GET STREAM/gaps?end90k=100000-01-01T00:00:00\n", "400 parameter end90k: time \"100000-01-01T00:00:00\": "),
        ("GET STREAM/view.mp4?s=4294967295\n", "400 parameter s=4294967295: expected START"),
        ("GET STREAM/view.mp4?s=1.0-9223372036854775808\n", "400 parameter s=1.0-9223372036854775808: expected"),
        ("GET STREAM/view.mp4?s=1.9000000-9223372036854775807\n", "404 "),
        ("GET STREAM/view.mp4?start90k=0001-01-01T00:00:00&end90k=1970-01-01T00:00:00\n", "404 nothing was recorded"),
        ("GET SUB/recordings\n", "404 camera porch: it has no sub stream"),
        ("GET SUB/view.mp4?s=1\n", "404 camera porch: it has no sub stream"),
    ];
    for (request, answer) in table {
        let sub = stream.replace("/main", "/sub");
        let told = told(&server, &request.replace("STREAM", &stream).replace("SUB", &sub), "");
        assert!(told.starts_with(answer), "{request:?}: {told}");
    }
}

#[test]
fn spans_of_many_years_are_no_trouble() {
    let server = Server::with_film();
    let ages = "start90k=0001-01-01T00:00:00&end90k=9998-12-31T23:59:59";
    for resource in ["recordings", "gaps", "view.mp4", "view.mp4.txt"] {
        assert_eq!(server.get(&format!("{}/{resource}?{ages}", server.stream())).status, 200, "{resource}");
    }
    let longest = format!("{}/recordings?split90k={}", server.stream(), i64::MAX);
    assert_eq!(server.get(&longest).json()["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(server.get(&format!("{}/view.mp4?s=1.0-{}", server.stream(), i64::MAX)).status, 200);
}

#[test]
fn bodies_that_make_no_sense_are_refused_where_they_do_not() {
    let server = Server::with_film();
    let source = r#""source": "rtsp://127.0.0.1:1/""#;
    let long_name = format!(r#"{{"name": "{}", "streams": {{"main": {{{source}}}}}}}"#, "n".repeat(65));
    let table = [
        ("", "400 the body: an object is expected"),
        ("[]", "400 the body: an object is expected"),
        ("null", "400 the body: an object is expected"),
        ("{", "400 the body: EOF while parsing an object at line 1 column 1"),
        ("{}", "400 the body: missing field `name` at line 1 column 2"),
        (r#"{"name": "a", "streams": {}} {}"#, "400 the body: trailing characters at line 1 column 30"),
        (r#"{"name": "a", "streams": {}}"#, "400 camera \"a\": needs a stream, main or sub"),
        (r#"{"name": 1, "streams": {}}"#, "400 the body: name: invalid type: integer `1`, expected a string"),
        (r#"{"name": "a", "name": "b"}"#, "400 the body: duplicate field `name` at line 1 column 20"),
        (r#"{"nmae": "a"}"#, "400 the body: nmae: unknown field `nmae`, expected one of `name`, "),
        (r#"{"name": "a", "streams": {"third": {}}}"#, "400 the body: streams.third: unknown field `third`"),
        (
            r#"{"name": "a", "streams": {"main": {"source": "x", "record": 1}}}"#,
            "400 the body: streams.main.record: invalid type: integer `1`, expected a boolean at line 1 column 61",
        ),
        (
            r#"{"name": "a", "streams": {"main": {"source": "x", "retainBytes": -1}}}"#,
            "400 the body: streams.main.retainBytes: -1 is no whole number up to 9007199254740991",
        ),
        (
            r#"{"name": "a", "streams": {"main": {"source": "x", "transport": "TCP"}}}"#,
            "400 the body: streams.main.transport: unknown variant `TCP`, expected `tcp` or `udp`",
        ),
        (r#"{"name": " ", "streams": {"main": {"source": "rtsp://h/"}}}"#, "400 camera name \"\": must not be empty"),
        (&long_name, "400 camera name \""),
        (r#"{"name": "a", "streams": {"main": {"source": "http://h/"}}}"#, "400 camera source: only rtsp:"),
        ("{\"name\": \"\u{fffd}\"}\u{0}", "400 the body: "),
    ];
    for (body, answer) in table {
        let told = detail(&server.post("/api/cameras", body));
        assert!(told.starts_with(answer), "{body}: {told}");
    }
    let json = "Content-Type: application/json\n";
    let post = |headers: &str, body: &str| told(&server, &format!("POST /api/cameras\n{headers}"), body);
    assert_eq!(post("Content-Length: 2\n", "{}"), "415 the body must come as application/json");
    assert_eq!(
        post("Content-Type: text/json\nContent-Length: 2\n", "{}"),
        "415 the body must come as application/json"
    );
    assert_eq!(post(json, ""), "400 the body: an object is expected");
    assert_eq!(post(&format!("{json}Content-Length: 65537\n"), &" ".repeat(65_537)), "413 the body is too large");
    let chunked = format!("{json}Transfer-Encoding: chunked\n");
    assert_eq!(post(&chunked, "2\r\n{}\r\n0\r\n\r\n"), "400 the body: missing field `name` at line 1 column 2");
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    assert_eq!(post(&chunked, &format!("{chunk}{chunk}{chunk}0\r\n\r\n")), "413 the body is too large");
    for subject in [
        "{}",
        r#"{"camera": "9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d"}"#,
        r#"{"camera": "9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d", "stream": "main", "source": "rtsp://h/"}"#,
        r#"{"camera": "9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d", "stream": "main", "username": "u"}"#,
    ] {
        let told = detail(&server.post("/api/cameras/test", subject));
        assert!(told.starts_with("400 the body: either `camera` (its uuid) and `stream`, or `source`"), "{told}");
    }
}

#[test]
fn a_body_is_asked_for_only_where_it_may_be_right() {
    let server = Server::with_film();
    let first_line = |media_type: &str| {
        let stream = server.connect_and_send(&format!(
            "POST /api/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: 2\r\n\
             Expect: 100-continue\r\nConnection: close\r\n\r\n"
        ));
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        (line.trim_end().to_owned(), reader)
    };
    assert_eq!(first_line("text/plain").0, "HTTP/1.1 415 Unsupported Media Type");
    let (line, mut reader) = first_line("application/json");
    assert_eq!(line, "HTTP/1.1 100 Continue");
    reader.get_mut().write_all(b"{}").unwrap();
    reader.read_line(&mut String::new()).unwrap();
    assert_eq!(detail(&Answer::read(reader)), "400 the body: missing field `name` at line 1 column 2");
}

/// hyper answers these itself, before there is a request: the status says all, and the connection ends.
#[test]
fn a_head_that_is_none_is_answered_with_a_status_alone() {
    let server = Server::with_film();
    let status = |bytes: &str| {
        let answer = Answer::read(server.connect_and_send(bytes));
        assert_eq!(answer.text(), "");
        answer.status
    };
    assert_eq!(status("GET\r\n\r\n"), 400);
    assert_eq!(status("GET /api/ HTTP/1.1\r\nHost localhost\r\n\r\n"), 400);
    assert_eq!(status("GET /api/ HTTP/9.9\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(status("GET /api/\u{7} HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(status(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(20_000))), 431);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(20_000))), 431);
}

#[test]
fn conditions_that_do_not_hold_are_told_as_all_refusals_are() {
    let server = Server::with_film();
    let ask = |name: &str, value: &str| detail(&server.ask("GET", &server.film(), &[(name, value)]));
    assert_eq!(ask("If-Match", "\"other\""), "412 it is not what the conditions of the request name");
    assert_eq!(ask("Range", "bytes=999999999-"), "416 none of the asked ranges lies within it");
    assert_eq!(ask("If-Match", "other"), "400 the conditions of the request cannot be read");
    let head = server.ask("HEAD", &server.film(), &[("If-Match", "\"other\"")]);
    assert_eq!((head.status, head.body.len()), (412, 0));
}

#[test]
fn the_document_is_there_and_its_tag_spares_it() {
    let server = Server::with_film();
    let document = server.get("/api/openapi.json");
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    assert_eq!(document.json()["openapi"], "3.1.0");
    assert_eq!(document.json()["info"]["version"], env!("CARGO_PKG_VERSION"));
    let tag = document.header("etag");
    assert_eq!(server.ask("GET", "/api/openapi.json", &[("If-None-Match", tag)]).status, 304);
    let head = server.ask("HEAD", "/api/openapi.json", &[]);
    assert_eq!((head.header("content-length"), head.body.len()), (document.header("content-length"), 0));
}

#[test]
fn no_other_site_is_let_in() {
    let server = Server::with_film();
    let answer = server.ask("GET", "/api/", &[("Origin", "https://example.com")]);
    assert!(!answer.has("access-control-allow-origin"));
    let asked_first = server.ask("OPTIONS", "/api/cameras", &[("Access-Control-Request-Method", "POST")]);
    assert_eq!(asked_first.status, 405);
    let absolute = server.ask("GET", "http://example.com/api/", &[]);
    assert!(detail(&absolute).starts_with("421 "));
}
