//! The machine's network, as it is now.

use crate::base::{Kind, Result, ResultExt};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

/// A way to other machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Interface {
    /// Such as `eth0`.
    pub name: String,
    /// Somebody is at the other end.
    pub carrier: bool,
    /// Without a cable.
    pub wireless: bool,
    /// Its own number.
    pub mac: Option<String>,
    /// Bits a second, in millions.
    pub speed_mbps: Option<u32>,
    /// With their prefixes.
    pub addresses: Vec<String>,
}

/// All that lead somewhere.
pub fn interfaces(root: &Path) -> Result<Vec<Interface>> {
    let mut found: BTreeMap<String, Interface> = BTreeMap::new();
    for one in getifaddrs().or_fail(Kind::Internal, || "list the network interfaces")? {
        if one.flags.contains(InterfaceFlags::IFF_LOOPBACK) {
            continue;
        }
        let name = one.interface_name.clone();
        let entry = found.entry(name.clone()).or_insert_with(|| look(root, name));
        let address = one.address.as_ref().and_then(ip);
        let prefix = one.netmask.as_ref().and_then(ip).map(prefix);
        if let (Some(address), Some(prefix)) = (address, prefix) {
            entry.addresses.push(format!("{address}/{prefix}"));
        }
    }
    Ok(found.into_values().collect())
}

fn look(root: &Path, name: String) -> Interface {
    let at = root.join("sys/class/net").join(&name);
    let read = |file: &str| fs::read_to_string(at.join(file)).ok().map(|text| text.trim().to_owned());
    Interface {
        carrier: read("carrier").as_deref() == Some("1"),
        wireless: at.join("wireless").exists() || at.join("phy80211").exists(),
        mac: read("address").filter(|mac| !mac.is_empty()),
        // -1 where there is no carrier or no such thing.
        speed_mbps: read("speed").and_then(|text| text.parse().ok()),
        name,
        addresses: Vec::new(),
    }
}

fn ip(address: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

fn prefix(mask: IpAddr) -> u32 {
    match mask {
        IpAddr::V4(mask) => mask.to_bits().count_ones(),
        IpAddr::V6(mask) => mask.to_bits().count_ones(),
    }
}
