//! `Fixed`: a small file that stays what it is, such as one of the page.

use crate::web::answer::{Body, Broken};
use crate::web::view::with_plain_ranges;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response};
use std::ops::Range;
use std::pin::Pin;
use std::time::SystemTime;

/// A file in memory, tagged by its bytes.
pub(super) struct Fixed {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
}

impl Fixed {
    /// The file, or 304 when whoever asks has it already; `cache` tells for how long it need not ask.
    pub(super) fn serve<B>(self, cache: &'static str, request: &Request<B>) -> Response<Body> {
        let asked = with_plain_ranges(request, self.bytes.len() as u64);
        let mut answer = http_serve::serve(self, &asked).map(Body::from);
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        answer
    }
}

impl http_serve::Entity for Fixed {
    type Data = Bytes;
    type Error = Broken;

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn get_range(&self, range: Range<u64>) -> Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send + Sync>> {
        let part = self.bytes.slice(range.start as usize..range.end as usize);
        Box::pin(stream::iter([Ok(part)]))
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
    }

    fn etag(&self) -> Option<HeaderValue> {
        let hash = blake3::hash(&self.bytes).to_hex();
        HeaderValue::from_str(&format!("\"{}\"", &hash[..16])).ok()
    }

    fn last_modified(&self) -> Option<SystemTime> {
        None
    }
}
