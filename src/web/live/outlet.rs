//! `Outlet`: the way to a live viewer, which notices that bytes are taken.

use crate::web::patience::Patient;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream to a viewer. A write that makes no progress for some time fails: `TimedOut`. Film goes through it without
/// being copied: what is queued is shared with all others whom it goes to.
#[derive(Debug)]
pub(super) struct Outlet<S> {
    stream: Patient<S>,
    /// What goes before all that is written from now on; no empty ones.
    queue: VecDeque<Bytes>,
    /// The last write found no room.
    is_full: bool,
    /// There was room again after there was none.
    took: bool,
}

impl<S: AsyncWrite + Unpin> Outlet<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream: Patient::new(stream, patience), queue: VecDeque::new(), is_full: false, took: false }
    }

    /// Sends these at the next write or flush, before anything else.
    pub(super) fn queue(&mut self, pieces: Vec<Bytes>) {
        self.queue.extend(pieces.into_iter().filter(|piece| !piece.is_empty()));
    }

    /// Whether the viewer took something since this was asked last. What goes into a buffer with room in it proves
    /// nothing; room where there was none does, and that is how a viewer is heard behind whose bytes a ping stands.
    pub(super) fn has_taken(&mut self) -> bool {
        std::mem::take(&mut self.took)
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.queue.is_empty() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let count = pieces.len().min(self.queue.len());
            pieces.iter_mut().zip(&self.queue).for_each(|(slice, piece)| *slice = IoSlice::new(piece));
            let tried = Pin::new(&mut self.stream).poll_write_vectored(cx, &pieces[..count]);
            let mut sent = ready!(self.note(tried))?;
            if sent == 0 {
                return Poll::Ready(Err(Error::from(ErrorKind::WriteZero)));
            }
            while let Some(first) = self.queue.front_mut()
                && sent > 0
            {
                let gone = sent.min(first.len());
                first.advance(gone);
                sent -= gone;
                if first.is_empty() {
                    self.queue.pop_front();
                }
            }
        }
        Poll::Ready(Ok(()))
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
        ready!(this.poll_queue(cx))?;
        let tried = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note(tried)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_queue(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Written at a time: the head of a fragment and as many frames as are read at once.
const PIECES: usize = 65;
