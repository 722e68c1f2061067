//! Where the daemon listens.

use crate::base::{Kind, Result, ResultExt};
use crate::cmd::config::Config;
use crate::web::{Listener, Tls, TlsSource};
use log::info;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What needs no disk of film: HTTP, and HTTPS with a certificate of the owner's.
pub(super) async fn at_once(config: &Config, stopped: &watch::Receiver<bool>) -> Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for address in &config.web.listen {
        listeners.push(Listener::Tcp(listen("http", *address).await?));
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
    for address in config.web.tls.iter().flat_map(|tls| &tls.listen) {
        listeners.push(Listener::Tls(listen("https", *address).await?, tls.clone()));
    }
    tokio::spawn(tls.keep_fresh(stopped.clone()));
    Ok(listeners)
}

async fn listen(scheme: &str, address: SocketAddr) -> Result<TcpListener> {
    let why = "is another program there? change `[web] listen`";
    let listener =
        TcpListener::bind(address).await.or_fail(Kind::Conflict, || format!("listen on {address}: {why}"))?;
    let actual = listener.local_addr().or_fail(Kind::Internal, || "the address we listen on")?;
    info!("web: listening on {scheme}://{actual}/");
    Ok(listener)
}
