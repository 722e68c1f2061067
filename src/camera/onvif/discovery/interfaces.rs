//! `Interfaces`: on which networks to look.

use crate::base::{Error, Kind, Result, ResultExt};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// On which of this machine's networks to look for cameras.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Interfaces {
    /// On each that is up and can multicast, but the loopback.
    #[default]
    All,
    /// On these alone, by name, whatever they are.
    Named(Vec<String>),
}

/// An address of this machine from which can be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Own {
    /// With the mask of its network.
    V4(Ipv4Addr, Ipv4Addr),
    /// By the number of its interface: IPv6 link-local.
    V6(u32),
}

/// More addresses than this are not asked from.
const MAX_OWN: usize = 32;

impl Interfaces {
    /// Those that are there now.
    pub(super) fn own(&self) -> Result<BTreeSet<Own>> {
        let mut own = BTreeSet::new();
        for interface in getifaddrs().or_fail(Kind::Internal, || "list the network interfaces")? {
            let name = &interface.interface_name;
            let is_up = interface.flags.contains(InterfaceFlags::IFF_UP);
            let wanted = match self {
                Self::All => {
                    let flags = interface.flags;
                    flags.contains(InterfaceFlags::IFF_MULTICAST) && !flags.contains(InterfaceFlags::IFF_LOOPBACK)
                }
                Self::Named(names) => names.contains(name),
            };
            let Some(address) = interface.address.filter(|_| is_up && wanted) else { continue };
            if own.len() == MAX_OWN {
                log::warn!("discovery: only {MAX_OWN} of this machine's addresses are asked from");
                break;
            }
            if let Some(v4) = address.as_sockaddr_in() {
                let mask = interface.netmask.and_then(|mask| mask.as_sockaddr_in().map(|mask| mask.ip()));
                own.insert(Own::V4(v4.ip(), mask.unwrap_or(Ipv4Addr::BROADCAST)));
            } else if address.as_sockaddr_in6().is_some_and(|v6| v6.ip().is_unicast_link_local()) {
                let index = if_nametoindex(name.as_str()).or_fail(Kind::Internal, || format!("interface {name}"))?;
                own.insert(Own::V6(index));
            }
        }
        Ok(own)
    }

    /// The address is of a network that this machine is in.
    pub fn is_near(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        let same = |own: &Own| matches!(own, Own::V4(ip, mask) if ip & mask == address & mask);
        self.own().is_ok_and(|own| own.iter().any(same))
    }

    /// Names that are there, or the error says which is not.
    pub fn check(&self) -> Result<()> {
        let Self::Named(names) = self else { return Ok(()) };
        match names.iter().find(|name| if_nametoindex(name.as_str()).is_err()) {
            Some(name) => Err(Error::new(Kind::BadInput, format!("network interface {name}: there is none"))),
            None => Ok(()),
        }
    }
}
