//! Answers: how values become responses, and what every response says about itself.

use crate::base::Error;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use std::fmt;

/// What all responses carry: film in windows, or a text in one piece.
pub type Body = http_serve::Body<Bytes, Broken>;

/// Why a body ends too early. Its head is gone by then: the connection is cut.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

impl From<Error> for Broken {
    fn from(e: Error) -> Self {
        Self(e.to_string())
    }
}

// For http-serve. For any lifetime: with `'static` alone the compiler loses track of it in spawned futures.
impl<'a> From<Box<dyn std::error::Error + Send + Sync + 'a>> for Broken {
    fn from(e: Box<dyn std::error::Error + Send + Sync + 'a>) -> Self {
        Self(e.to_string())
    }
}

/// A value as JSON. It may change with the next frame, so nobody keeps it.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    typed(status, "application/json", to_json(value))
}

/// A text for people.
pub(super) fn text(status: StatusCode, text: String) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", text.into_bytes())
}

/// Nothing but the status.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// What no response goes without: no scripts but our own, no guessing of types, no frames around us.
pub(super) fn add_common_headers(headers: &mut HeaderMap) {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; \
                  connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// As JSON bytes.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our answers have text keys and finite numbers")
}

/// A body of this type.
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}
