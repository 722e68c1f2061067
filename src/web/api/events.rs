//! `…/events`: what a camera noticed by itself.

use crate::base::{Error, Kind, Result, WallTime};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::state::blocking;
use http::{Response, StatusCode};
use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Serialize)]
struct Events {
    events: Vec<EventJson>,
}

#[derive(Serialize)]
struct EventJson {
    #[serde(rename = "start90k")]
    start_90k: i64,
    #[serde(rename = "end90k")]
    end_90k: Option<i64>,
    kind: String,
    source: String,
}

/// All that overlap the span, newest first. One without an end still lasts.
pub(in crate::web) async fn list(state: &Arc<State>, camera: Uuid, span: Range<WallTime>) -> Result<Response<Body>> {
    state.camera(camera)?;
    let state = state.clone();
    blocking(move || {
        let events = state.store.db().newest_events(camera, span, MAX_EVENTS + 1)?;
        if events.len() > MAX_EVENTS as usize {
            let what = format!("more than {MAX_EVENTS} events: ask for less with start90k and end90k");
            return Err(Error::new(Kind::BadInput, what));
        }
        let told = events.into_iter().map(|event| EventJson {
            start_90k: event.start.0,
            end_90k: event.end.map(|end| end.0),
            kind: event.kind,
            source: event.source,
        });
        Ok(answer::json(StatusCode::OK, &Events { events: told.collect() }))
    })
    .await
}

/// About 2 MB of JSON: a camera that sees motion once a minute makes as many in two weeks.
const MAX_EVENTS: u32 = 20_000;
