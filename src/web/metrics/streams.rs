//! What each stream that should record does.

use super::text::{Kind, Text};
use crate::base::{MonoTime, WallDuration};
use crate::live::{State as Doing, Status};
use crate::store::Camera;
use crate::web::State;

/// Of a stream, in the order in which all figures have them.
type Labels<'a> = Vec<(&'a str, &'a str)>;

pub(super) fn write(state: &State, cameras: &[Camera], now: MonoTime, text: &mut Text) {
    let uuids: Vec<String> = cameras.iter().map(|camera| camera.uuid.to_string()).collect();
    let streams = cameras.iter().zip(&uuids).flat_map(|(camera, uuid)| {
        let labels = move |kind| vec![("camera", camera.name.as_str()), ("camera_uuid", uuid), ("stream", kind)];
        camera.streams.iter().filter_map(move |stream| {
            Some((labels(stream.kind.word()), state.live.health.look(stream.id, Status::clone)?))
        })
    });
    let streams: Vec<(Labels<'_>, Status)> = streams.collect();
    let states = streams.iter().flat_map(|(labels, status)| {
        STATES.map(|(doing, word)| {
            let mut labels = labels.clone();
            labels.push(("state", word));
            (labels, u8::from(status.state == doing))
        })
    });
    text.add(Kind::Gauge, "lunette_stream_state", "1: it does that.", states);
    let mut count = |name, help, of: fn(&Status) -> u64| {
        text.add(Kind::Counter, name, help, streams.iter().map(|(labels, status)| (labels.clone(), of(status))));
    };
    count("lunette_stream_frames_total", "Frames that were recorded.", |status| status.frames);
    count("lunette_stream_received_bytes_total", "Bytes of these frames.", |status| status.bytes);
    count("lunette_stream_sessions_total", "How often a connection was begun.", |status| status.sessions);
    count("lunette_stream_lost_packets_total", "Packets lost in this connection.", |status| status.lost_packets);
    let ages = streams.iter().filter_map(|(labels, status)| {
        let age: WallDuration = now - status.last_frame?;
        Some((labels.clone(), age.as_secs_f64().max(0.0)))
    });
    let help = "Since its newest frame came; none while it does not record.";
    text.add(Kind::Gauge, "lunette_stream_last_frame_age_seconds", help, ages);
}

const STATES: [(Doing, &str); 4] = [
    (Doing::Connecting, "connecting"),
    (Doing::Recording, "recording"),
    (Doing::NotRecording, "notRecording"),
    (Doing::Waiting, "waiting"),
];
