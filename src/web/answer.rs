//! Answers: how values become responses, and what every response says about itself.

use crate::base::{Error, Kind};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use serde::Serialize;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What all responses carry.
pub enum Body {
    /// A file in windows, or a text in one piece.
    Whole(http_serve::Body<Bytes, Broken>),
    /// The same, its first piece taken out already, until that is sent.
    Begun(Option<Begun>, http_serve::Body<Bytes, Broken>),
    /// A text that is made while it is sent, piece by piece. None of them takes long to make.
    Made(Box<dyn Iterator<Item = Bytes> + Send + Sync>),
    /// What somebody tells piece by piece, as it happens; the end is when nobody tells any more.
    Told(mpsc::Receiver<Bytes>),
}

/// What was taken out of a body, and how much that had to send before.
pub struct Begun(http_body::Frame<Bytes>, http_body::SizeHint);

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Begun(first @ Some(_), _) => Poll::Ready(first.take().map(|Begun(frame, _)| Ok(frame))),
            Self::Whole(body) | Self::Begun(None, body) => Pin::new(body).poll_frame(context),
            Self::Made(pieces) => Poll::Ready(pieces.next().map(|piece| Ok(http_body::Frame::data(piece)))),
            Self::Told(pieces) => pieces.poll_recv(context).map(|piece| Some(Ok(http_body::Frame::data(piece?)))),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Self::Begun(Some(Begun(_, whole)), _) => *whole,
            Self::Whole(body) | Self::Begun(None, body) => body.size_hint(),
            Self::Made(_) | Self::Told(_) => http_body::SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Begun(Some(_), _) => false,
            Self::Whole(body) | Self::Begun(None, body) => body.is_end_stream(),
            Self::Made(_) | Self::Told(_) => false,
        }
    }
}

impl Body {
    /// Of no bytes.
    pub(super) fn empty() -> Self {
        Self::Whole(http_serve::Body::empty())
    }

    /// Waits for the first piece: as long as nothing is sent, its failure can be told by a status.
    pub(super) async fn begin(self) -> Result<Self, Error> {
        let Self::Whole(mut body) = self else { return Ok(self) };
        let whole = http_body::Body::size_hint(&body);
        match body.frame().await {
            Some(Ok(first)) => Ok(Self::Begun(Some(Begun(first, whole)), body)),
            Some(Err(Broken { kind, words })) => Err(Error::new(kind, words)),
            None => Ok(Self::Begun(None, body)),
        }
    }
}

impl From<http_serve::Body<Bytes, Broken>> for Body {
    fn from(body: http_serve::Body<Bytes, Broken>) -> Self {
        Self::Whole(body)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole(bytes.into())
    }
}

/// Why a body ends too early. Where its head is gone by then, the connection is cut.
#[derive(Debug)]
pub struct Broken {
    kind: Kind,
    words: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Broken {}

impl From<Error> for Broken {
    fn from(e: Error) -> Self {
        Self { kind: e.kind(), words: e.to_string() }
    }
}

// For http-serve. For any lifetime: with `'static` alone the compiler loses track of it in spawned futures.
impl<'a> From<Box<dyn std::error::Error + Send + Sync + 'a>> for Broken {
    fn from(e: Box<dyn std::error::Error + Send + Sync + 'a>) -> Self {
        Self { kind: Kind::Internal, words: e.to_string() }
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
    // No page of another site shows our pictures, or learns from them whether somebody is logged in.
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// As JSON bytes.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our answers have text keys and finite numbers")
}

/// JSON that is made while it is sent.
pub(super) fn made_json(pieces: impl Iterator<Item = Bytes> + Send + Sync + 'static) -> Response<Body> {
    typed(StatusCode::OK, "application/json", Body::Made(Box::new(pieces)))
}

/// A body of this type.
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}
