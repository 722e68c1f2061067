//! `Search`: the sockets of discovery: questions go out, what comes in is [`News`].

use super::interfaces::{Interfaces, Own};
use super::message::{MAX_BYTES, News, Sought, probe};
use crate::base::{Kind, Result, ResultExt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

/// Where everybody listens.
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);
const PORT: u16 = 3702;

/// News that wait to be looked at. What comes above it is let go: devices are asked several times.
const QUEUE: usize = 64;

/// Before each round of questions, with up to [`JITTER`] more: datagrams get lost, and cameras that all answer at once
/// lose theirs.
const ROUNDS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(400), Duration::from_millis(900), Duration::from_millis(1600)];
const JITTER: Duration = Duration::from_millis(250);
/// How long answers to the last round are waited for. By WS-Discovery a device may wait half a second first.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Looks for devices. Dropped, it listens no more.
#[derive(Debug)]
pub struct Search {
    interfaces: Interfaces,
    news: mpsc::Sender<News>,
    /// Where devices announce themselves, if that port could be had: others may listen there too.
    v4: Option<Arc<UdpSocket>>,
    v6: Option<Arc<UdpSocket>>,
    joined: BTreeSet<Own>,
    /// Those that read.
    readers: JoinSet<()>,
}

impl Search {
    /// Begins to listen. Within a runtime.
    pub fn begin(interfaces: Interfaces) -> (Self, mpsc::Receiver<News>) {
        let (news, read) = mpsc::channel(QUEUE);
        let mut readers = JoinSet::new();
        let mut listener = |socket: io::Result<UdpSocket>| match socket {
            Ok(socket) => {
                let socket = Arc::new(socket);
                readers.spawn(read_all(socket.clone(), news.clone()));
                Some(socket)
            }
            Err(e) => {
                log::info!("discovery: not listening for announcements: {e}; cameras are asked all the same");
                None
            }
        };
        let v4 = listener(bound(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT))));
        let v6 = listener(bound(SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT))));
        let mut search = Self { interfaces, news, v4, v6, joined: BTreeSet::new(), readers };
        if let Ok(own) = search.interfaces.own() {
            search.join(&own);
        }
        (search, read)
    }

    /// Asks from each address that this machine has now, several times, and listens to the answers for a while. What
    /// comes is news.
    pub async fn sweep(&mut self) -> Result<()> {
        let own = self.interfaces.own()?;
        self.join(&own);
        let mut asking = JoinSet::new();
        let mut failed = None;
        let mut sockets = Vec::new();
        for own in &own {
            match asker(own) {
                Ok((socket, group)) => {
                    let socket = Arc::new(socket);
                    asking.spawn(read_all(socket.clone(), self.news.clone()));
                    sockets.push((socket, group));
                }
                Err(e) => failed = Some(e),
            }
        }
        if let (Some(e), true) = (failed, sockets.is_empty()) {
            return Err(e).or_fail(Kind::Internal, || "ask for cameras");
        }
        for (round, wait) in ROUNDS.into_iter().enumerate() {
            sleep(wait + jitter()).await;
            for (socket, group) in &sockets {
                for (version, sought) in questions(round) {
                    let question = probe(version, sought, &Uuid::new_v4().to_string());
                    if let Err(e) = socket.send_to(question.as_bytes(), group).await {
                        log::debug!("discovery: ask {group}: {e}");
                    }
                }
            }
        }
        sleep(PATIENCE).await;
        Ok(())
    }

    /// An address of a network that this machine is in: see [`Interfaces::is_near`].
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// Listens on networks that came since.
    fn join(&mut self, own: &BTreeSet<Own>) {
        for new in own.difference(&self.joined) {
            let joined = match (new, &self.v4, &self.v6) {
                (Own::V4(address, _), Some(v4), _) => v4.join_multicast_v4(GROUP_V4, *address),
                (Own::V6(interface), _, Some(v6)) => v6.join_multicast_v6(&GROUP_V6, *interface),
                _ => Ok(()),
            };
            if let Err(e) = joined.or_else(|e| if e.kind() == io::ErrorKind::AddrInUse { Ok(()) } else { Err(e) }) {
                log::debug!("discovery: listen on {new:?}: {e}");
            }
        }
        self.joined.clone_from(own);
        // Those that ended are forgotten.
        while self.readers.try_join_next().is_some() {}
    }
}

/// In the first rounds as nearly all understand it, later in what else there is.
fn questions(round: usize) -> impl Iterator<Item = (usize, Sought)> {
    let all: &[(usize, Sought)] = match round {
        0 | 1 => &[(0, Sought::Transmitters), (0, Sought::Devices)],
        2 => &[(0, Sought::Transmitters), (1, Sought::Transmitters), (1, Sought::Devices)],
        _ => &[(0, Sought::Anything), (0, Sought::Devices)],
    };
    all.iter().copied()
}

fn jitter() -> Duration {
    JITTER.mul_f64(f64::from(Uuid::new_v4().as_bytes()[0]) / 256.0)
}

async fn read_all(socket: Arc<UdpSocket>, news: mpsc::Sender<News>) {
    let mut datagram = vec![0; MAX_BYTES];
    loop {
        match socket.recv_from(&mut datagram).await {
            Ok((len, from)) => {
                for told in News::read(&datagram[..len], from) {
                    match news.try_send(told) {
                        Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
                        Err(mpsc::error::TrySendError::Closed(_)) => return,
                    }
                }
            }
            // Such as a port that was closed when we asked there.
            Err(e) => {
                log::debug!("discovery: receive: {e}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A socket to ask from, and whom.
fn asker(own: &Own) -> io::Result<(UdpSocket, SocketAddr)> {
    match own {
        Own::V4(address, _) => {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_multicast_if_v4(address)?;
            socket.set_multicast_ttl_v4(1)?;
            Ok((finished(socket, SocketAddr::from((*address, 0)))?, SocketAddr::from((GROUP_V4, PORT))))
        }
        Own::V6(interface) => {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_only_v6(true)?;
            socket.set_multicast_if_v6(*interface)?;
            socket.set_multicast_hops_v6(1)?;
            let group = SocketAddrV6::new(GROUP_V6, PORT, 0, *interface);
            Ok((finished(socket, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))?, group.into()))
        }
    }
}

/// A socket where announcements arrive.
fn bound(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    } else {
        // Only of the groups that this socket joined, not of those that others on this machine did.
        socket.set_multicast_all_v4(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    finished(socket, address)
}

fn finished(socket: Socket, address: SocketAddr) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    UdpSocket::from_std(socket.into())
}
