//! The page: a few files that are part of the binary.

use crate::web::answer::Body;
use crate::web::fixed::Fixed;
use bytes::Bytes;
use http::{Request, Response};

/// One file of the page.
#[derive(Debug, PartialEq)]
pub(super) struct Asset {
    path: &'static str,
    media_type: &'static str,
    text: &'static str,
}

impl Asset {
    /// The file with this path.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.path == path)
    }

    /// The whole file, or 304 when the browser has it already. It asks each time: a new binary brings a new page.
    pub(super) fn serve<B>(&'static self, request: &Request<B>) -> Response<Body> {
        serve(self.media_type, self.text, request)
    }
}

/// A text of the binary.
pub(super) fn serve<B>(media_type: &'static str, text: &'static str, request: &Request<B>) -> Response<Body> {
    Fixed { media_type, bytes: Bytes::from_static(text.as_bytes()) }.serve("no-cache", request)
}

static ASSETS: [Asset; 16] = [
    Asset { path: "/", media_type: "text/html; charset=utf-8", text: include_str!("page/index.html") },
    Asset { path: "/page.css", media_type: "text/css; charset=utf-8", text: include_str!("page/page.css") },
    Asset { path: "/icon.svg", media_type: "image/svg+xml", text: include_str!("page/icon.svg") },
    script("/page.js", include_str!("page/page.js")),
    script("/card.js", include_str!("page/card.js")),
    script("/recordings.js", include_str!("page/recordings.js")),
    script("/rows.js", include_str!("page/rows.js")),
    script("/line.js", include_str!("page/line.js")),
    script("/span.js", include_str!("page/span.js")),
    script("/live.js", include_str!("page/live.js")),
    script("/buffer.js", include_str!("page/buffer.js")),
    script("/storage.js", include_str!("page/storage.js")),
    script("/player.js", include_str!("page/player.js")),
    script("/dom.js", include_str!("page/dom.js")),
    script("/api.js", include_str!("page/api.js")),
    script("/format.js", include_str!("page/format.js")),
];

const fn script(path: &'static str, text: &'static str) -> Asset {
    Asset { path, media_type: "text/javascript; charset=utf-8", text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        let page = Asset::at("/").unwrap().text;
        for forbidden in ["<style", "style=", "onclick=", "<script>", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let is_file = |word: &&str| word.starts_with('/') && word.ends_with(['s', 'g']) && word.contains('.');
        let quoted = |text: &'static str| text.split('"').filter(is_file);
        for path in ASSETS.iter().flat_map(|asset| quoted(asset.text)) {
            assert!(Asset::at(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_page_that_the_browser_has_is_not_sent_again() {
        let first = Asset::at("/").unwrap().serve(&Request::new(()));
        let tag = &first.headers()[header::ETAG];
        let again = Request::builder().header(header::IF_NONE_MATCH, tag).body(()).unwrap();
        assert_eq!(Asset::at("/").unwrap().serve(&again).status(), 304);
    }
}
