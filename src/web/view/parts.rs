//! `Parts`: several ranges of a film in one answer, `multipart/byteranges` (RFC 9110 14.6).

use super::entity::Mp4;
use crate::web::answer::{Body, Broken};
use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, Stream, StreamExt};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_serve::Entity;
use std::ops::Range;
use std::pin::Pin;

/// The body of such an answer. http-serve makes one too, but parts it with the letter B, and five bytes are found in
/// film soon; these are parted with the film's tag, 128 bits that are in no film (RFC 2046 5.1.1).
#[derive(Debug)]
pub(super) struct Parts {
    film: Mp4,
    boundary: String,
    parts: Vec<(Bytes, Range<u64>)>,
    len: u64,
}

impl Parts {
    /// These ranges in their order.
    pub(super) fn new(film: Mp4, ranges: &[Range<u64>]) -> Self {
        let boundary = film.tag().trim_matches('"').to_owned();
        let whole = film.len();
        let part = |range: &Range<u64>| {
            let (first, last) = (range.start, range.end - 1);
            let kind = "Content-Type: video/mp4";
            let head = format!("\r\n--{boundary}\r\n{kind}\r\nContent-Range: bytes {first}-{last}/{whole}\r\n\r\n");
            (Bytes::from(head), range.clone())
        };
        let parts: Vec<_> = ranges.iter().map(part).collect();
        let sum: u64 = parts.iter().map(|(head, range)| head.len() as u64 + range.end - range.start).sum();
        let len = sum + end(&boundary).len() as u64;
        Self { film, boundary, parts, len }
    }

    /// The answer; what the film's own says of it besides length and type is said here too.
    pub(super) fn serve(self, method: &Method, of_film: &HeaderMap) -> Response<Body> {
        let mut asked = Request::new(());
        *asked.method_mut() = method.clone();
        let mut answer = http_serve::serve(self, &asked).map(Body::from);
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        for name in [header::ETAG, header::LAST_MODIFIED, header::DATE] {
            answer.headers_mut().extend(of_film.get(&name).map(|value| (name, value.clone())));
        }
        answer
    }
}

/// What stands behind the last part.
fn end(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

impl Entity for Parts {
    type Data = Bytes;
    type Error = Broken;

    fn len(&self) -> u64 {
        self.len
    }

    /// It is asked for whole.
    fn get_range(&self, _: Range<u64>) -> Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send + Sync>> {
        let film = self.film.clone();
        let part = move |(head, range): (Bytes, Range<u64>)| stream::once(ready(Ok(head))).chain(film.get_range(range));
        let end = stream::once(ready(Ok(Bytes::from(end(&self.boundary)))));
        Box::pin(stream::iter(self.parts.clone()).flat_map(part).chain(end))
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        let kind = format!("multipart/byteranges; boundary={}", self.boundary);
        let kind = HeaderValue::from_str(&kind).expect("a tag is of hexadecimal digits");
        headers.insert(header::CONTENT_TYPE, kind);
    }

    fn etag(&self) -> Option<HeaderValue> {
        None
    }

    fn last_modified(&self) -> Option<std::time::SystemTime> {
        None
    }
}
