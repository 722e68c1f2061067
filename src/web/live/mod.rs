//! `live.m4s`: what a camera sees now, over a WebSocket (RFC 6455).

mod message;
mod outlet;
mod viewer;

use crate::base::{Error, Kind, StreamId};
use crate::web::answer::Body;
use crate::web::auth::{Admits, Caller};
use crate::web::problem::Refusal;
use crate::web::route::StreamName;
use crate::web::{Front, State};
use http::{Request, Response};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_tungstenite::tungstenite::error::{Error as SocketError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use uuid::Uuid;
use viewer::Viewer;

pub(super) use viewer::converse;

/// Places for live viewers. They are fewer than connections, so that the page and the film can always be had.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Semaphore>);

/// What a connection becomes when the answer that carries this has been sent.
#[derive(Clone, Debug)]
pub(super) struct Live {
    stream: StreamId,
    /// Who watches, and which camera.
    caller: Caller,
    camera: Uuid,
    _place: Arc<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_VIEWERS)))
    }
}

/// Of all streams together. They share the film; with some 20 KiB of its own for each, what its frames in flight keep
/// from being freed and what the kernel holds, this bounds the memory of live pictures.
pub(super) const MAX_VIEWERS: usize = 100;

/// Agrees to go on as a WebSocket, or tells why not.
pub(super) fn agree<B>(
    state: &State,
    caller: &Caller,
    name: StreamName,
    request: &Request<B>,
) -> Result<Response<Body>, Refusal> {
    let stream = state.stream(name)?.id;
    let mut answer = create_response_with_body(request, Body::empty).map_err(refusal)?;
    let place = state.viewers.0.clone().try_acquire_owned();
    let place = place.map_err(|_| Error::new(Kind::Busy, format!("there are {MAX_VIEWERS} live viewers already")))?;
    answer.extensions_mut().insert(Live {
        stream,
        caller: caller.clone(),
        camera: name.camera,
        _place: Arc::new(place),
    });
    Ok(answer)
}

impl Live {
    pub(super) fn viewer(&self, front: &Front) -> Viewer {
        Viewer::new(front.live.frames.subscribe(self.stream))
    }

    /// Waits until whoever watches may not any more.
    pub(super) fn shut_out(&self, front: &Front) -> impl Future<Output = ()> + use<> {
        self.caller.clone().shut_out(front.doors.clone(), Admits::Viewers, Some(self.camera))
    }
}

fn refusal(e: SocketError) -> Refusal {
    use ProtocolError::{InvalidSecWebSocketKey, MissingSecWebSocketKey};
    match e {
        SocketError::Protocol(e @ (MissingSecWebSocketKey | InvalidSecWebSocketKey)) => {
            Refusal::Failed(Error::new(Kind::BadInput, format!("the WebSocket handshake: {e}")))
        }
        _ => Refusal::NotWebSocket,
    }
}
