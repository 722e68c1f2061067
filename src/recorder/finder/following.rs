//! Cameras that come back under another address.

use super::adding::blocking;
use super::neighbour::host_text;
use super::{Done, Finding, ask};
use crate::base::{StreamId, Transport};
use crate::camera::onvif::{Looked, mended};
use crate::camera::{Login, Source};
use crate::live::{Live, State, Status};
use crate::store::camera::{Camera, CameraEdit, OnvifLink, PerKind, Stream, StreamEdit, StreamKind};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Streams that do not send what they should, and since when that was seen.
#[derive(Debug, Default)]
pub(super) struct Absences(BTreeMap<StreamId, Instant>);

/// A camera is away when it was silent for so long.
const AWAY: Duration = Duration::from_secs(20);
/// The same device is tried again after so long.
const TRIED_AGAIN: Duration = Duration::from_secs(120);

impl Absences {
    /// Looks at all streams that are to be recorded.
    pub(super) fn notice(&mut self, cameras: &[Camera], live: &Live, now: Instant) {
        let sends = |status: &Status| matches!(status.state, State::Recording | State::NotRecording);
        let recorded = cameras.iter().flat_map(|camera| &camera.streams).filter(|stream| stream.record);
        let silent: Vec<StreamId> =
            recorded.map(|stream| stream.id).filter(|id| live.health.look(*id, sends) == Some(false)).collect();
        self.0.retain(|stream, _| silent.contains(stream));
        for stream in silent {
            self.0.entry(stream).or_insert(now);
        }
    }

    /// A camera that was found by ONVIF does not send what it should.
    pub(super) fn is_away(&self, camera: &Camera, now: Instant) -> bool {
        let is_silent = |stream: &Stream| self.0.get(&stream.id).is_some_and(|since| now - *since >= AWAY);
        camera.onvif.is_some() && !camera.removed && camera.streams.iter().any(is_silent)
    }
}

impl Finding {
    /// A device that calls itself like a camera that is away may be that camera.
    pub(super) fn follow_if_away(&mut self, key: &str) {
        let Some(store) = &self.store else { return };
        let now = Instant::now();
        let Some(neighbour) = self.neighbours.get_mut(key).filter(|n| n.camera.is_none()) else { return };
        if neighbour.announced.from.is_ipv6() || neighbour.followed_at.is_some_and(|at| now - at < TRIED_AGAIN) {
            return;
        }
        let cameras = store.cameras();
        let endpoint = &neighbour.announced.endpoint;
        let is_it = |c: &&Camera| is_called(c, endpoint);
        let mut candidates = cameras.iter().filter(is_it).filter(|camera| self.absences.is_away(camera, now));
        let (Some(camera), None) = (candidates.next(), candidates.next()) else { return };
        neighbour.followed_at = Some(now);
        let login = Login { username: camera.username.clone(), password: camera.password.clone() };
        let (uuid, key, device) = (camera.uuid, key.to_owned(), neighbour.device());
        let questions = self.questions.clone();
        self.tasks.spawn(async move { Done::Followed(uuid, key, Box::new(ask(&device, &login, &questions).await)) });
    }

    /// It took the camera's login, and shows pictures: the camera is there now.
    pub(super) async fn follow(&mut self, camera: Uuid, key: &str, looked: Looked) {
        let (Some(store), Some(neighbour)) = (self.store.clone(), self.neighbours.get(key)) else { return };
        let cameras = store.cameras();
        let Some(camera) = cameras.iter().find(|c| c.uuid == camera && !c.removed) else { return };
        let Some(link) = &camera.onvif else { return };
        let address = neighbour.announced.from.ip();
        if let Err(trouble) = looked.video {
            return log::info!("{}: something like it is at {address}, but {trouble}", camera.name);
        }
        if !is_same(link, &looked) || !self.absences.is_away(camera, Instant::now()) {
            return log::debug!("{}: what is at {address} is another one", camera.name);
        }
        let edit = moved(camera, address);
        let (uuid, name) = (camera.uuid, camera.name.clone());
        match blocking(move || store.edit_camera(uuid, &edit)).await {
            Ok(_) => log::info!("{name}: found again at {address}"),
            Err(e) => log::warn!("{name}: found again at {address}: {e}"),
        }
        self.link(key);
    }
}

/// A device that calls itself so may be one of these.
pub(super) fn is_called_like_one_of(cameras: &[Camera], endpoint: &str) -> bool {
    cameras.iter().any(|camera| is_called(camera, endpoint))
}

fn is_called(camera: &Camera, endpoint: &str) -> bool {
    !camera.removed && camera.onvif.as_ref().is_some_and(|link| link.endpoint == endpoint)
}

/// A number that both tell is the same.
fn is_same(link: &OnvifLink, looked: &Looked) -> bool {
    let serial = looked.identity.as_ref().map_or("", |identity| &identity.serial);
    link.serial.is_empty() || serial.is_empty() || link.serial == serial
}

/// The sources of the camera's old host, at its new address.
fn moved(camera: &Camera, address: IpAddr) -> CameraEdit {
    let old = camera.streams.first().and_then(|stream| host(&stream.source));
    let at_new = |kind: StreamKind| {
        let source = &camera.stream(kind)?.source;
        let is_of_old = host(source) == old && old.as_deref() != Some(host_text(address).as_str());
        let source = is_of_old.then(|| mended(source, address).map(String::from)).flatten();
        Some(StreamEdit { source: Some(source?), ..StreamEdit::default() })
    };
    let streams = PerKind { main: at_new(StreamKind::Main), sub: at_new(StreamKind::Sub) };
    CameraEdit { streams, ..CameraEdit::default() }
}

fn host(source: &str) -> Option<String> {
    match Source::parse(source, Transport::Tcp) {
        Ok(Source::Rtsp(rtsp)) => rtsp.url.host_str().map(str::to_owned),
        _ => None,
    }
}
