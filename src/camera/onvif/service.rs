//! `Service`: where on a device a service is, and the mending of what devices say of that.

use crate::base::Transport;
use crate::camera::Source;
use std::net::{IpAddr, SocketAddr};
use url::{Host, Url};

/// A service of a device: the address that answered, and a path there. Devices behind a router, with two addresses or
/// set up carelessly name hosts that are none of theirs; these are never asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) server: SocketAddr,
    /// With its query.
    pub(super) path: String,
}

impl Service {
    /// What a device at this address calls its service. `None` when it is no `http:` URL.
    pub(super) fn named(url: &str, address: SocketAddr) -> Option<Self> {
        let url = Url::parse(url.trim()).ok().filter(|url| url.scheme() == "http")?;
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Some(Self { server: at_port(address, url.port().unwrap_or(80)), path })
    }

    /// The same with another name, if this device has it.
    pub(super) fn beside(&self, url: &str) -> Option<Self> {
        Self::named(url, self.server)
    }

    /// As a URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}{}", self.authority(), self.path)
    }

    /// Host and port, as they stand in a head.
    pub(super) fn authority(&self) -> String {
        match self.server {
            SocketAddr::V4(server) => server.to_string(),
            // A zone is of this machine: the device has no use for it.
            SocketAddr::V6(server) => format!("[{}]:{}", server.ip(), server.port()),
        }
    }
}

/// The same address, and zone, with another port.
pub(super) fn at_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// The URL a device gave, with the address that answered in place of its host. `None` when it is no URL with a host, or
/// the address cannot stand in one.
pub fn mended(url: &str, address: IpAddr) -> Option<Url> {
    let mut url = Url::parse(url.trim()).ok()?;
    url.host().filter(|host| *host != Host::Domain(""))?;
    url.set_ip_host(address).ok()?;
    Some(url)
}

/// The host that a stream's source names. `None` when it names none, or nobody knows the name.
pub async fn host_of(source: &str) -> Option<SocketAddr> {
    let Source::Rtsp(rtsp) = Source::parse(source, Transport::Tcp).ok()? else { return None };
    let port = rtsp.url.port().unwrap_or(554);
    match rtsp.url.host()? {
        Host::Ipv4(address) => Some(SocketAddr::from((address, port))),
        Host::Ipv6(address) => Some(SocketAddr::from((address, port))),
        Host::Domain(name) => tokio::net::lookup_host((name, port)).await.ok()?.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_not_the_devices_are_mended() {
        let address = "192.0.2.7".parse().unwrap();
        for (told, meant) in [
            ("rtsp://192.168.1.108:554/cam?channel=1&subtype=0", "rtsp://192.0.2.7:554/cam?channel=1&subtype=0"),
            (" rtsp://0.0.0.0/live\n", "rtsp://192.0.2.7/live"),
            ("rtsp://[::]:8554/a", "rtsp://192.0.2.7:8554/a"),
            ("rtsp://camera.local/a", "rtsp://192.0.2.7/a"),
            ("rtsp://admin:secret@10.0.0.1/a", "rtsp://admin:secret@192.0.2.7/a"),
            ("http://localhost:80/snap.jpg", "http://192.0.2.7/snap.jpg"),
        ] {
            assert_eq!(mended(told, address).map(String::from).as_deref(), Some(meant), "{told}");
        }
        for told in ["", "/live", "rtsp:///live", "mailto:a@b"] {
            assert_eq!(mended(told, address), None, "{told}");
        }
    }

    #[test]
    fn a_service_is_at_the_address_that_answered() {
        let at = |url: &str, address: &str| Service::named(url, address.parse().unwrap()).map(|s| s.url());
        assert_eq!(
            at("http://10.0.0.1/onvif/device_service", "192.0.2.7:3702").unwrap(),
            "http://192.0.2.7:80/onvif/device_service"
        );
        assert_eq!(at(" http://x:8000/a?b ", "[fe80::1%3]:3702").unwrap(), "http://[fe80::1]:8000/a?b");
        assert_eq!(at("https://10.0.0.1/onvif", "192.0.2.7:1"), None);
        assert_eq!(at("", "192.0.2.7:1"), None);
    }
}
