//! Where the daemon listens.

use crate::base::{Kind, Result, ResultExt};
use crate::cmd::config::Config;
use crate::web::{Listener, Tls, TlsSource};
use log::info;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What needs no disk of film: HTTP, and HTTPS with a certificate of the owner's.
pub(super) async fn at_once(config: &Config, stopped: &watch::Receiver<bool>) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for address in &config.web.listen {
        listeners.push(Listener::Tcp(listen("http", *address, &config.web.listen)?));
    }
    if let Some(own @ TlsSource::Own { .. }) = config.certificate() {
        listeners.extend(over_tls(config, own, stopped).await?);
    }
    Ok(listeners)
}

/// What needs the database's directory: the certificate that we made lies there.
pub(super) async fn with_film(config: &Config, stopped: &watch::Receiver<bool>) -> Result<Vec<Listener>> {
    match config.certificate() {
        Some(made @ TlsSource::Made { .. }) => over_tls(config, made, stopped).await,
        _ => Ok(Vec::new()),
    }
}

async fn over_tls(config: &Config, source: TlsSource, stopped: &watch::Receiver<bool>) -> Result<Vec<Listener>> {
    let tls = Tls::open(source)?;
    let mut listeners = Vec::new();
    let addresses = config.web.tls.as_ref().map_or(&[][..], |tls| &tls.listen);
    for address in addresses {
        listeners.push(Listener::Tls(listen("https", *address, addresses)?, tls.clone()));
    }
    tokio::spawn(tls.keep_fresh(stopped.clone()));
    Ok(listeners)
}

/// `all` are those of its kind, this one among them.
fn listen(scheme: &str, address: SocketAddr, all: &[SocketAddr]) -> Result<TcpListener> {
    let why = "is another program there? change `[web] listen`";
    let listener = open(address, all).or_fail(Kind::Conflict, || format!("listen on {address}: {why}"))?;
    let actual = listener.local_addr().or_fail(Kind::Internal, || "the address we listen on")?;
    info!("web: listening on {scheme}://{actual}/");
    Ok(listener)
}

/// Linux gives `[::]` the port of IPv4 too, and then refuses `0.0.0.0` beside it: where both are wanted each has its own.
fn open(address: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if all.iter().any(|other| address.is_ipv6() && other.is_ipv4() && other.port() == address.port()) {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_kinds_of_address_share_a_port() {
        let free = std::net::TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
        let all = [SocketAddr::from(([0, 0, 0, 0], free)), SocketAddr::from(([0; 16], free))];
        let _v4 = listen("http", all[0], &all).unwrap();
        let _v6 = listen("http", all[1], &all).unwrap();
    }

    #[tokio::test]
    async fn the_newer_kind_alone_takes_the_older_too() {
        let all = [SocketAddr::from(([0; 16], 0))];
        let listener = listen("http", all[0], &all).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }
}
