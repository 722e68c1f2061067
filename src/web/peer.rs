//! `Peer`: the way by which somebody came, and whether another site sent them.

use crate::web::auth::Doors;
use crate::web::problem::Refusal;
use http::header;
use http::{HeaderMap, Method, Uri};
use std::net::IpAddr;

/// The way by which somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A program that may open the Unix socket, or the verb that holds the store itself: it may do everything.
    Owner,
    /// Over TCP.
    Visitor {
        /// From where.
        address: IpAddr,
        /// Over TLS.
        secure: bool,
    },
}

impl Peer {
    /// Over TLS.
    pub(super) fn is_secure(self) -> bool {
        matches!(self, Self::Visitor { secure: true, .. })
    }

    /// From where, if from anywhere.
    pub(super) fn address(self) -> Option<IpAddr> {
        match self {
            Self::Owner => None,
            Self::Visitor { address, .. } => Some(address),
        }
    }

    /// A page of another site can make a browser of the house ask us under that site's name (DNS rebinding): only
    /// requests that call us by a name of ours are answered.
    pub(super) fn check(self, doors: &Doors, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.authority().map(|a| a.as_str()).or(host);
        match self {
            Self::Owner => Ok(()),
            Self::Visitor { .. } if host.is_some_and(|host| doors.are_called(host)) => Ok(()),
            Self::Visitor { .. } => Err(Refusal::WrongHost { only_here: doors.answer_only_here() }),
        }
    }

    /// A browser sends what any site asks for, with our cookie where that site is one of ours too, and lets any site open a
    /// WebSocket (no same-origin policy is asked): a page that says where it is from must be ours when it changes
    /// something or begins to watch. Programs do not say.
    pub(super) fn check_origin(self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let only_reads = matches!(*method, Method::GET | Method::HEAD) && !headers.contains_key(header::UPGRADE);
        if self == Self::Owner || only_reads {
            return Ok(());
        }
        if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(Refusal::OtherOrigin);
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
        match (site, host) {
            (Some(site), Some(host)) if site.eq_ignore_ascii_case(host) => Ok(()),
            _ => Err(Refusal::OtherOrigin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::net::Ipv4Addr;

    const PEER: Peer = Peer::Visitor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false };

    fn may(method: Method, more: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
        headers.extend(
            more.iter().map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value))),
        );
        PEER.check_origin(&method, &headers).is_ok()
    }

    #[test]
    fn pages_of_other_sites_change_nothing_and_do_not_watch() {
        for (method, upgrade) in [(Method::POST, ("accept", "*/*")), (Method::GET, ("upgrade", "websocket"))] {
            let may = |name, value| may(method.clone(), &[upgrade, (name, value)]);
            for ours in ["http://localhost:8080", "https://LOCALHOST:8080"] {
                assert!(may("origin", ours), "{ours}");
            }
            for other in ["null", "", "http://localhost", "http://localhost:8081", "http://localhost:8080.example.com"]
            {
                assert!(!may("origin", other), "{other}");
            }
            assert!(may("sec-fetch-site", "same-origin") && may("sec-fetch-site", "none") && may("accept", "*/*"));
            assert!(!may("sec-fetch-site", "cross-site") && !may("sec-fetch-site", "same-site"));
        }
        assert!(may(Method::GET, &[("origin", "http://example.com")]), "it is not let read the answer");
        assert!(!may(Method::DELETE, &[("origin", "http://example.com")]));
    }
}
