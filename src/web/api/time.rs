//! `/api/time`: a time in both its forms, as `lunette ts` tells it.

use crate::base::WallTime;
use crate::web::Front;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use http::{Response, StatusCode};

/// Reads nothing but the zone.
pub(in crate::web) fn show(front: &Front, time: WallTime) -> Response<Body> {
    let mut json = Json::default();
    json.raw("{\"time90k\":").number(time.0);
    json.raw(",\"time\":").text(Some(&time.text(&front.zone))).raw("}");
    answer::typed(StatusCode::OK, "application/json", json.into_bytes())
}
