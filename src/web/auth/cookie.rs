//! The cookie of a session. It has another name over TLS: there a browser lets nobody else set it, and keeps it from
//! requests in the clear, whose own cookie it would not let us set under the same name.

use crate::web::peer::Peer;
use http::HeaderMap;
use http::header::{self, HeaderValue};

/// What the session's cookie says, if there is one. Of two with its name the first counts.
pub(super) fn read(peer: Peer, headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| *name == self::name(peer)).map(|(_, value)| value)
}

/// Makes a browser keep the cookie; the session ends by itself when it is not used.
pub(super) fn set(peer: Peer, secret: &str) -> HeaderValue {
    told(peer, secret, MAX_AGE_SECS)
}

/// Makes a browser forget it.
pub(super) fn clear(peer: Peer) -> HeaderValue {
    told(peer, "", 0)
}

/// As long as browsers keep any.
const MAX_AGE_SECS: u32 = 400 * 86_400;

fn name(peer: Peer) -> &'static str {
    if peer.is_secure() { "__Host-lunette" } else { "lunette" }
}

fn told(peer: Peer, secret: &str, max_age: u32) -> HeaderValue {
    let secure = if peer.is_secure() { "; Secure" } else { "" };
    let text = format!("{}={secret}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}", name(peer));
    HeaderValue::from_str(&text).expect("hexadecimal digits and plain words make a header")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn visitor(secure: bool) -> Peer {
        Peer::Visitor { address: Ipv4Addr::LOCALHOST.into(), secure }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let read = |secure, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| _ = headers.append(header::COOKIE, HeaderValue::from_static(line)));
            super::read(visitor(secure), &headers).map(str::to_owned)
        };
        assert_eq!(read(false, &["a=1; lunette=x;lunette=y", "lunette=z"]).as_deref(), Some("x"));
        assert_eq!(read(false, &["a=1", " lunette=z "]).as_deref(), Some("z"));
        assert_eq!(read(false, &["__Host-lunette=x; xlunette=y; lunette"]), None);
        assert_eq!(read(true, &["lunette=x; __Host-lunette=y"]).as_deref(), Some("y"));
        assert_eq!(read(false, &["lunette=a=b"]).as_deref(), Some("a=b"));
    }

    #[test]
    fn scripts_other_sites_and_plain_requests_do_not_get_it() {
        let told = |value: HeaderValue| value.to_str().unwrap().to_owned();
        assert_eq!(told(set(visitor(false), "x")), "lunette=x; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict");
        assert_eq!(told(clear(visitor(true))), "__Host-lunette=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
    }
}
