//! `Viewer`: one live conversation, from the handshake to the farewell.

use super::message::{Outgoing, Text, fragment, wall_offset};
use super::outlet::Outlet;
use crate::base::WallDuration;
use crate::live::{LiveFrame, News, Stretch, Subscription};
use crate::web::accept::told;
use futures::{SinkExt, StreamExt};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

/// What one viewer knows so far.
#[derive(Debug)]
pub(in crate::web) struct Viewer {
    subscription: Subscription,
    stretch: Option<Arc<Stretch>>,
    /// The wall offset that it was told last.
    wall_offset: WallDuration,
}

/// Why a conversation is over.
#[derive(Debug)]
enum End {
    /// The viewer left or broke off.
    Gone,
    /// We leave, for a reason.
    Leave(CloseCode, &'static str),
}

impl From<Error> for End {
    fn from(e: Error) -> Self {
        log::debug!("web: live viewer: {e}");
        match e {
            Error::Io(e) if e.kind() == ErrorKind::TimedOut => {
                Self::Leave(CloseCode::Policy, "nothing was read for half a minute")
            }
            _ => Self::Gone,
        }
    }
}

/// Shows a viewer what there is until either leaves, or `stop` or `shut_out` say so. What was `read` of the stream already comes
/// first.
pub(in crate::web) async fn converse<S>(
    mut viewer: Viewer,
    stream: S,
    read: Vec<u8>,
    shut_out: impl Future<Output = ()>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let outlet = Outlet::new(stream, PATIENCE);
    let mut socket = WebSocketStream::from_partially_read(outlet, read, Role::Server, Some(buffers())).await;
    // Wherever the conversation stands, also within a message that is not read.
    let end = tokio::select! {
        biased;
        () = told(&mut stop) => End::Leave(CloseCode::Away, "the recorder is stopping"),
        () = shut_out => End::Leave(CloseCode::Policy, "you are not logged in any more"),
        end = viewer.show(&mut socket) => end,
    };
    if let End::Leave(code, reason) = end {
        let farewell = async {
            socket.close(Some(CloseFrame { code, reason: reason.into() })).await?;
            // The other's farewell: a connection that is cut before may lose ours.
            while socket.next().await.transpose()?.is_some() {}
            Ok::<_, Error>(())
        };
        // Who does not answer is left.
        let _ = timeout(FAREWELL, farewell).await;
    }
}

impl Viewer {
    pub(super) fn new(subscription: Subscription) -> Self {
        Self { subscription, stretch: None, wall_offset: WallDuration::ZERO }
    }

    async fn show<S: AsyncRead + AsyncWrite + Unpin>(&mut self, socket: &mut WebSocketStream<Outlet<S>>) -> End {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_heard = true;
        loop {
            let sent = tokio::select! {
                // A pong that is there counts, however late we come to look.
                biased;
                heard = socket.next() => match heard {
                    Some(Ok(Message::Close(_))) | None => return End::Gone,
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                        return End::Leave(CloseCode::Unsupported, "nothing is to be said here");
                    }
                    Some(Ok(_)) => {
                        is_heard = true;
                        Ok(())
                    }
                    Some(Err(e)) => return e.into(),
                },
                _ = pings.tick() => {
                    // A pong may stand behind film that is being read.
                    if !(socket.get_mut().has_taken() | std::mem::take(&mut is_heard)) {
                        return End::Leave(CloseCode::Policy, "the last ping was not answered");
                    }
                    send(socket, [Outgoing::Words(Message::Ping(Bytes::new()))]).await
                }
                news = self.subscription.next() => send(socket, self.tell(&news)).await,
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    /// The messages that tell the news.
    fn tell(&mut self, news: &News) -> Vec<Outgoing> {
        match news {
            News::NoPicture(why) => vec![Text::Error { detail: why }.into_message()],
            News::Frames { dropped, frames } => {
                let mut messages = Vec::with_capacity(2);
                if *dropped > 0 {
                    messages.push(Text::dropped(*dropped).into_message());
                }
                messages.extend(frames.first().and_then(|first| self.announce(first)));
                messages.push(fragment(frames));
                messages
            }
        }
    }

    /// What a viewer has to know before this frame and does not yet.
    fn announce(&mut self, first: &LiveFrame) -> Option<Outgoing> {
        let offset = wall_offset(first);
        let parted = (offset - self.wall_offset).0.abs() > MAX_CLOCK_ERROR.0;
        let known = self.stretch.replace(first.stretch.clone());
        if known.is_none_or(|known| *known != *first.stretch) {
            self.wall_offset = offset;
            return Some(Text::start(&first.stretch, first).into_message());
        }
        if parted {
            self.wall_offset = offset;
            return Some(Text::time(first).into_message());
        }
        None
    }
}

/// Sends messages, for as long as the viewer takes something of them.
async fn send<S, M>(socket: &mut WebSocketStream<Outlet<S>>, messages: M) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
    M: IntoIterator<Item = Outgoing>,
{
    for message in messages {
        match message {
            Outgoing::Words(message) => socket.feed(message).await?,
            Outgoing::Film(pieces) => {
                // Words before it may still be with the library.
                socket.flush().await?;
                socket.get_mut().queue(pieces);
            }
        }
    }
    Ok(socket.flush().await?)
}

/// A viewer has nothing to say but pongs and a farewell. What goes to it is written at once, a fragment at a time.
fn buffers() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_message_size(Some(4 << 10))
        .max_frame_size(Some(4 << 10))
}

/// A peer that does not answer a ping before the next is gone.
const PING: Duration = Duration::from_secs(20);
/// For a viewer that takes nothing; whatever it takes begins it anew. Meanwhile it costs a fragment and what the kernel
/// holds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Less than the daemon's grace.
const FAREWELL: Duration = Duration::from_secs(1);
/// A fiftieth of a second: nobody sees less on a clock.
const MAX_CLOCK_ERROR: WallDuration = WallDuration(1_800);

#[cfg(test)]
mod tests;
