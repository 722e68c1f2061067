//! `/api/`: all that the page needs to begin.

use crate::base::{TimeText, WallTime};
use crate::camera::clock;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use crate::web::api::person_json::PersonJson;
use crate::web::auth::Caller;
use crate::web::notices::{self, Notice};
use crate::web::{Front, State};
use http::{Response, StatusCode};

/// From memory alone. With `days`, each stream tells how much was recorded on which day.
pub(in crate::web) fn show(state: &State, caller: &Caller, days: bool) -> Response<Body> {
    let now = clock::wall_now();
    let mut texts = state.camera_texts.current(state, caller.audience());
    let (trouble, notices) = (state.store.trouble(), notices::all(state, caller, now));
    let mut json = head(state, caller, now, &mut texts.times, trouble.as_deref(), &notices);
    texts.write_all(json.raw(",\"cameras\":"), state, caller, days);
    json.raw("}");
    answer::typed(StatusCode::OK, "application/json", json.into_bytes())
}

/// The same fields while there is no film: no camera is told.
pub(in crate::web) fn while_waiting(front: &Front, caller: &Caller) -> Response<Body> {
    let now = clock::wall_now();
    let mut times = TimeText::new(front.zone.clone());
    let trouble = front.waits().map(|waiting| waiting.to_string());
    let mut json = head(front, caller, now, &mut times, trouble.as_deref(), &notices::while_waiting(front, now));
    json.raw(",\"cameras\":[]}");
    answer::typed(StatusCode::OK, "application/json", json.into_bytes())
}

/// All but the cameras.
fn head(
    front: &Front,
    caller: &Caller,
    now: WallTime,
    times: &mut TimeText,
    trouble: Option<&str>,
    notices: &[Notice],
) -> Json {
    let mut json = Json::with_capacity(8 << 10);
    json.raw(concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\""));
    // IANA name; `null` where the system only knows an offset.
    json.raw(",\"timeZoneName\":").text(front.zone.iana_name());
    json.raw(",\"now90k\":").number(now.0);
    json.raw(",\"now\":\"").raw(times.of(now));
    // Why nothing can be recorded just now, for all streams alike.
    json.raw("\",\"trouble\":").text(trouble);
    // Whether the times of film can be relied on; `null` where nothing is recorded.
    json.raw(",\"clock\":");
    match front.live.clock.status() {
        Some(clock) => {
            json.raw("{\"proven\":").truth(clock.proven).raw(",\"detail\":").text(Some(&clock.detail));
            json.raw(",\"maxErrorSeconds\":").value(&clock.max_error_seconds);
            json.raw(",\"since90k\":").number(clock.since.0);
            json.raw(",\"since\":").text(Some(times.of(clock.since))).raw("}");
        }
        None => _ = json.raw("null"),
    }
    // What an owner should know without having asked, worst first.
    json.raw(",\"notices\":").value(&notices);
    json.raw(",\"user\":").value(&caller.person().map(PersonJson::of));
    json
}
