//! `Names`: what the recorder may be called by. A page of another site can make a browser of the house ask us under that
//! site's name (DNS rebinding), and would be let read the answers.

use std::net::IpAddr;

/// Names that are ours, beside those that nobody on the internet can have.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// In lower case.
    ours: Vec<String>,
    /// Only this machine is to be answered.
    only_here: bool,
}

/// Domains that no registry sells: RFC 6762, RFC 8375, ICANN's `.internal`, and what routers use.
const PRIVATE: [&str; 6] = [".local", ".home.arpa", ".internal", ".lan", ".localdomain", ".localhost"];

impl Names {
    /// These, and what nobody else can be called; with `only_here` no more than the names of this machine for itself.
    pub(super) fn new(ours: &[String], only_here: bool) -> Self {
        Self { ours: ours.iter().map(|name| name.to_ascii_lowercase()).collect(), only_here }
    }

    /// Other machines are not answered.
    pub(super) fn only_here(&self) -> bool {
        self.only_here
    }

    /// Whether this host, with or without a port, is us. An address is nobody's name, and a name without a dot is none of
    /// the internet.
    pub(super) fn are_ours(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if self.ours.contains(&name) || name == "localhost" {
            return true;
        }
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        if let Ok(address) = address.parse::<IpAddr>() {
            return !self.only_here || address.is_loopback();
        }
        let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        let is_private = |name: &str| !name.contains('.') || PRIVATE.iter().any(|domain| name.ends_with(domain));
        !self.only_here && !name.is_empty() && is_plain(&name) && is_private(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_and_no_others() {
        let names = Names::new(&["Cams.Example.org".into()], true);
        for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:80", "localhost."] {
            assert!(names.are_ours(host), "{host}");
        }
        assert!(names.are_ours("cams.example.org:443"));
        for host in
            ["", "example.com", "localhost.example.com:80", "192.0.2.1:80", "127.0.0.1.example.com", "[::2]:80", "pi"]
        {
            assert!(!names.are_ours(host), "{host}");
        }
    }

    #[test]
    fn names_of_the_house_and_none_of_the_internet() {
        let names = Names::new(&[], false);
        for host in ["lunette.local", "LUNETTE.local.:80", "pi", "pi:8080", "192.0.2.1:80", "[fe80::1]", "nvr.lan"] {
            assert!(names.are_ours(host), "{host}");
        }
        for host in ["", ":80", "example.com", "lunette.local.example.com", "local.com", "192.0.2.1.example.com", "a b"]
        {
            assert!(!names.are_ours(host), "{host}");
        }
    }
}
