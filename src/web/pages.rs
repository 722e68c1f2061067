//! The page: a few files that are part of the binary. `build.rs` puts them there.

use crate::web::answer::Body;
use crate::web::fixed::Fixed;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use std::fmt;

/// One file of the page.
#[derive(PartialEq)]
pub(super) struct Asset {
    path: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    /// The same, by gzip.
    zipped: Option<&'static [u8]>,
    /// Its name has the hash of what is in it.
    is_forever: bool,
}

static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// First words of paths at which the page shows something. What is below them is known to the page alone.
const PLACES: [&str; 7] = ["live", "timeline", "cameras", "storage", "system", "users", "welcome"];

impl Asset {
    /// The file at this path. At all places of the page it is its index.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        let first = path.strip_prefix('/')?.split('/').next()?;
        let path = if PLACES.contains(&first) { "/" } else { path };
        ASSETS.iter().find(|asset| asset.path == path)
    }

    /// What stands behind the question mark is the page's own business.
    pub(super) fn is_index(&self) -> bool {
        self.path == "/"
    }

    /// The whole file, or 304 when the browser has it already. It asks each time for what a new binary may bring anew.
    pub(super) fn serve<B>(&'static self, request: &Request<B>) -> Response<Body> {
        let zipped = self.zipped.filter(|_| takes_gzip(request));
        let bytes = Bytes::from_static(zipped.unwrap_or(self.bytes));
        let cache = if self.is_forever { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut answer = Fixed { media_type: self.media_type, bytes }.serve(cache, request);
        if self.zipped.is_some() {
            answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if zipped.is_some() && answer.status().is_success() {
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        answer
    }
}

/// By its path: nobody wants to read the rest.
impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asset {}", self.path)
    }
}

/// A text of the binary.
pub(super) fn serve<B>(media_type: &'static str, text: &'static str, request: &Request<B>) -> Response<Body> {
    Fixed { media_type, bytes: Bytes::from_static(text.as_bytes()) }.serve("no-cache", request)
}

/// RFC 9110 12.5.3, as far as browsers use it: a `q` of zero is a no.
fn takes_gzip<B>(request: &Request<B>) -> bool {
    let lines = request.headers().get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(asset: &Asset) -> &'static str {
        std::str::from_utf8(asset.bytes).unwrap()
    }

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids_and_nothing_that_is_not_there() {
        let page = text(Asset::at("/").unwrap());
        for forbidden in ["<style", "style=", "onclick=", "<script>", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        for path in page.split('"').filter(|word| word.starts_with('/') && !word.starts_with("/api/")) {
            assert!(Asset::at(path).is_some(), "{path}");
        }
    }

    #[test]
    fn all_places_of_the_page_are_its_index_and_nothing_else_is() {
        let index = Asset::at("/").unwrap();
        for place in ["/live", "/timeline", "/cameras/some/thing"] {
            assert_eq!(Asset::at(place), Some(index), "{place}");
        }
        for other in ["", "/api", "/api/", "/assets/", "/live.html", "//live", "/index.html"] {
            assert_eq!(Asset::at(other), None, "{other}");
        }
    }

    #[test]
    fn a_page_that_the_browser_has_is_not_sent_again() {
        let first = Asset::at("/").unwrap().serve(&Request::new(()));
        let tag = &first.headers()[header::ETAG];
        let again = Request::builder().header(header::IF_NONE_MATCH, tag).body(()).unwrap();
        assert_eq!(Asset::at("/").unwrap().serve(&again).status(), 304);
    }

    #[test]
    fn who_takes_gzip_gets_it_under_another_tag() {
        static SCRIPT: Asset = Asset {
            path: "/assets/a-1.js",
            media_type: "text/javascript",
            bytes: b"plain",
            zipped: Some(b"zipped"),
            is_forever: true,
        };
        let told = |accept: &'static str| {
            let answer = SCRIPT.serve(&Request::builder().header(header::ACCEPT_ENCODING, accept).body(()).unwrap());
            let headers = answer.headers();
            assert_eq!(
                (&headers[header::VARY], headers.contains_key(header::ETAG)),
                (&"accept-encoding".parse().unwrap(), true)
            );
            let length = headers[header::CONTENT_LENGTH].to_str().unwrap().to_owned();
            format!("{length} {}", headers.get(header::CONTENT_ENCODING).map_or("", |name| name.to_str().unwrap()))
        };
        assert_eq!(told("gzip, deflate, br"), "6 gzip");
        assert_eq!(told("br;q=1, GZIP;q=0.5"), "6 gzip");
        for not in ["", "br", "gzip;q=0", "gzip; q=0.0"] {
            assert_eq!(told(not), "5 ", "{not}");
        }
    }
}
