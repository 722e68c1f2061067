//! `Peer`: who asks, as far as that is known without a login.

use crate::web::problem::Refusal;
use http::header;
use http::{HeaderMap, Uri};
use std::net::IpAddr;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A program that may open the Unix socket, or the verb that holds the store itself: it may do everything.
    Owner,
    /// Whoever reached a TCP port.
    Visitor,
}

impl Peer {
    /// A page of another site can make a browser of this machine ask us under that site's name (DNS rebinding): only
    /// requests that call us by a name of this machine are answered.
    pub(super) fn check(self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.authority().map(|a| a.as_str()).or(host);
        match self {
            Self::Owner => Ok(()),
            Self::Visitor if host.is_some_and(is_loopback) => Ok(()),
            Self::Visitor => Err(Refusal::WrongHost),
        }
    }

    /// A browser lets any site open a WebSocket to us and read what comes (no same-origin policy is asked): a page that
    /// says where it is from must be ours. Programs do not say.
    pub(super) fn check_origin(self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
        match (site, host) {
            (Some(site), Some(host)) if site.eq_ignore_ascii_case(host) => Ok(()),
            _ => Err(Refusal::OtherOrigin),
        }
    }
}

/// `localhost` or a loopback address, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn pages_of_other_sites_are_refused() {
        let may = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            Peer::Visitor.check_origin(&headers).is_ok()
        };
        assert!(may(None) && may(Some("http://localhost:8080")) && may(Some("https://LOCALHOST:8080")));
        for origin in ["null", "", "http://localhost", "http://localhost:8081", "http://localhost:8080.example.com"] {
            assert!(!may(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn names_of_this_machine_and_no_others() {
        for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com:80", "192.0.2.1:80", "127.0.0.1.example.com", "[::2]:80"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
