//! `/api/`: all that the page needs to begin.

use crate::camera::clock;
use crate::web::answer::{self, Body};
use crate::web::api::camera_json::{self, CameraJson};
use crate::web::{Peer, State};
use http::{Response, StatusCode};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Top {
    version: &'static str,
    /// IANA name; `null` where the system only knows an offset.
    time_zone_name: Option<String>,
    now_90k: i64,
    now: String,
    /// Why nothing can be recorded just now, for all streams alike.
    trouble: Option<String>,
    cameras: Vec<CameraJson>,
}

/// With `days`, each stream tells how much was recorded on which day.
pub(in crate::web) fn show(state: &State, peer: Peer, days: bool) -> Response<Body> {
    let now = clock::wall_now();
    let top = Top {
        version: env!("CARGO_PKG_VERSION"),
        time_zone_name: state.zone.iana_name().map(str::to_owned),
        now_90k: now.0,
        now: now.text(&state.zone),
        trouble: state.store.trouble(),
        cameras: camera_json::all(state, peer, days),
    };
    answer::json(StatusCode::OK, &top)
}
