//! `…/recordings`: what there is of a stream, newest first.

use crate::base::{Result, WallDuration, WallTime};
use crate::media::SampleEntry;
use crate::media::rows::{Row, Terms};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::route::StreamName;
use crate::web::state::blocking;
use http::{Response, StatusCode};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    recordings: Vec<RowJson>,
    video_sample_entries: BTreeMap<i32, SampleEntryJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowJson {
    start_id: u32,
    end_id: u32,
    run_start_id: u32,
    start_time_90k: i64,
    end_time_90k: i64,
    start_time: String,
    end_time: String,
    wall_duration_90k: i64,
    media_duration_90k: i64,
    sample_file_bytes: u64,
    video_samples: u64,
    video_sample_entry_id: i32,
    growing: bool,
    missing: bool,
    has_trailing_zero: bool,
    end_reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SampleEntryJson {
    width: u16,
    height: u16,
    pixel_aspect: (u16, u16),
    rfc6381_codec: String,
}

/// All that overlaps the span; recordings are told whole. Those of a run are put together as `media::rows` says.
pub(in crate::web) async fn list(
    state: &Arc<State>,
    name: StreamName,
    span: Range<WallTime>,
    split: Option<WallDuration>,
) -> Result<Response<Body>> {
    let stream = state.stream(name)?.id;
    let state = state.clone();
    blocking(move || {
        let rows = state.store.rows(stream, span, Terms { split, limit: MAX_ROWS })?;
        let mut video_sample_entries = BTreeMap::new();
        for id in rows.iter().map(|row| row.sample_entry_id) {
            if let std::collections::btree_map::Entry::Vacant(vacant) = video_sample_entries.entry(id) {
                vacant.insert(SampleEntryJson::of(&*state.store.sample_entry(id)?));
            }
        }
        let recordings = rows.into_iter().map(|row| RowJson::of(row, &state.zone)).collect();
        Ok(answer::json(StatusCode::OK, &Listing { recordings, video_sample_entries }))
    })
    .await
}

/// More than a month of single recordings; as many as a film may have.
const MAX_ROWS: usize = 50_000;

impl RowJson {
    fn of(row: Row, zone: &TimeZone) -> Self {
        let end = row.start + row.wall_duration;
        Self {
            start_id: row.first,
            end_id: row.last,
            run_start_id: row.run_start,
            start_time_90k: row.start.0,
            end_time_90k: end.0,
            start_time: row.start.text(zone),
            end_time: end.text(zone),
            wall_duration_90k: row.wall_duration.0,
            media_duration_90k: row.media_duration.0,
            sample_file_bytes: row.sample_file_bytes,
            video_samples: row.video_samples,
            video_sample_entry_id: row.sample_entry_id,
            growing: row.growing,
            missing: row.missing,
            has_trailing_zero: row.has_trailing_zero,
            end_reason: row.end_reason.map(|reason| reason.to_string()),
        }
    }
}

impl SampleEntryJson {
    fn of(entry: &SampleEntry) -> Self {
        Self {
            width: entry.width,
            height: entry.height,
            pixel_aspect: entry.pixel_aspect,
            rfc6381_codec: entry.rfc6381_codec.clone(),
        }
    }
}
