//! `…/gaps`: when a stream should have been recorded and was not, and why.

use crate::base::{Error, Kind, Result, WallTime};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::route::StreamName;
use crate::web::state::blocking;
use http::{Response, StatusCode};
use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;

#[derive(Serialize)]
struct Gaps {
    gaps: Vec<GapJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GapJson {
    start_time_90k: i64,
    end_time_90k: Option<i64>,
    start_time: String,
    end_time: Option<String>,
    cause: String,
    detail: String,
}

/// All that overlap the span, newest first. One without an end still lasts.
pub(in crate::web) async fn list(
    state: &Arc<State>,
    name: StreamName,
    span: Range<WallTime>,
) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let state = state.clone();
    blocking(move || {
        let gaps = state.store.newest_gaps(stream, span, MAX_GAPS + 1)?;
        if gaps.len() > MAX_GAPS as usize {
            let what = format!("more than {MAX_GAPS} gaps: ask for less with start90k and end90k");
            return Err(Error::new(Kind::BadInput, what));
        }
        let zone = &state.zone;
        let told = gaps.into_iter().map(|gap| GapJson {
            start_time_90k: gap.start.0,
            end_time_90k: gap.end.map(|end| end.0),
            start_time: gap.start.text(zone),
            end_time: gap.end.map(|end| end.text(zone)),
            cause: gap.cause,
            detail: gap.detail,
        });
        Ok(answer::json(StatusCode::OK, &Gaps { gaps: told.collect() }))
    })
    .await
}

/// About 3 MB of JSON. A camera that fails every minute makes as many in a week.
const MAX_GAPS: u32 = 10_000;
