//! `Route`: what a request asks for, parsed once, before anything is looked up.

use crate::base::{Error, Kind, Result, WallDuration, WallTime};
use crate::media::mp4::Gaps;
use crate::store::StreamKind;
use crate::web::pages::Asset;
use crate::web::problem::Refusal;
use crate::web::query::{Query, percent_decode};
use crate::web::segments::Segments;
use http::Method;
use jiff::tz::TimeZone;
use std::ops::Range;
use uuid::Uuid;

/// All that can be asked for. Parameters are of their types already.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    Page(&'static Asset),
    Health,
    Top { days: bool },
    ListCameras,
    AddCamera,
    TestCamera,
    ShowCamera(Uuid),
    EditCamera(Uuid),
    RemoveCamera { camera: Uuid, delete_film: bool },
    Recordings { stream: StreamName, span: Range<WallTime>, split: Option<WallDuration> },
    Gaps { stream: StreamName, span: Range<WallTime> },
    View(View),
}

/// A stream as URLs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamName {
    pub(super) camera: Uuid,
    pub(super) kind: StreamKind,
}

/// A film to be put together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) stream: StreamName,
    pub(super) what: What,
    pub(super) form: Form,
    pub(super) gaps: Gaps,
    /// With the wall time as subtitles.
    pub(super) ts: bool,
}

/// What of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// Recordings by number; at least one.
    Segments(Vec<Segments>),
    /// All that overlaps a span, cut to it.
    Span(Range<WallTime>),
}

/// As what to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The film itself.
    Mp4,
    /// The list of its pieces, for people.
    Text,
}

impl Route {
    /// Reads a request's first line. Times without an offset are of `zone`.
    pub(super) fn parse(method: &Method, path: &str, query: Option<&str>, zone: &TimeZone) -> Result<Self, Refusal> {
        if let Some(asset) = Asset::at(path) {
            reads(method)?;
            Query::parse(query)?.finish()?;
            return Ok(Self::Page(asset));
        }
        let parts: Option<Vec<String>> = path.split('/').skip(1).map(percent_decode).collect();
        let parts = parts.ok_or(Refusal::NoSuchPath)?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut query = Query::parse(query)?;
        let route = match parts[..] {
            ["healthz"] => reads(method).map(|()| Self::Health)?,
            ["api", ""] => {
                reads(method)?;
                Self::Top { days: query.flag("days")? }
            }
            ["api", "cameras"] => match *method {
                Method::GET | Method::HEAD => Self::ListCameras,
                Method::POST => Self::AddCamera,
                _ => return Err(Refusal::WrongMethod { allow: "GET, HEAD, POST" }),
            },
            ["api", "cameras", "test"] => match *method {
                Method::POST => Self::TestCamera,
                _ => return Err(Refusal::WrongMethod { allow: "POST" }),
            },
            ["api", "cameras", camera] => Self::camera(method, uuid(camera)?, &mut query)?,
            ["api", "cameras", camera, kind, resource] => {
                let kind = StreamKind::from_word(kind).ok_or(Refusal::NoSuchPath)?;
                let stream = StreamName { camera: uuid(camera)?, kind };
                Self::of_stream(method, stream, resource, &mut query, zone)?
            }
            _ => return Err(Refusal::NoSuchPath),
        };
        query.finish()?;
        Ok(route)
    }

    fn camera(method: &Method, camera: Uuid, query: &mut Query) -> Result<Self, Refusal> {
        match *method {
            Method::GET | Method::HEAD => Ok(Self::ShowCamera(camera)),
            Method::PATCH => Ok(Self::EditCamera(camera)),
            Method::DELETE => Ok(Self::RemoveCamera { camera, delete_film: query.flag("deleteFilm")? }),
            _ => Err(Refusal::WrongMethod { allow: "GET, HEAD, PATCH, DELETE" }),
        }
    }

    fn of_stream(
        method: &Method,
        stream: StreamName,
        resource: &str,
        query: &mut Query,
        zone: &TimeZone,
    ) -> Result<Self, Refusal> {
        let form = match resource {
            "recordings" | "gaps" => None,
            "view.mp4" => Some(Form::Mp4),
            "view.mp4.txt" => Some(Form::Text),
            _ => return Err(Refusal::NoSuchPath),
        };
        reads(method)?;
        let start = time(query, "start90k", zone)?;
        let end = time(query, "end90k", zone)?;
        let span = start.unwrap_or(WallTime(i64::MIN))..end.unwrap_or(WallTime(i64::MAX));
        if span.is_empty() {
            return Err(bad("start90k is not before end90k").into());
        }
        match form {
            None if resource == "gaps" => Ok(Self::Gaps { stream, span }),
            None => Ok(Self::Recordings { stream, span, split: split(query)? }),
            Some(form) => {
                let segments: Vec<Segments> = query.all("s").iter().map(|s| s.parse()).collect::<Result<_>>()?;
                let what = match (segments.is_empty(), start.is_some() && end.is_some()) {
                    (false, false) if start.is_none() && end.is_none() => What::Segments(segments),
                    (true, true) => What::Span(span),
                    _ => return Err(bad("a film needs either s, or both start90k and end90k").into()),
                };
                Ok(Self::View(View { stream, what, form, gaps: gaps(query)?, ts: query.flag("ts")? }))
            }
        }
    }
}

fn reads(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Refusal::WrongMethod { allow: "GET, HEAD" }),
    }
}

/// Only the usual form with hyphens: a thing has one address.
fn uuid(text: &str) -> Result<Uuid, Refusal> {
    let parsed = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
    parsed.ok_or(Refusal::NoSuchPath)
}

fn time(query: &mut Query, name: &str, zone: &TimeZone) -> Result<Option<WallTime>> {
    let text = query.one(name)?;
    text.map(|t| WallTime::parse(&t, zone)).transpose().map_err(|e| e.on(format!("parameter {name}")))
}

fn split(query: &mut Query) -> Result<Option<WallDuration>> {
    let Some(text) = query.one("split90k")? else { return Ok(None) };
    match text.parse() {
        Ok(units) if units > 0 => Ok(Some(WallDuration(units))),
        _ => Err(bad(format!("parameter split90k={text}: expected a number above 0"))),
    }
}

fn gaps(query: &mut Query) -> Result<Gaps> {
    match query.one("gaps")?.as_deref() {
        None | Some("skip") => Ok(Gaps::Skip),
        Some("hold") => Ok(Gaps::Hold),
        Some(other) => Err(bad(format!("parameter gaps={other}: expected skip or hold"))),
    }
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(Kind::BadInput, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAMERA: &str = "/api/cameras/9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d";

    /// A request line and what becomes of it, in words.
    fn told(line: &str) -> String {
        let (method, url) = line.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').map_or((url, None), |(p, q)| (p, Some(q)));
        match Route::parse(&method.parse().unwrap(), &path.replace("CAMERA", CAMERA), query, &TimeZone::UTC) {
            Ok(route) => format!("{route:?}").replace("9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d", "U"),
            Err(Refusal::NoSuchPath) => "404".to_owned(),
            Err(Refusal::WrongMethod { allow }) => format!("405 {allow}"),
            Err(Refusal::Failed(e)) => format!("400 {e}"),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_and_their_routes() {
        let main = "stream: StreamName { camera: U, kind: Main }";
        let table = [
            ("GET /healthz", "Health".to_owned()),
            ("HEAD /healthz", "Health".into()),
            ("GET /api/", "Top { days: false }".into()),
            ("GET /api/?days=true", "Top { days: true }".into()),
            ("GET /api/cameras", "ListCameras".into()),
            ("POST /api/cameras", "AddCamera".into()),
            ("POST /api/cameras/test", "TestCamera".into()),
            ("GET CAMERA", "ShowCamera(U)".into()),
            ("PATCH CAMERA", "EditCamera(U)".into()),
            ("DELETE CAMERA", "RemoveCamera { camera: U, delete_film: false }".into()),
            ("DELETE CAMERA?deleteFilm=true", "RemoveCamera { camera: U, delete_film: true }".into()),
            (
                "GET CAMERA/main/recordings?start90k=1&end90k=2&split90k=3",
                format!("Recordings {{ {main}, span: WallTime(1)..WallTime(2), split: Some(WallDuration(3)) }}"),
            ),
            (
                "GET CAMERA/main/gaps?start90k=1970-01-01T00:00:01%2B00:00&end90k=90001",
                format!("Gaps {{ {main}, span: WallTime(90000)..WallTime(90001) }}"),
            ),
            (
                "GET CAMERA/main/view.mp4?start90k=1970-01-01T01:00:00+01:00&end90k=1970-01-01T00:00:01",
                format!(
                    "View(View {{ {main}, what: Span(WallTime(0)..WallTime(90000)), form: Mp4, gaps: Skip, ts: false }})"
                ),
            ),
            (
                "HEAD CAMERA/main/view.mp4.txt?s=7.-9&gaps=hold&ts=true",
                format!(
                    "View(View {{ {main}, what: Segments([Segments {{ numbers: 7..=7, start_90k: 0, end_90k: Some(9) }}]), \
                     form: Text, gaps: Hold, ts: true }})"
                ),
            ),
        ];
        for (line, route) in table {
            assert_eq!(told(line), route, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_request_is_our_fault(path in "(/|api|cameras|main|view.mp4|%|.){0,9}", query in "(s=|&|start90k=|-|[.0-9]|.){0,9}") {
            if let Err(refusal) = Route::parse(&Method::GET, &path, Some(&query), &TimeZone::UTC) {
                prop_assert!(!refusal.is_ours());
            }
        }
    }

    #[test]
    fn requests_that_are_none() {
        let table = [
            ("GET /api", "404"),
            ("GET /apis/", "404"),
            ("GET /../etc/passwd", "404"),
            ("GET /api/cameras/", "404"),
            ("GET /api/cameras/%zz", "404"),
            ("GET /api/cameras/9a3c1e527c0f4c4b9d6a0c6f5a1b2c3d", "404"),
            ("GET CAMERA/third/recordings", "404"),
            ("GET CAMERA/main/view.avi", "404"),
            ("POST CAMERA/main/view.avi", "404"),
            ("POST /healthz", "405 GET, HEAD"),
            ("POST /", "405 GET, HEAD"),
            ("DELETE /api/cameras", "405 GET, HEAD, POST"),
            ("GET /api/cameras/test", "405 POST"),
            ("PUT CAMERA", "405 GET, HEAD, PATCH, DELETE"),
            ("POST CAMERA/main/view.mp4?s=1", "405 GET, HEAD"),
            ("GET /healthz?verbose=1", "400 parameter verbose: unknown here"),
            ("GET /?a", "400 parameter a: unknown here"),
            ("DELETE CAMERA?deleteFilm=1", "400 parameter deleteFilm=1: expected true or false"),
            ("DELETE CAMERA?deleteFilm=true&deleteFilm=true", "400 parameter deleteFilm: given twice"),
            ("GET CAMERA/main/recordings?start90k=2&end90k=2", "400 start90k is not before end90k"),
            ("GET CAMERA/main/recordings?split90k=0", "400 parameter split90k=0: expected a number above 0"),
            ("GET CAMERA/main/recordings?s=1", "400 parameter s: unknown here"),
            ("GET CAMERA/main/gaps?split90k=1", "400 parameter split90k: unknown here"),
            ("GET CAMERA/main/view.mp4", "400 a film needs either s, or both start90k and end90k"),
            ("GET CAMERA/main/view.mp4?start90k=1", "400 a film needs either s, or both start90k and end90k"),
            ("GET CAMERA/main/view.mp4?s=1&start90k=1", "400 a film needs either s, or both start90k and end90k"),
            ("GET CAMERA/main/view.mp4?s=1&gaps=", "400 parameter gaps=: expected skip or hold"),
            ("GET CAMERA/main/view.mp4?s=1&gaps=skip&gaps=hold", "400 parameter gaps: given twice"),
            ("GET CAMERA/main/view.mp4?s=1&ts=1", "400 parameter ts=1: expected true or false"),
            ("GET CAMERA/main/recordings?gaps=skip", "400 parameter gaps: unknown here"),
            ("GET CAMERA/main/view.mp4?s=1&quality=high", "400 parameter quality: unknown here"),
        ];
        for (line, refusal) in table {
            assert_eq!(told(line), refusal, "{line}");
        }
        assert!(told("GET CAMERA/main/view.mp4?s=5-1").starts_with("400 parameter s=5-1: expected START[-END]"));
        assert!(
            told("GET CAMERA/main/gaps?start90k=soon").starts_with("400 parameter start90k: time \"soon\": expected")
        );
    }
}
