//! `Wanted`: what is to be recorded, as far as a session has to know it.

use crate::base::{Result, StreamId, Transport};
use crate::camera;
use crate::camera::Login;
use crate::store::camera::{Camera, Stream};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A stream, and how to get it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// `porch/main`, for the log.
    pub(super) label: String,
    pub(super) camera: Uuid,
    pub(super) stream: StreamId,
    pub(super) link: Link,
}

/// How to get a stream. A session goes on as long as this stays equal: a new name or quota is no reason to lose film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    source: String,
    transport: Transport,
    pub(super) login: Login,
}

/// All streams that are to be recorded.
pub(super) fn all(cameras: &[Camera]) -> BTreeMap<StreamId, Wanted> {
    let present = cameras.iter().filter(|camera| !camera.removed);
    let streams = present.flat_map(|camera| camera.streams.iter().map(move |stream| (camera, stream)));
    let recorded = streams.filter(|(_, stream)| stream.record);
    recorded.map(|(camera, stream)| (stream.id, Wanted::new(camera, stream))).collect()
}

impl Wanted {
    fn new(camera: &Camera, stream: &Stream) -> Self {
        Self {
            label: format!("{}/{}", camera.name, stream.kind),
            camera: camera.uuid,
            stream: stream.id,
            link: Link {
                source: stream.source.clone(),
                transport: stream.transport,
                login: Login { username: camera.username.clone(), password: camera.password.clone() },
            },
        }
    }
}

impl Link {
    /// What is not read at once may be lost or hold its sender up: datagrams, and a pipe's few kilobytes.
    pub(super) fn may_lose_what_waits(&self) -> bool {
        self.transport == Transport::Udp || !self.has_clock()
    }

    /// Its pictures bring their time; those of a pipe get it here.
    pub(super) fn has_clock(&self) -> bool {
        self.source.starts_with("rtsp:")
    }

    /// Where it comes from, in the camera room's terms.
    pub(super) fn source(&self) -> Result<camera::Source> {
        camera::Source::parse(&self.source, self.transport)
    }
}
