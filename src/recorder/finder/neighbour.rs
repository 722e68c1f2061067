//! `Neighbour`: a device that was heard, and what is known of it.

use crate::base::{Obstacle, Transport, Trouble};
use crate::camera::onvif::{Announced, Device, Identity, Interfaces, Looked, Profile, Video};
use crate::camera::{Login, Source};
use crate::live::{Found, FoundState, FoundStream};
use crate::store::{Camera, StreamKind};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

/// A device that was heard.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) announced: Announced,
    pub(super) identity: Identity,
    state: FoundState,
    detail: String,
    /// What it shows, once it was let see.
    pub(super) video: Option<Video>,
    /// What it gives without a login.
    open_snapshot: Option<String>,
    /// The camera that it is here.
    pub(super) camera: Option<Uuid>,
    /// It is being asked.
    pub(super) is_asked: bool,
    asked_at: Option<Instant>,
    /// The number of the sweep in which it was heard last.
    pub(super) heard_in: u64,
    /// When it was tried as a camera that moved.
    pub(super) followed_at: Option<Instant>,
}

/// A state that may change by itself is asked again after so long, when the device is heard.
const ASKED_AGAIN: Duration = Duration::from_secs(30);

impl Neighbour {
    pub(super) fn new(announced: Announced) -> Self {
        Self {
            announced,
            identity: Identity::default(),
            state: FoundState::Asking,
            detail: String::new(),
            video: None,
            open_snapshot: None,
            camera: None,
            is_asked: false,
            asked_at: None,
            heard_in: 0,
            followed_at: None,
        }
    }

    /// It announced itself again. Tells whether its service is elsewhere than before.
    pub(super) fn hear(&mut self, announced: Announced) -> bool {
        // An announcement without addresses says nothing of them.
        let services = if announced.services.is_empty() { self.announced.services.clone() } else { announced.services };
        let before = self.device().url();
        self.announced = Announced { services, ..announced };
        self.asked_at.is_some() && self.camera.is_none() && self.device().url() != before
    }

    /// As it can be asked.
    pub(super) fn device(&self) -> Device {
        Device::new(&self.announced.services, self.announced.from)
    }

    /// It was never asked, or long ago and what it said may have changed.
    pub(super) fn is_to_be_asked(&self, now: Instant) -> bool {
        let is_old = |at: Instant| super::is_passing(self.state) && now - at >= ASKED_AGAIN;
        self.camera.is_none() && self.asked_at.is_none_or(is_old)
    }

    /// Nothing was ever learned of it, as long as it was known as a camera.
    pub(super) fn is_unknown(&self) -> bool {
        self.camera.is_none() && self.asked_at.is_none()
    }

    /// What it said when it was asked with this login.
    pub(super) fn take(&mut self, looked: Looked, login: &Login, now: Instant) {
        self.asked_at = Some(now);
        if let Some(identity) = looked.identity {
            self.identity = identity;
        }
        match looked.video {
            Ok(video) => {
                (self.state, self.detail) = (FoundState::Open, String::new());
                if login.username.is_empty() {
                    self.open_snapshot.clone_from(&video.snapshot);
                }
                self.video = Some(video);
            }
            Err(trouble) => (self.state, self.detail) = (FoundState::Kept(trouble.obstacle), trouble.detail),
        }
    }

    /// The camera that it is: by its endpoint at its address, or by the host and port that its pictures come from.
    pub(super) fn camera_among<'a>(&self, cameras: &'a [Camera]) -> Option<&'a Camera> {
        let own = self.video.as_ref().and_then(|video| server(&video.main.url));
        cameras.iter().filter(|camera| !camera.removed).find(|camera| {
            let Some(of) = camera.stream(StreamKind::Main).or(camera.streams.first()).and_then(|s| server(&s.source))
            else {
                return false;
            };
            let endpoint = camera.onvif.as_ref().map(|link| link.endpoint.as_str());
            let is_there = of.0 == host_text(self.announced.from.ip());
            endpoint == Some(&self.announced.endpoint) && is_there || endpoint.is_none() && own.as_ref() == Some(&of)
        })
    }

    /// As it is told to those who look.
    pub(super) fn told(&self, key: &str, by_itself: bool) -> Found {
        let is_known = self.camera.is_some();
        let streams = self.video.iter().flat_map(|video| std::iter::once(&video.main).chain(&video.sub));
        Found {
            key: key.to_owned(),
            server: self.announced.from,
            name: self.name(),
            maker: first([&self.identity.maker, &self.announced.maker]),
            model: first([&self.identity.model, &self.announced.hardware]),
            state: if is_known { FoundState::Open } else { self.state },
            detail: if is_known { String::new() } else { self.detail.clone() },
            streams: streams.map(told_stream).collect(),
            camera: self.camera,
            by_itself,
            snapshot: self.open_snapshot.clone(),
        }
    }

    /// What people may call it.
    pub(super) fn name(&self) -> String {
        let Identity { maker, model, .. } = &self.identity;
        let whole = format!("{maker} {model}");
        first([&self.announced.name, whole.trim(), &self.announced.hardware, &self.announced.maker])
    }
}

fn told_stream(profile: &Profile) -> FoundStream {
    let Profile { width, height, fps, .. } = *profile;
    FoundStream { codec: profile.codec.to_string(), width, height, fps }
}

fn first<const N: usize>(of: [&str; N]) -> String {
    of.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// Host and port of an RTSP source.
fn server(source: &str) -> Option<(String, u16)> {
    match Source::parse(source, Transport::Tcp) {
        Ok(Source::Rtsp(rtsp)) => Some((rtsp.url.host_str()?.to_owned(), rtsp.url.port().unwrap_or(554))),
        _ => None,
    }
}

/// As it stands in a URL.
pub(super) fn host_text(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Devices of one make may call themselves alike: the address is part of the key.
pub(super) fn key(announced: &Announced) -> String {
    let hash = blake3::hash(format!("{} {}", announced.endpoint, announced.from.ip()).as_bytes());
    hash.to_hex()[..16].to_owned()
}

/// The device at an address that can be kept. One that was heard over IPv6 link-local is looked for at the IPv4 address
/// it gives, if that is in one of our networks; one that is known by IPv4 already is no news.
pub(super) fn reachable(
    announced: Announced,
    interfaces: &Interfaces,
    known: &BTreeMap<String, Neighbour>,
) -> Option<Announced> {
    let IpAddr::V6(from) = announced.from.ip() else { return Some(announced) };
    if let Some(from) = from.to_ipv4_mapped() {
        let from = SocketAddr::from((from, announced.from.port()));
        return Some(Announced { from, ..announced });
    }
    let mut hosts = announced.services.iter().filter_map(|url| Url::parse(url).ok()?.host_str()?.parse().ok());
    let near = hosts.find(|host: &IpAddr| host.is_ipv4() && interfaces.is_near(*host));
    match near {
        Some(near) => Some(Announced { from: SocketAddr::new(near, announced.from.port()), ..announced }),
        None if known.values().any(|n| n.announced.endpoint == announced.endpoint) => None,
        None => Some(announced),
    }
}

/// It is not there any more.
pub(super) fn gone() -> Trouble {
    Trouble::new(Obstacle::Unreachable, "it is not among those that were found: look again")
}
