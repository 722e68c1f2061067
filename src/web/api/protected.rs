//! `…/protected`: film that is kept whatever its age.

use crate::base::{Error, Kind, Result, WallTime};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::route::{StreamName, is_tellable};
use crate::web::state::blocking;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// What is to be protected.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct Span {
    #[serde(rename = "startTime90k")]
    start: i64,
    #[serde(rename = "endTime90k")]
    end: i64,
}

#[derive(Serialize)]
struct Protected {
    protected: Vec<SpanJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson {
    start_time_90k: i64,
    end_time_90k: i64,
    start_time: String,
    end_time: String,
}

/// All of a stream, oldest first. Spans that touch are one.
pub(in crate::web) async fn list(state: &Arc<State>, name: StreamName) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let state = state.clone();
    blocking(move || {
        let told = state.store.protected(stream)?.into_iter().map(|span| SpanJson {
            start_time_90k: span.start.0,
            end_time_90k: span.end.0,
            start_time: span.start.text(&state.zone),
            end_time: span.end.text(&state.zone),
        });
        Ok(answer::json(StatusCode::OK, &Protected { protected: told.collect() }))
    })
    .await
}

/// One more; answers as [`list`] does.
pub(in crate::web) async fn add(state: &Arc<State>, name: StreamName, span: Span) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let span = WallTime(span.start)..WallTime(span.end);
    if ![span.start, span.end].into_iter().all(is_tellable) {
        return Err(Error::new(Kind::BadInput, "startTime90k or endTime90k: not within the years 1 to 9998"));
    }
    if span.is_empty() {
        return Err(Error::new(Kind::BadInput, "startTime90k is not before endTime90k"));
    }
    let store = state.store.clone();
    blocking(move || store.protect(stream, span)).await?;
    list(state, name).await
}

/// What is within the span is as all other film again.
pub(in crate::web) async fn remove(
    state: &Arc<State>,
    name: StreamName,
    span: Range<WallTime>,
) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let store = state.store.clone();
    blocking(move || store.unprotect(stream, span)).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
