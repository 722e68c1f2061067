//! What each stream that should record does.

use super::text::{Kind, Text};
use crate::base::{MonoTime, WallDuration};
use crate::live::{State as Doing, Status};
use crate::store::Camera;
use crate::web::State;

pub(super) fn write(state: &State, cameras: &[Camera], now: MonoTime, text: &mut Text) {
    let known: Vec<(String, &str, &str, Status)> = cameras
        .iter()
        .flat_map(|camera| camera.streams.iter().map(move |stream| (camera, stream)))
        .filter_map(|(camera, stream)| {
            let status = state.live.health.look(stream.id, Status::clone)?;
            Some((camera.uuid.to_string(), camera.name.as_str(), stream.kind.word(), status))
        })
        .collect();
    let labels = |(uuid, name, kind, _): &'_ (String, &'_ str, &'_ str, Status)| -> Vec<(&'static str, String)> {
        vec![("camera", (*name).to_owned()), ("camera_uuid", uuid.clone()), ("stream", (*kind).to_owned())]
    };
    let owned: Vec<_> = known.iter().map(labels).collect();
    let rows = || owned.iter().zip(&known).map(|(labels, known)| (borrowed(labels), &known.3));
    let states = rows().flat_map(|(labels, status)| {
        STATES.map(|(doing, word)| {
            let mut labels = labels.clone();
            labels.push(("state", word));
            (labels, u8::from(status.state == doing))
        })
    });
    text.add(Kind::Gauge, "lunette_stream_state", "1: it does that.", states);
    let counts: [(&str, &str, fn(&Status) -> u64); 4] = [
        ("lunette_stream_frames_total", "Frames that were recorded.", |s| s.frames),
        ("lunette_stream_received_bytes_total", "Bytes of these frames.", |s| s.bytes),
        ("lunette_stream_sessions_total", "How often a connection was begun.", |s| s.sessions),
        ("lunette_stream_lost_packets_total", "Packets lost in this connection.", |s| s.lost_packets),
    ];
    for (name, help, of) in counts {
        text.add(Kind::Counter, name, help, rows().map(|(labels, status)| (labels, of(status))));
    }
    let ages = rows().filter_map(|(labels, status)| {
        let age: WallDuration = now - status.last_frame?;
        Some((labels, age.as_secs_f64().max(0.0)))
    });
    let help = "Since its newest frame came; none while it does not record.";
    text.add(Kind::Gauge, "lunette_stream_last_frame_age_seconds", help, ages);
}

fn borrowed<'a>(labels: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    labels.iter().map(|(label, text)| (*label, text.as_str())).collect()
}

const STATES: [(Doing, &str); 4] = [
    (Doing::Connecting, "connecting"),
    (Doing::Recording, "recording"),
    (Doing::NotRecording, "notRecording"),
    (Doing::Waiting, "waiting"),
];
