//! `/api/storage`: what is on the disk, how long film stays, and what other settings would make of it.

use crate::base::{Error, Kind, Result};
use crate::media::retention::{Forecast, Holding, forecast};
use crate::store::{Activity, Storage, Stream, Verification};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::{Caller, no_camera};
use crate::web::route::{Settings, StreamName};
use http::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StorageJson {
    /// Null while the disk was not looked at, or is not there.
    disk: Option<DiskJson>,
    streams: Vec<StreamJson>,
    /// Null where film is not read again.
    verification: Option<VerificationJson>,
    trouble: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiskJson {
    file_system_bytes: u64,
    free_bytes: u64,
    reserve_bytes: u64,
    taken_by_others_bytes: u64,
    capacity_bytes: u64,
    used_bytes: u64,
    lingering_bytes: u64,
    other_bytes: u64,
    protected_bytes: u64,
    deleted_recordings: u64,
    deleted_bytes: u64,
    full_in_days: Option<f64>,
    overcommitted: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamJson {
    camera: Uuid,
    name: String,
    stream: &'static str,
    retain_bytes: Option<u64>,
    used_bytes: Option<u64>,
    protected_bytes: Option<u64>,
    #[serde(rename = "duration90k")]
    duration_90k: i64,
    days: f64,
    bytes_per_day: Option<f64>,
    forecast_days: Option<f64>,
    forecast_bytes: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationJson {
    activity: &'static str,
    rounds: u64,
    #[serde(rename = "began90k")]
    began_90k: Option<i64>,
    began: Option<String>,
    bytes: u64,
    left_bytes: u64,
    bytes_per_second: u64,
    read_recordings: u64,
    read_bytes: u64,
    damaged_recordings: usize,
    unsteady_readings: u64,
    trouble: Option<String>,
}

/// From memory alone. With settings, the forecast is theirs; nothing is changed by asking.
pub(in crate::web) fn show(state: &State, caller: &Caller, settings: &Settings) -> Result<Response<Body>> {
    let cameras = state.store.cameras();
    for (name, _) in &settings.retain {
        if !caller.may_see(name.camera) {
            return Err(no_camera(name.camera));
        }
        state.stream(*name)?;
    }
    let seen = state.store.storage().map(|seen| asked(&seen, settings)).transpose()?;
    let all = cameras.iter().flat_map(|camera| camera.streams.iter().map(move |stream| (camera, stream)));
    let all: Vec<_> = all.collect();
    // Film of streams that are no more is on its way out, but counts until then.
    let retain = |name: StreamName, stream: &Stream| {
        let asked = settings.retain.iter().find(|(of, _)| *of == name);
        asked.map_or(stream.retain_bytes, |(_, bytes)| *bytes)
    };
    let name = |camera: &crate::store::Camera, stream: &Stream| StreamName { camera: camera.uuid, kind: stream.kind };
    let mut holdings = Vec::new();
    let mut places = Vec::new();
    if let Some(seen) = &seen {
        for told in &seen.streams {
            let mut holding = told.holding;
            if let Some((camera, stream)) = all.iter().find(|(_, stream)| stream.id == told.stream) {
                holding.share.retain_bytes = retain(name(camera, stream), stream);
            }
            places.push(told.stream);
            holdings.push(holding);
        }
    }
    let outlook = seen.as_ref().map(|seen| forecast(seen.film_capacity(), &holdings));
    let shown = all.iter().filter(|(camera, _)| caller.may_see(camera.uuid));
    let streams = shown.map(|&(camera, stream)| {
        let at = places.iter().position(|&id| id == stream.id);
        let known: Option<&Holding> = at.map(|at| &holdings[at]);
        let future = at.zip(outlook.as_ref()).map(|(at, outlook)| outlook.streams[at]);
        let stats = state.store.stream_stats(stream.id);
        StreamJson {
            camera: camera.uuid,
            name: camera.name.clone(),
            stream: stream.kind.word(),
            retain_bytes: retain(name(camera, stream), stream),
            used_bytes: known.map(|h| h.share.used),
            protected_bytes: known.map(|h| h.protected),
            duration_90k: stats.duration().0,
            days: stats.duration().as_secs_f64() / 86_400.0,
            bytes_per_day: known.map(|h| h.bytes_per_day),
            forecast_days: future.and_then(|f| f.days),
            forecast_bytes: future.map(|f| f.bytes),
        }
    });
    let told = StorageJson {
        streams: streams.collect(),
        verification: state.store.verification().map(|told| VerificationJson::new(told, state)),
        trouble: state.store.trouble().or_else(|| seen.as_ref().and_then(|seen| seen.trouble.clone())),
        disk: seen.zip(outlook).map(|(seen, outlook)| DiskJson::new(&seen, &outlook)),
    };
    Ok(answer::json(StatusCode::OK, &told))
}

/// What was seen, as if the reserve were the one that is asked about.
fn asked(seen: &Storage, settings: &Settings) -> Result<Storage> {
    match settings.reserve_bytes {
        None => Ok(seen.clone()),
        Some(bytes) if bytes <= seen.file_system_bytes / 2 => Ok(seen.with_reserve(bytes)),
        Some(bytes) => {
            let what = format!("parameter reserve={bytes}: that is more than half of the disk");
            Err(Error::new(Kind::BadInput, what))
        }
    }
}

impl VerificationJson {
    fn new(told: Verification, state: &State) -> Self {
        Self {
            activity: match told.activity {
                Activity::Resting => "resting",
                Activity::Reading => "reading",
                Activity::GivingWay => "givingWay",
                Activity::Waiting => "waiting",
            },
            rounds: told.rounds,
            began_90k: told.began.map(|began| began.0),
            began: told.began.map(|began| began.text(&state.zone)),
            bytes: told.bytes,
            left_bytes: told.left_bytes,
            bytes_per_second: told.bytes_per_second,
            read_recordings: told.read_recordings,
            read_bytes: told.read_bytes,
            damaged_recordings: state.store.damaged().len(),
            unsteady_readings: told.unsteady,
            trouble: told.trouble,
        }
    }
}

impl DiskJson {
    fn new(seen: &Storage, outlook: &Forecast) -> Self {
        Self {
            file_system_bytes: seen.file_system_bytes,
            free_bytes: seen.free_bytes,
            reserve_bytes: seen.reserve_bytes,
            taken_by_others_bytes: seen.taken_bytes,
            capacity_bytes: seen.capacity_bytes,
            used_bytes: seen.used_bytes,
            lingering_bytes: seen.lingering_bytes,
            other_bytes: seen.other_bytes,
            protected_bytes: seen.streams.iter().map(|s| s.holding.protected).sum(),
            deleted_recordings: seen.deleted_recordings,
            deleted_bytes: seen.deleted_bytes,
            full_in_days: outlook.full_in_days,
            overcommitted: outlook.overcommitted,
        }
    }
}
