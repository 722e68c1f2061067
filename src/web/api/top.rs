//! `/api/`: all that the page needs to begin.

use crate::camera::clock;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use crate::web::api::person_json::PersonJson;
use crate::web::auth::Caller;
use crate::web::notices;
use http::{Response, StatusCode};

/// From memory alone. With `days`, each stream tells how much was recorded on which day.
pub(in crate::web) fn show(state: &State, caller: &Caller, days: bool) -> Response<Body> {
    let now = clock::wall_now();
    let mut json = Json::with_capacity(8 << 10);
    let mut texts = state.camera_texts.current(state, caller.audience());
    json.raw(concat!("{\"version\":\"", env!("CARGO_PKG_VERSION"), "\""));
    // IANA name; `null` where the system only knows an offset.
    json.raw(",\"timeZoneName\":").text(state.zone.iana_name());
    json.raw(",\"now90k\":").number(now.0);
    json.raw(",\"now\":\"").raw(texts.times.of(now));
    // Why nothing can be recorded just now, for all streams alike.
    json.raw("\",\"trouble\":").text(state.store.trouble().as_deref());
    // Whether the times of film can be relied on; `null` where nothing is recorded.
    json.raw(",\"clock\":");
    match state.live.clock.status() {
        Some(clock) => {
            json.raw("{\"proven\":").truth(clock.proven).raw(",\"detail\":").text(Some(&clock.detail));
            json.raw(",\"maxErrorSeconds\":").value(&clock.max_error_seconds);
            json.raw(",\"since90k\":").number(clock.since.0);
            json.raw(",\"since\":").text(Some(texts.times.of(clock.since))).raw("}");
        }
        None => _ = json.raw("null"),
    }
    // What an owner should know without having asked, worst first.
    json.raw(",\"notices\":").value(&notices::all(state, caller, now));
    json.raw(",\"user\":").value(&caller.person().map(PersonJson::of));
    texts.write_all(json.raw(",\"cameras\":"), state, caller, days);
    json.raw("}");
    answer::typed(StatusCode::OK, "application/json", json.into_bytes())
}
