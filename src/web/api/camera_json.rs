//! `CameraTexts`: cameras as the API tells them, with what their streams hold and do. There is no password in it.
//!
//! The page asks every other second, and other programs as they like. So the text of each part is kept for as long as it
//! is true, and an answer is put together from these parts.

use crate::base::{StreamId, TimeText, WallTime};
use crate::camera::Source;
use crate::live::Status;
use crate::store::stats::Stats;
use crate::store::{Camera, Stream};
use crate::web::State;
use crate::web::api::json::Json;
use crate::web::auth::{Audience, Caller};
use jiff::tz::TimeZone;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// What was told last. Locked for the few microseconds of an answer.
#[derive(Debug)]
pub(in crate::web) struct CameraTexts {
    console: Mutex<Texts>,
    owner: Mutex<Texts>,
    viewer: Mutex<Texts>,
}

#[derive(Debug)]
pub(super) struct Texts {
    /// As they were when the rest was written.
    cameras: Arc<Vec<Camera>>,
    texts: Vec<CameraText>,
    pub(super) times: TimeText,
}

#[derive(Debug)]
struct CameraText {
    uuid: Uuid,
    /// Up to its streams.
    head: Json,
    streams: Vec<StreamText>,
}

#[derive(Debug)]
struct StreamText {
    id: StreamId,
    /// What its owner set.
    head: Json,
    sums: Known,
    days: Known,
}

/// A text of a stream's sums, and the version that these had.
#[derive(Debug, Default)]
struct Known {
    version: Option<u64>,
    text: Json,
}

impl CameraTexts {
    /// Nothing was told yet.
    pub(in crate::web) fn new(zone: &TimeZone) -> Self {
        let none = || Texts { cameras: Arc::default(), texts: Vec::new(), times: TimeText::new(zone.clone()) };
        let [console, owner, viewer] = [(); 3].map(|()| Mutex::new(none()));
        Self { console, owner, viewer }
    }

    /// Of the cameras as they are now, for these readers.
    pub(super) fn current(&self, state: &State, audience: Audience) -> MutexGuard<'_, Texts> {
        let texts = match audience {
            Audience::Console => &self.console,
            Audience::Owner => &self.owner,
            Audience::Viewer => &self.viewer,
        };
        let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
        let cameras = state.store.cameras();
        if !Arc::ptr_eq(&texts.cameras, &cameras) {
            texts.texts = cameras.iter().map(|camera| CameraText::new(camera, audience)).collect();
            texts.cameras = cameras;
        }
        texts
    }
}

impl Texts {
    /// A list of all cameras that are there for this caller.
    pub(super) fn write_all(&mut self, json: &mut Json, state: &State, caller: &Caller, days: bool) {
        json.raw("[");
        for (at, camera) in self.texts.iter_mut().filter(|camera| caller.may_see(camera.uuid)).enumerate() {
            json.raw(if at == 0 { "" } else { "," });
            camera.write(json, state, days, &mut self.times);
        }
        json.raw("]");
    }

    /// One of them, if it is there.
    pub(super) fn write_one(&mut self, json: &mut Json, state: &State, uuid: Uuid) -> bool {
        let found = self.texts.iter_mut().find(|camera| camera.uuid == uuid);
        found.map(|camera| camera.write(json, state, false, &mut self.times)).is_some()
    }
}

impl CameraText {
    fn new(camera: &Camera, audience: Audience) -> Self {
        let mut head = Json::default();
        head.raw("{\"uuid\":").value(&camera.uuid);
        head.raw(",\"name\":").text(Some(&camera.name));
        // A viewer has no use for the login.
        let username = if audience == Audience::Viewer { "" } else { &camera.username };
        head.raw(",\"username\":").text(Some(username));
        head.raw(",\"hasPassword\":").truth(!camera.password.is_empty());
        head.raw(",\"removed\":").truth(camera.removed);
        head.raw(",\"foundByItself\":").truth(camera.onvif.as_ref().is_some_and(|link| link.by_itself));
        head.raw(",\"hasSnapshot\":").truth(camera.onvif.as_ref().is_some_and(|link| link.snapshot.is_some()));
        head.raw(",\"streams\":{");
        Self { uuid: camera.uuid, head, streams: camera.streams.iter().map(|s| StreamText::new(s, audience)).collect() }
    }

    fn write(&mut self, json: &mut Json, state: &State, days: bool, times: &mut TimeText) {
        json.raw_bytes(self.head.bytes());
        for (at, stream) in self.streams.iter_mut().enumerate() {
            json.raw(if at == 0 { "" } else { "," });
            stream.write(json, state, days, times);
        }
        json.raw("}}");
    }
}

impl StreamText {
    fn new(stream: &Stream, audience: Audience) -> Self {
        let mut head = Json::default();
        head.value(&stream.kind).raw(":{\"id\":").number(stream.id.get());
        head.raw(",\"source\":").text(Some(&shown_source(stream, audience)));
        head.raw(",\"transport\":").value(&stream.transport);
        head.raw(",\"record\":").truth(stream.record);
        head.raw(",\"retainBytes\":").value(&stream.retain_bytes);
        Self { id: stream.id, head, sums: Known::default(), days: Known::default() }
    }

    fn write(&mut self, json: &mut Json, state: &State, days: bool, times: &mut TimeText) {
        json.raw_bytes(self.head.bytes());
        json.raw_bytes(self.sums.current(state, self.id, |text, stats| write_sums(text, stats, times)));
        if days {
            json.raw_bytes(self.days.current(state, self.id, write_days));
        }
        json.raw(",\"live\":");
        let live = state.live.health.look(self.id, |status| write_live(json, status, times));
        if live.is_none() {
            json.raw("null");
        }
        json.raw("}");
    }
}

impl Known {
    /// The text as it is now; `write` is asked for it when something changed.
    fn current(&mut self, state: &State, stream: StreamId, write: impl FnOnce(&mut Json, &Stats)) -> &[u8] {
        let text = &mut self.text;
        self.version = Some(state.store.stats_since(stream, self.version, |stats| {
            text.clear();
            write(text, stats);
        }));
        self.text.bytes()
    }
}

fn write_sums(json: &mut Json, stats: &Stats, times: &mut TimeText) {
    json.raw(",\"bytes\":").number(stats.sample_file_bytes());
    json.raw(",\"duration90k\":").number(stats.duration().0);
    json.raw(",\"firstTime90k\":").value(&stats.first().map(|t| t.0));
    json.raw(",\"lastTime90k\":").value(&stats.last().map(|t| t.0));
    json.raw(",\"firstTime\":").text(stats.first().map(|t| times.of(t)));
    json.raw(",\"lastTime\":").text(stats.last().map(|t| times.of(t)));
}

fn write_days(json: &mut Json, stats: &Stats) {
    json.raw(",\"days\":{");
    for (at, (date, duration)) in stats.days().iter().enumerate() {
        json.raw(if at == 0 { "\"" } else { ",\"" }).raw(&date.to_string()).raw("\":").number(duration.0);
    }
    json.raw("}");
}

fn write_live(json: &mut Json, status: &Status, times: &mut TimeText) {
    let mut time = |json: &mut Json, name: &str, time: Option<WallTime>| {
        json.raw(",\"").raw(name).raw("90k\":").value(&time.map(|t| t.0));
        json.raw(",\"").raw(name).raw("\":").text(time.map(|t| times.of(t)));
    };
    json.raw("{\"state\":").value(&status.state);
    json.raw(",\"lastError\":").text(status.last_error.as_deref());
    json.raw(",\"video\":").text(status.video.as_deref());
    json.raw(",\"framesPerSecond\":").value(&status.frames_per_second);
    json.raw(",\"bitsPerSecond\":").value(&status.bits_per_second);
    json.raw(",\"lostPackets\":").number(status.lost_packets);
    json.raw(",\"cameraClockOffsetSeconds\":").value(&status.camera_clock_offset_seconds);
    json.raw(",\"cameraClockPpm\":").value(&status.camera_clock_ppm);
    json.raw(",\"cameraClockUncertaintyPpm\":").value(&status.camera_clock_uncertainty_ppm);
    json.raw(",\"sessions\":").number(status.sessions);
    time(json, "since", Some(status.since));
    time(json, "lastErrorAt", status.last_error_at);
    json.raw("}");
}

/// Many cameras take their password in the path or the query of the URL: the whole text is for the console alone.
fn shown_source(stream: &Stream, audience: Audience) -> String {
    match audience {
        Audience::Console => stream.source.clone(),
        Audience::Owner | Audience::Viewer => {
            Source::parse(&stream.source, stream.transport).map_or(String::new(), |s| s.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::camera::CameraEdit;
    use crate::store::tests::{Place, record};
    use crate::web::Peer;
    use crate::web::api::top;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use std::net::{IpAddr, Ipv4Addr};

    const VISITOR: Peer = Peer::Visitor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false };

    fn top(state: &State, peer: Peer) -> Value {
        let body = top::show(state, &Caller::everybody(state, peer), true).into_body().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        serde_json::from_slice(&runtime.block_on(body).unwrap().to_bytes()).unwrap()
    }

    /// What is told of the camera's main stream is what its sums are now.
    fn assert_current(state: &State, stream: StreamId) {
        let stats = state.store.stream_stats(stream);
        let days: std::collections::BTreeMap<_, _> = stats.days().iter().map(|(d, n)| (d.to_string(), n.0)).collect();
        let text = |time: Option<WallTime>| time.map(|t| t.text(&state.zone));
        for peer in [Peer::Owner, VISITOR, VISITOR] {
            let told = &top(state, peer)["cameras"][0]["streams"]["main"];
            let sums =
                json!([stats.sample_file_bytes(), stats.duration().0, days, text(stats.first()), text(stats.last())]);
            let names = ["bytes", "duration90k", "days", "firstTime", "lastTime"];
            assert_eq!(Value::from_iter(names.map(|name| told[name].clone())), sums);
        }
    }

    #[test]
    fn what_is_told_is_so_now_after_growth_closing_deletion_and_edits() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let state = State::new(store.clone(), Arc::default(), TimeZone::UTC);
        assert_current(&state, stream);
        let (first, _) = record(&store, stream, true, 12);
        store.flush().unwrap();
        assert_eq!(store.stream_stats(stream).recordings(), 1);
        assert_current(&state, stream);
        record(&store, stream, false, 7);
        store.flush().unwrap();
        assert_current(&state, stream);
        store.delete([first]);
        store.flush().unwrap();
        assert_eq!(store.stream_stats(stream).recordings(), 1);
        assert_current(&state, stream);
        let camera = store.cameras()[0].uuid;
        store.edit_camera(camera, &CameraEdit { name: Some("a \"b\"".into()), ..CameraEdit::default() }).unwrap();
        assert_eq!(top(&state, VISITOR)["cameras"][0]["name"], "a \"b\"");
    }

    #[test]
    fn what_a_stream_does_is_told_in_full() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let state = State::new(store, Arc::default(), TimeZone::UTC);
        assert_eq!(top(&state, Peer::Owner)["cameras"][0]["streams"]["main"]["live"], Value::Null);
        state.live.health.connecting(stream, WallTime(90_000), crate::base::MonoTime(0));
        let told = json!({
            "state": "connecting",
            "lastError": null,
            "video": null,
            "framesPerSecond": 0.0,
            "bitsPerSecond": 0.0,
            "lostPackets": 0,
            "cameraClockOffsetSeconds": null,
            "cameraClockPpm": null,
            "cameraClockUncertaintyPpm": null,
            "sessions": 1,
            "since90k": 90_000,
            "since": "1970-01-01T00:00:01:00000+00:00",
            "lastErrorAt90k": null,
            "lastErrorAt": null,
        });
        assert_eq!(top(&state, Peer::Owner)["cameras"][0]["streams"]["main"]["live"], told);
    }
}
