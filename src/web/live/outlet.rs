//! `Outlet`: the way to a live viewer, which notices that bytes are taken.

use crate::web::patience::Patient;
use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream to a viewer. A write that makes no progress for some time fails: `TimedOut`.
#[derive(Debug)]
pub(super) struct Outlet<S> {
    stream: Patient<S>,
    /// The last write found no room.
    is_full: bool,
    /// There was room again after there was none.
    took: bool,
}

impl<S: AsyncWrite + Unpin> Outlet<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream: Patient::new(stream, patience), is_full: false, took: false }
    }

    /// Whether the viewer took something since this was asked last. What goes into a buffer with room in it proves
    /// nothing; room where there was none does, and that is how a viewer is heard behind whose bytes a ping stands.
    pub(super) fn has_taken(&mut self) -> bool {
        std::mem::take(&mut self.took)
    }

    fn note<T>(&mut self, tried: Poll<Result<T>>) -> Poll<Result<T>> {
        match &tried {
            Poll::Pending => self.is_full = true,
            Poll::Ready(Ok(_)) => self.took |= std::mem::take(&mut self.is_full),
            Poll::Ready(Err(_)) => {}
        }
        tried
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Outlet<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Outlet<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let tried = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note(tried)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
