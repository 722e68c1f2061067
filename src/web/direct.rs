//! `Direct`: a socket that film reaches straight from its file.

use crate::store::{FileRange, Store};
use crate::web::Site;
use crate::web::reactors::spawn_blocking;
use log::error;
use socket2::SockRef;
use std::io::{ErrorKind, IoSlice, Result};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::server::TlsStream;

/// A socket of the kernel that does not block.
pub(super) trait Socket: AsyncRead + AsyncWrite + AsFd + Unpin {
    /// There may be room for more.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<()>>;

    /// Does `write`; when it says `WouldBlock`, there is no room until the kernel tells.
    fn try_write(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize>;

    /// Has no room when the kernel holds so many bytes that it has not sent.
    fn limit_unsent(&self, bytes: u32) -> Result<()>;
}

impl Socket for TcpStream {
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_write_ready(cx)
    }

    fn try_write(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize> {
        self.try_io(Interest::WRITABLE, write)
    }

    fn limit_unsent(&self, bytes: u32) -> Result<()> {
        SockRef::from(self).set_tcp_notsent_lowat(bytes)
    }
}

impl Socket for UnixStream {
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_write_ready(cx)
    }

    fn try_write(&self, write: impl FnOnce() -> Result<usize>) -> Result<usize> {
        self.try_io(Interest::WRITABLE, write)
    }

    /// Its buffer is small, and does not grow.
    fn limit_unsent(&self, _: u32) -> Result<()> {
        Ok(())
    }
}

/// What HTTP is spoken over.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// What is left when no HTTP is spoken any more.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// See [`Socket::limit_unsent`].
    fn limit_unsent(&self, bytes: u32) -> Result<()>;

    /// Ends HTTP.
    fn into_stream(self) -> Self::Stream;
}

/// Bytes are read to be encrypted: none of a mapped window may come here, see `Means::Copied`.
impl Carrier for TlsStream<TcpStream> {
    type Stream = Self;

    fn limit_unsent(&self, bytes: u32) -> Result<()> {
        self.get_ref().0.limit_unsent(bytes)
    }

    fn into_stream(self) -> Self {
        self
    }
}

impl<S: Socket + Send + 'static> Carrier for Direct<S> {
    type Stream = S;

    fn limit_unsent(&self, bytes: u32) -> Result<()> {
        self.socket.limit_unsent(bytes)
    }

    fn into_stream(self) -> S {
        self.socket
    }
}

/// What is written to it goes to the socket. Bytes that are a mapped window of film are not read for that: the kernel
/// is told the file and the place, and sends its pages as they are. That halves what a byte of film costs; hyper, which
/// hands the windows on, knows nothing of it.
#[derive(Debug)]
pub(super) struct Direct<S> {
    socket: S,
    site: Arc<Site>,
    /// Once it is there.
    store: Option<Arc<Store>>,
    /// Film that is read in anew: it left the page cache while there was no room for it.
    reading: Option<JoinHandle<()>>,
}

impl<S: Socket> Direct<S> {
    /// Film is the store's of this site.
    pub(super) fn new(socket: S, site: Arc<Site>) -> Self {
        Self { socket, site, store: None, reading: None }
    }

    /// The first of these bytes that are film.
    fn find_film(&mut self, all: &[IoSlice<'_>]) -> Option<(usize, FileRange)> {
        if self.store.is_none() {
            self.store = self.site.state().map(|state| state.store.clone());
        }
        let store = self.store.as_ref()?;
        all.iter().enumerate().find_map(|(at, bytes)| store.file_range(bytes).map(|film| (at, film)))
    }

    /// Sends what stands before film that is sent next.
    fn poll_announce(&self, cx: &mut Context<'_>, film: &FileRange, before: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        loop {
            ready!(self.socket.poll_room(cx))?;
            match self.socket.try_write(|| film.announce(&self.socket, before)) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Sends film, which these bytes are; `None` when the kernel cannot do that with this file or socket.
    fn poll_send(&mut self, cx: &mut Context<'_>, film: &FileRange, bytes: &[u8]) -> Poll<Option<Result<usize>>> {
        let mut was_read = false;
        loop {
            if let Some(reading) = &mut self.reading {
                // What fails in it fails again when it is sent.
                let _ = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                was_read = true;
            }
            if let Err(e) = ready!(self.socket.poll_room(cx)) {
                return Poll::Ready(Some(Err(e)));
            }
            if !was_read && !film.is_at_hand(bytes, Instant::now()) {
                let film = film.clone();
                self.reading = Some(spawn_blocking(move || film.read_in()));
                continue;
            }
            match self.socket.try_write(|| film.send(&self.socket)) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                    return Poll::Ready(None);
                }
                sent => {
                    if let Err(e) = &sent
                        && e.kind() == ErrorKind::Other
                    {
                        error!("web: a film is cut short: {e}");
                    }
                    return Poll::Ready(Some(sent));
                }
            }
        }
    }
}

impl<S: Socket> AsyncRead for Direct<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_read(cx, buf)
    }
}

impl<S: Socket> AsyncWrite for Direct<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, all: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let plain = match this.find_film(all) {
            Some((0, film)) => match ready!(this.poll_send(cx, &film, &all[0])) {
                Some(sent) => return Poll::Ready(sent),
                None => &all[..1],
            },
            Some((first, film)) if film.is_at_hand(&all[first], Instant::now()) => {
                return this.poll_announce(cx, &film, &all[..first]);
            }
            Some((first, _)) => &all[..first],
            None => all,
        };
        Pin::new(&mut this.socket).poll_write_vectored(cx, plain)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
