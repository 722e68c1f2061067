//! `Delays`: who gave a wrong password waits, longer each time.

use lru::LruCache;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Counts failures of each address, and of each name whatever the address. What a name costs is bounded by seconds, and
/// nothing for an address that the user came from before: nobody can lock the owner out.
#[derive(Debug)]
pub(super) struct Delays(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    addresses: LruCache<Network, Count>,
    names: LruCache<Name, Count>,
    /// Where users have logged in from.
    trusted: LruCache<(Name, Network), ()>,
}

/// An IPv4 address, or the half of an IPv6 address that is of a network: a host has all of it.
type Network = [u8; 16];

/// The hash of a name, as long as an attacker likes to make it.
type Name = [u8; 32];

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    last: Instant,
}

/// A try that counts as failed until it is known to have succeeded: many at once are as many failures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    network: Network,
    name: Name,
}

/// Failures without a delay: fingers slip.
const FREE: u32 = 4;

/// Then 1 s, 2 s, 4 s … up to these.
const LONGEST_OF_ADDRESS: Duration = Duration::from_secs(300);
const LONGEST_OF_NAME: Duration = Duration::from_secs(10);

/// Failures are forgotten so long after the last.
const MEMORY: Duration = Duration::from_secs(15 * 60);

/// Of each kind; beyond it what was longest not seen is forgotten.
const MAX_COUNTS: NonZeroUsize = NonZeroUsize::new(512).expect("is above zero");

impl Default for Delays {
    fn default() -> Self {
        let (addresses, names, trusted) =
            (LruCache::new(MAX_COUNTS), LruCache::new(MAX_COUNTS), LruCache::new(MAX_COUNTS));
        Self(Mutex::new(Counts { addresses, names, trusted }))
    }
}

impl Delays {
    /// May a password be tried now? `Err` with how long to wait; that try costs nothing.
    pub(super) fn begin(&self, address: IpAddr, name: &str, now: Instant) -> Result<Try, Duration> {
        let network = network(address);
        let name = blake3::hash(name.to_ascii_lowercase().as_bytes()).into();
        let mut counts = self.lock();
        // Behind a proxy on this machine all come from here.
        let longest = if address.to_canonical().is_loopback() { LONGEST_OF_NAME } else { LONGEST_OF_ADDRESS };
        let of_address = left(counts.addresses.get(&network), longest, now);
        let is_trusted = counts.trusted.get(&(name, network)).is_some();
        let of_name = if is_trusted { None } else { left(counts.names.get(&name), LONGEST_OF_NAME, now) };
        if let Some(wait) = of_address.max(of_name) {
            return Err(wait);
        }
        add(&mut counts.addresses, network, now);
        add(&mut counts.names, name, now);
        Ok(Try { network, name })
    }

    /// The password was right.
    pub(super) fn succeeded(&self, tried: Try) {
        let mut counts = self.lock();
        counts.names.pop(&tried.name);
        counts.trusted.put((tried.name, tried.network), ());
        // Not all are forgiven: with one account of their own somebody could try for ever at another's.
        if let Some(count) = counts.addresses.get_mut(&tried.network) {
            count.failures -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn network(address: IpAddr) -> Network {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => (u128::from(address) >> 64 << 64).to_be_bytes(),
    }
}

/// What is left of a delay.
fn left(count: Option<&Count>, longest: Duration, now: Instant) -> Option<Duration> {
    let Count { failures, last } = *count?;
    let doublings = failures.checked_sub(FREE)?;
    let delay = Duration::from_secs(1u64 << doublings.min(16)).min(longest);
    (last + delay).checked_duration_since(now).filter(|left| !left.is_zero())
}

fn add<K: std::hash::Hash + Eq>(counts: &mut LruCache<K, Count>, key: K, now: Instant) {
    let before = counts.get(&key).filter(|count| now.saturating_duration_since(count.last) < MEMORY);
    let failures = before.map_or(0, |count| count.failures);
    counts.put(key, Count { failures: failures.saturating_add(1), last: now });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAN: &str = "192.0.2.7";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The seconds that a client waits that tries again as soon as it may, and is wrong each time.
    fn waits(delays: &Delays, from: impl Fn(u32) -> IpAddr, name: impl Fn(u32) -> String, tries: u32) -> Vec<u64> {
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for n in 0..tries {
            match delays.begin(from(n), &name(n), now) {
                Ok(_) => waits.push(0),
                Err(wait) => {
                    waits.push(wait.as_secs());
                    now += wait;
                    delays.begin(from(n), &name(n), now).expect("it has waited");
                }
            }
        }
        waits
    }

    #[test]
    fn an_address_waits_longer_each_time_whatever_names_it_tries() {
        let waits = waits(&Delays::default(), |_| address(LAN), |n| n.to_string(), 16);
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn a_name_waits_seconds_whatever_addresses_try_it() {
        let from = |n: u32| IpAddr::from(n.to_be_bytes());
        let waits = waits(&Delays::default(), from, |n| ["owner", "OWNER"][n as usize % 2].to_owned(), 12);
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 10, 10, 10, 10]);
    }

    #[test]
    fn the_owner_comes_in_from_where_they_came_before_whoever_else_tries() {
        let delays = Delays::default();
        let now = Instant::now();
        let tried = delays.begin(address(LAN), "owner", now).unwrap();
        delays.succeeded(tried);
        for n in 0..9u32 {
            let _ = delays.begin(IpAddr::from(n.to_be_bytes()), "owner", now);
        }
        assert!(delays.begin(address("198.51.100.1"), "owner", now).is_err());
        assert!(delays.begin(address(LAN), "owner", now).is_ok());
        assert!(
            delays.begin(address("198.51.100.1"), "owner", now + LONGEST_OF_NAME).is_ok(),
            "and from elsewhere too"
        );
    }

    #[test]
    fn an_account_of_ones_own_does_not_help_to_guess_at_anothers() {
        let delays = Delays::default();
        let now = Instant::now();
        for _ in 0..FREE {
            let _ = delays.begin(address(LAN), "owner", now);
            if let Ok(tried) = delays.begin(address(LAN), "ann", now) {
                delays.succeeded(tried);
            }
        }
        assert!(delays.begin(address(LAN), "ann", now).is_err());
    }

    #[test]
    fn who_stops_is_forgiven_and_who_is_refused_waits_no_longer_for_it() {
        let delays = Delays::default();
        let now = Instant::now();
        for _ in 0..FREE {
            delays.begin(address(LAN), "owner", now).unwrap();
        }
        for _ in 0..99 {
            assert_eq!(delays.begin(address(LAN), "owner", now).unwrap_err().as_secs(), 1);
        }
        let later = now + MEMORY;
        for _ in 0..FREE {
            delays.begin(address(LAN), "owner", later).unwrap();
        }
    }

    #[test]
    fn tries_at_once_are_as_many_failures() {
        let delays = Delays::default();
        let now = Instant::now();
        let begun = (0..100).filter(|_| delays.begin(address(LAN), "owner", now).is_ok()).count();
        assert_eq!(begun, FREE as usize);
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_behind_a_proxy_here_nobody_waits_long() {
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:1:2:3")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:192.0.2.7")), network(address(LAN)));
        assert_ne!(network(address("192.0.2.8")), network(address(LAN)));
        let waits = waits(&Delays::default(), |_| address("127.0.0.1"), |n| n.to_string(), 12);
        assert_eq!(waits.into_iter().max(), Some(10));
    }

    #[test]
    fn however_many_try_it_takes_no_more_memory() {
        let delays = Delays::default();
        let now = Instant::now();
        for n in 0..5000u32 {
            let tried = delays.begin(IpAddr::from(n.to_be_bytes()), &n.to_string(), now);
            tried.into_iter().for_each(|tried| delays.succeeded(tried));
            let _ = delays.begin(IpAddr::from(n.to_be_bytes()), &n.to_string(), now);
        }
        let counts = delays.lock();
        let most = MAX_COUNTS.get();
        assert!(counts.addresses.len() <= most && counts.names.len() <= most && counts.trusted.len() <= most);
    }
}
