//! Whether the time is known, and how wrong the cameras' clocks run.

use super::text::{Kind, Text};
use crate::live::Status;
use crate::store::Camera;
use crate::web::Front;

pub(super) fn write(front: &Front, cameras: &[Camera], text: &mut Text) {
    if let Some(clock) = front.live.clock.status() {
        let help = "1: the recorder's clock is known to be right.";
        text.one(Kind::Gauge, "lunette_clock_proven", help, u8::from(clock.proven));
        if let Some(seconds) = clock.max_error_seconds {
            let help = "By how much it may be off, as far as who keeps it knows.";
            text.one(Kind::Gauge, "lunette_clock_max_error_seconds", help, seconds);
        }
    }
    let uuids: Vec<String> = cameras.iter().map(|camera| camera.uuid.to_string()).collect();
    let each = |value: fn(&Status) -> Option<f64>| {
        let streams = cameras.iter().zip(&uuids).flat_map(|(camera, uuid)| {
            camera.streams.iter().filter_map(move |stream| {
                let value = front.live.health.look(stream.id, value).flatten()?;
                let (name, kind) = (camera.name.as_str(), stream.kind.word());
                Some((vec![("camera", name), ("camera_uuid", uuid.as_str()), ("stream", kind)], value))
            })
        });
        streams.collect::<Vec<_>>()
    };
    let help = "By how many millionths the camera's clock runs fast.";
    text.add(Kind::Gauge, "lunette_camera_clock_ppm", help, each(|status| status.camera_clock_ppm));
    let help = "It is within so many of that, 19 times in 20.";
    let uncertainty = each(|status| status.camera_clock_uncertainty_ppm);
    text.add(Kind::Gauge, "lunette_camera_clock_uncertainty_ppm", help, uncertainty);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{MonoTime, WallDuration, WallTime};
    use crate::live::ClockStatus;
    use crate::media::drift::Estimate;
    use crate::store::tests::Place;
    use crate::web::State;
    use jiff::tz::TimeZone;
    use std::sync::Arc;

    #[test]
    fn what_is_known_is_told_and_nothing_else() {
        let place = Place::new();
        let (store, stream) = place.with_camera();
        let state = State::new(store, Arc::default(), TimeZone::UTC);
        let told = |state: &State| {
            let mut text = Text::default();
            write(state, &state.store.cameras(), &mut text);
            let text = String::from_utf8(text.into_bytes()).unwrap();
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told(&state), [""; 0]);
        let (least, instead) = (WallDuration(0), WallDuration(0));
        let (since, detail) = (WallTime(0), String::new());
        let status = ClockStatus { proven: true, detail, since, max_error_seconds: Some(0.25), least, instead };
        state.live.clock.tell(status);
        state.live.health.connecting(stream, WallTime(0), MonoTime(0));
        state.live.health.drift(stream, Estimate { ppm: -12.5, uncertainty_ppm: 2.0, watched: WallDuration(0) });
        let uuid = state.store.cameras()[0].uuid;
        let labels = format!("{{camera=\"porch\",camera_uuid=\"{uuid}\",stream=\"main\"}}");
        let expected = [
            "lunette_clock_proven 1".to_owned(),
            "lunette_clock_max_error_seconds 0.25".to_owned(),
            format!("lunette_camera_clock_ppm{labels} -12.5"),
            format!("lunette_camera_clock_uncertainty_ppm{labels} 2"),
        ];
        assert_eq!(told(&state), expected);
    }
}
