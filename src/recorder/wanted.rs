//! `Wanted`: what is to be recorded, as far as a session has to know it.

use crate::base::Result;
use crate::base::StreamId;
use crate::camera;
use crate::store::camera::{Camera, Stream};
use std::collections::BTreeMap;

/// A stream with the login of its camera. A session runs as long as this stays equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// `porch/main`, for the log.
    pub(super) label: String,
    pub(super) camera: uuid::Uuid,
    pub(super) stream: Stream,
    pub(super) login: camera::Login,
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
            stream: stream.clone(),
            login: camera::Login { username: camera.username.clone(), password: camera.password.clone() },
        }
    }

    /// Where it comes from, in the camera room's terms.
    pub(super) fn source(&self) -> Result<camera::Source> {
        camera::Source::parse(&self.stream.source, self.stream.transport)
    }
}
