//! `CameraJson`: a camera as the API tells it, with what its streams hold and do. There is no password in it.

use crate::base::Transport;
use crate::base::{StreamId, WallTime};
use crate::camera::Source;
use crate::live::Status;
use crate::store::stats::Stats;
use crate::store::{Camera, Stream, StreamKind};
use crate::web::{Peer, State};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One camera.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CameraJson {
    uuid: Uuid,
    name: String,
    username: String,
    has_password: bool,
    removed: bool,
    streams: BTreeMap<StreamKind, StreamJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamJson {
    id: i32,
    source: String,
    transport: Transport,
    record: bool,
    retain_bytes: Option<u64>,
    bytes: u64,
    duration_90k: i64,
    first_time_90k: Option<i64>,
    last_time_90k: Option<i64>,
    first_time: Option<String>,
    last_time: Option<String>,
    /// Units of 1/90 000 s by date, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<BTreeMap<String, i64>>,
    /// `null` while nothing tries to record it.
    live: Option<LiveJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveJson {
    #[serde(flatten)]
    status: Status,
    since_90k: i64,
    since: String,
    last_error_at_90k: Option<i64>,
    last_error_at: Option<String>,
}

/// All cameras, as they are now.
pub(super) fn all(state: &State, peer: Peer, days: bool) -> Vec<CameraJson> {
    let live = state.live.health.snapshot();
    state.store.cameras().iter().map(|camera| CameraJson::of(camera, state, peer, &live, days)).collect()
}

impl CameraJson {
    /// A camera with what is known of its streams.
    pub(super) fn of(
        camera: &Camera,
        state: &State,
        peer: Peer,
        live: &BTreeMap<StreamId, Status>,
        days: bool,
    ) -> Self {
        let stream = |s: &Stream| {
            let stats = state.store.stream_stats(s.id);
            let days = days.then(|| stats.days().iter().map(|(date, d)| (date.to_string(), d.0)).collect());
            (s.kind, StreamJson { days, ..StreamJson::of(s, peer, &stats, live.get(&s.id), &state.zone) })
        };
        Self {
            uuid: camera.uuid,
            name: camera.name.clone(),
            username: camera.username.clone(),
            has_password: !camera.password.is_empty(),
            removed: camera.removed,
            streams: camera.streams.iter().map(stream).collect(),
        }
    }
}

/// Many cameras take their password in the path or the query of the URL: the whole text is for the owner alone.
fn shown_source(stream: &Stream, peer: Peer) -> String {
    match peer {
        Peer::Owner => stream.source.clone(),
        Peer::Visitor => Source::parse(&stream.source, stream.transport).map_or(String::new(), |s| s.to_string()),
    }
}

impl StreamJson {
    fn of(stream: &Stream, peer: Peer, stats: &Stats, live: Option<&Status>, zone: &TimeZone) -> Self {
        let text = |time: Option<WallTime>| time.map(|t| t.text(zone));
        Self {
            id: stream.id.get(),
            source: shown_source(stream, peer),
            transport: stream.transport,
            record: stream.record,
            retain_bytes: stream.retain_bytes,
            bytes: stats.sample_file_bytes(),
            duration_90k: stats.duration().0,
            first_time_90k: stats.first().map(|t| t.0),
            last_time_90k: stats.last().map(|t| t.0),
            first_time: text(stats.first()),
            last_time: text(stats.last()),
            days: None,
            live: live.map(|status| LiveJson {
                status: status.clone(),
                since_90k: status.since.0,
                since: status.since.text(zone),
                last_error_at_90k: status.last_error_at.map(|t| t.0),
                last_error_at: text(status.last_error_at),
            }),
        }
    }
}
