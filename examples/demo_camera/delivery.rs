//! `Delivery`: how packets reach the client: within the RTSP connection, or by UDP.

use crate::faults::Faults;
use std::io;
use std::net::IpAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

/// The client's choice, made with SETUP.
#[derive(Debug)]
pub(crate) enum Way {
    /// Channels of the RTSP connection: RTP on this one, RTCP on the next.
    Interleaved(u8),
    /// Datagrams; both sockets are connected.
    Datagrams { rtp: UdpSocket, rtcp: UdpSocket },
}

/// Delivers packets, or does not, as the faults say.
#[derive(Debug)]
pub(crate) struct Delivery {
    way: Way,
    lose: Option<u64>,
    late: Option<u64>,
    count: u64,
    held: Option<Vec<u8>>,
}

impl Way {
    /// Reads a `Transport` header and tells what to answer (RFC 2326 12.39). `None`: we cannot do that.
    pub(crate) async fn choose(wanted: &str, local: IpAddr, peer: IpAddr) -> io::Result<Option<(Self, String)>> {
        let field = |name: &str| wanted.split(';').find_map(|f| f.trim().strip_prefix(name)?.split('-').next());
        if wanted.starts_with("RTP/AVP/TCP") {
            let channel = field("interleaved=").and_then(|c| c.parse::<u8>().ok()).filter(|c| *c < 255).unwrap_or(0);
            let answer = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1);
            return Ok(Some((Self::Interleaved(channel), answer)));
        }
        let Some(port) = field("client_port=").and_then(|p| p.parse::<u16>().ok()).filter(|p| *p < u16::MAX) else {
            return Ok(None);
        };
        let (rtp, rtcp) = socket_pair(local).await?;
        let ours = rtp.local_addr()?.port();
        rtp.connect((peer, port)).await?;
        rtcp.connect((peer, port + 1)).await?;
        let answer = format!("RTP/AVP;unicast;client_port={port}-{};server_port={ours}-{}", port + 1, ours + 1);
        Ok(Some((Self::Datagrams { rtp, rtcp }, answer)))
    }
}

impl Delivery {
    pub(crate) fn new(way: Way, faults: &Faults) -> Self {
        Self { way, lose: faults.lose_packet, late: faults.late_packet, count: 0, held: None }
    }

    /// Delivers an RTP packet.
    pub(crate) async fn rtp(&mut self, connection: &mut TcpStream, packet: Vec<u8>) -> io::Result<()> {
        let number = self.count;
        self.count += 1;
        if self.lose == Some(number) {
            return Ok(());
        }
        if self.late == Some(number) {
            self.held = Some(packet);
            return Ok(());
        }
        self.send(connection, &packet, false).await?;
        match self.held.take() {
            Some(held) => self.send(connection, &held, false).await,
            None => Ok(()),
        }
    }

    /// Delivers an RTCP packet.
    pub(crate) async fn rtcp(&mut self, connection: &mut TcpStream, packet: &[u8]) -> io::Result<()> {
        self.send(connection, packet, true).await
    }

    async fn send(&self, connection: &mut TcpStream, packet: &[u8], is_rtcp: bool) -> io::Result<()> {
        match &self.way {
            Way::Interleaved(channel) => {
                let length = (packet.len() as u16).to_be_bytes();
                let header = [b'$', channel + u8::from(is_rtcp), length[0], length[1]];
                connection.write_all(&[&header, packet].concat()).await
            }
            Way::Datagrams { rtp, rtcp } => {
                let socket = if is_rtcp { rtcp } else { rtp };
                // A client that has gone tells so by refusing: its TEARDOWN or its hanging up is on the way.
                let _ = socket.send(packet).await;
                Ok(())
            }
        }
    }
}

/// RTCP is one port above RTP.
async fn socket_pair(local: IpAddr) -> io::Result<(UdpSocket, UdpSocket)> {
    for _ in 0..20 {
        let rtp = UdpSocket::bind((local, 0)).await?;
        let Some(next) = rtp.local_addr()?.port().checked_add(1) else { continue };
        if let Ok(rtcp) = UdpSocket::bind((local, next)).await {
            return Ok((rtp, rtcp));
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no two UDP ports in a row are free"))
}
