//! `/healthz`: whether all that should record does. No names in it.

use crate::base::WallDuration;
use crate::camera::clock;
use crate::web::State;
use crate::web::answer::{self, Body};
use http::{Response, StatusCode};

/// 200 while every stream that should record got a frame of late, else 503.
pub(in crate::web) fn show(state: &State) -> Response<Body> {
    match state.health.not_recording(clock::monotonic_now(), PATIENCE).len() {
        0 => answer::text(StatusCode::OK, "ok\n".to_owned()),
        n => answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("{n} of the streams do not record\n")),
    }
}

/// Longer than the time between two frames of any camera worth the name.
const PATIENCE: WallDuration = WallDuration::from_secs(10);
