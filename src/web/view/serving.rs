//! How a film is answered with: conditions, ranges, and what is known to go wrong before it does.

use super::entity::Mp4;
use super::parts::Parts;
use super::ranges;
use crate::base::Result;
use crate::web::answer::Body;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_serve::Entity;
use std::ops::Range;

/// The film, whole or the asked ranges of it, or what the conditions of the request make of it. An `Err` when its
/// sample files are known to be damaged.
pub(super) async fn serve<B>(film: Mp4, request: &Request<B>) -> Result<Response<Body>> {
    let len = film.len();
    let asked = if is_of_another(request, film.tag()) { None } else { asked_ranges(request, len) };
    let mut answer = match &asked {
        Some(several) if several.len() > 1 && is_worth_it(several, len) => {
            let whole = conditional(film.clone(), &plain(request, None, len));
            if whole.status() == StatusCode::OK {
                Parts::new(film.clone(), several).serve(request.method(), whole.headers())
            } else {
                whole
            }
        }
        Some(several) if several.len() > 1 => conditional(film.clone(), &plain(request, None, len)),
        ranges => conditional(film.clone(), &plain(request, ranges.as_deref(), len)),
    };
    // May be kept, but the tag must be asked for: it is film of somebody's house, and it may be deleted.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if answer.status().is_success() && request.method() == Method::GET {
        let whole = 0..len;
        for range in asked.unwrap_or_else(|| vec![whole]) {
            film.look(range).await?;
        }
    }
    Ok(answer)
}

/// The head of a request for a file of this length, as http-serve can read it.
pub(in crate::web) fn with_plain_ranges<B>(request: &Request<B>, len: u64) -> Request<()> {
    plain(request, asked_ranges(request, len).as_deref(), len)
}

/// Only GET has ranges (RFC 9110 14.2).
fn asked_ranges<B>(request: &Request<B>, len: u64) -> Option<Vec<Range<u64>>> {
    if request.method() != Method::GET {
        return None;
    }
    ranges::within(request.headers().get(header::RANGE)?.to_str().ok()?, len)
}

/// `If-Range` names another file: all of this one is wanted (RFC 9110 13.1.5). A date is never sure enough.
fn is_of_another<B>(request: &Request<B>, tag: &str) -> bool {
    request.headers().get(header::IF_RANGE).is_some_and(|asked| asked.as_bytes() != tag.as_bytes())
}

/// As a rule of thumb the head of a part takes 80 bytes: more than the whole file is never sent.
fn is_worth_it(ranges: &[Range<u64>], len: u64) -> bool {
    let sum = ranges.iter().try_fold(0u64, |sum, range| sum.checked_add(range.end - range.start + 80));
    sum.is_some_and(|sum| sum < len)
}

fn plain<B>(request: &Request<B>, ranges: Option<&[Range<u64>]>, len: u64) -> Request<()> {
    let mut asked = Request::new(());
    *asked.method_mut() = request.method().clone();
    *asked.headers_mut() = request.headers().clone();
    let headers = asked.headers_mut();
    headers.remove(header::RANGE);
    if headers.contains_key(header::IF_MATCH) {
        // The tag says it better (RFC 9110 13.2.2).
        headers.remove(header::IF_UNMODIFIED_SINCE);
    }
    if let Some(ranges) = ranges {
        let plain = HeaderValue::from_str(&ranges::header(ranges, len)).expect("digits and commas make a header");
        headers.insert(header::RANGE, plain);
    }
    asked
}

/// What is no date is passed over (RFC 9110 13.1.3, 13.1.4); http-serve refuses it.
fn conditional(film: Mp4, asked: &Request<()>) -> Response<Body> {
    let answer = http_serve::serve(film.clone(), asked).map(Body::from);
    if answer.status() != StatusCode::BAD_REQUEST {
        return answer;
    }
    let mut undated = plain(asked, None, 0);
    for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
        undated.headers_mut().remove(name);
    }
    undated.headers_mut().extend(asked.headers().get(header::RANGE).map(|range| (header::RANGE, range.clone())));
    http_serve::serve(film, &undated).map(Body::from)
}
