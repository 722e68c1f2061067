//! Sockets: connections in, each with its own task, until the daemon ends.

use crate::web::answer::Body;
use crate::web::direct::{Carrier, Direct};
use crate::web::live::Live;
use crate::web::patience::Patient;
use crate::web::peer::Peer;
use crate::web::reactors::Reactors;
use crate::web::tls::Tls;
use crate::web::{Site, answer_request, live};
use http::header::{self, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use log::{debug, warn};
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A socket that clients connect to.
#[derive(Debug)]
pub enum Listener {
    /// For browsers.
    Tcp(TcpListener),
    /// For browsers, over TLS.
    Tls(TcpListener, Arc<Tls>),
    /// For the verbs: whoever may open it may do everything.
    Unix(UnixListener),
}

/// Answers on all sockets until `stop` says true or its sender is gone; then lets the requests that run end, but no
/// longer than [`GRACE`].
pub async fn serve(site: Arc<Site>, listeners: Vec<Listener>, reactors: Arc<Reactors>, stop: watch::Receiver<bool>) {
    let mut doors = JoinSet::new();
    for listener in listeners {
        doors.spawn(listen(site.clone(), listener, reactors.clone(), stop.clone()));
    }
    while doors.join_next().await.is_some() {}
}

/// How long a running request may go on when the daemon ends.
pub const GRACE: Duration = Duration::from_secs(2);

/// Connections at a time and socket. What comes above it waits in the kernel's backlog, and is refused when that is
/// full too; with a window of film for each, this bounds the memory of all viewers.
const MAX_CONNECTIONS: usize = 128;

/// From accepting or the last response to the end of the next request's head: an idle connection goes after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may leave an answer unread: its place is for others then.
const PATIENCE: Duration = Duration::from_secs(120);

/// Heads above this are answered 431.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// Bytes to a live viewer that the kernel has not yet sent: it grows its buffer to megabytes otherwise, and a slow viewer
/// would be shown them all, however old, before it is moved on to the newest picture. Half a second at 1 Mbit/s.
const MAX_UNSENT: u32 = 64 << 10;

/// How long a browser is to remember that it comes over TLS.
const A_YEAR: &str = "max-age=31536000";

async fn listen(site: Arc<Site>, listener: Listener, reactors: Arc<Reactors>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = told(&mut stop) => break,
            // Gives back what ended connections held.
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                warn!("web: accept: {e}; trying again");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let reactor = reactors.place();
        let elsewhere = reactor.elsewhere();
        let stream = match stream.for_thread(elsewhere.is_some()) {
            Ok(stream) => stream,
            Err(e) => {
                warn!("web: connection: leave for another thread: {e}");
                continue;
            }
        };
        let (site, stop) = (site.clone(), stop.clone());
        let tls = listener.tls();
        let connection = async move {
            match stream {
                Stream::Tcp(stream, address) => welcome(site, stream, address, tls, stop).await,
                Stream::Travelling(stream, address) => match TcpStream::from_std(stream) {
                    Ok(stream) => welcome(site, stream, address, tls, stop).await,
                    Err(e) => warn!("web: connection: {e}"),
                },
                Stream::Unix(stream) => {
                    let stream = Direct::new(stream, site.clone());
                    converse(site, Peer::Owner, stream, false, stop).await;
                }
            }
            drop((place, reactor));
        };
        match elsewhere {
            Some(other) => connections.spawn_on(connection, &other),
            None => connections.spawn(connection),
        };
    }
    let all_done = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all_done).await;
}

/// Waits until `stop` says true or its sender is gone.
pub(super) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

/// Serves a browser, over TLS if there is any.
async fn welcome(
    site: Arc<Site>,
    stream: TcpStream,
    address: IpAddr,
    tls: Option<Arc<Tls>>,
    stop: watch::Receiver<bool>,
) {
    let peer = Peer::Visitor { address, secure: tls.is_some() };
    let Some(tls) = tls else {
        let stream = Direct::new(stream, site.clone());
        return converse(site, peer, stream, false, stop).await;
    };
    match tls.greet(stream).await {
        Ok(stream) => converse(site, peer, stream, tls.is_own(), stop).await,
        Err(e) => debug!("web: connection: TLS: {e}"),
    }
}

impl Listener {
    fn tls(&self) -> Option<Arc<Tls>> {
        match self {
            Self::Tls(_, tls) => Some(tls.clone()),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }
}

enum Stream {
    Tcp(TcpStream, IpAddr),
    /// Between two reactors.
    Travelling(std::net::TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Stream {
    /// As it is, or as it can go to another thread. The verbs' stay: they are few.
    fn for_thread(self, is_another: bool) -> io::Result<Self> {
        match self {
            Self::Tcp(stream, address) if is_another => {
                stream.into_std().map(|stream| Self::Travelling(stream, address))
            }
            stays => Ok(stays),
        }
    }
}

async fn accept(
    listener: &Listener,
    places: &Arc<Semaphore>,
) -> io::Result<(Stream, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
    let stream = match listener {
        Listener::Tcp(listener) | Listener::Tls(listener, _) => {
            let (stream, from) = listener.accept().await?;
            // Heads and moovs are small writes: they must not wait for an acknowledgement (Ff9).
            stream.set_nodelay(true)?;
            Stream::Tcp(stream, from.ip())
        }
        Listener::Unix(listener) => Stream::Unix(listener.accept().await?.0),
    };
    Ok((stream, place))
}

/// Serves one connection, request after request, and what it turns into. With `insists` browsers are told to come over
/// TLS from now on.
async fn converse<C: Carrier>(site: Arc<Site>, peer: Peer, stream: C, insists: bool, mut stop: watch::Receiver<bool>) {
    let stream = Patient::new(stream, PATIENCE);
    let turned = Arc::new(Mutex::new(None));
    let service = service_fn(|mut request: Request<Incoming>| {
        let (site, turned) = (site.clone(), turned.clone());
        async move {
            let upgrade = hyper::upgrade::on(&mut request);
            let mut answer = answer_request(&site, peer, request).await;
            if let Some(live) = answer.extensions_mut().remove::<Live>() {
                *turned.lock().unwrap_or_else(PoisonError::into_inner) = Some((live, upgrade));
            }
            if insists {
                answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
            }
            Ok::<Response<Body>, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_header_size(MAX_HEAD_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(e) = ended {
        debug!("web: connection: {e}");
    }
    // It keeps its place among the connections, and ends with them.
    let turned = turned.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((live, upgrade)) = turned
        && let Ok(upgraded) = upgrade.await
    {
        let parts = upgraded.downcast::<TokioIo<Patient<C>>>().expect("it is what hyper was given");
        let carrier = parts.io.into_inner().into_inner();
        if let Err(e) = carrier.limit_unsent(MAX_UNSENT) {
            warn!("web: live viewer: limit what waits in the kernel: {e}; a slow one will be far behind");
        }
        let (viewer, shut_out) = (live.viewer(site.front()), live.shut_out(site.front()));
        live::converse(viewer, carrier.into_stream(), parts.read_buf.into(), shut_out, stop).await;
    }
}

#[cfg(test)]
mod tests;
