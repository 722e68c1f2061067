//! `/api/firmware`: slots and versions, and how a new one comes onto this machine.

use super::system::elsewhere;
use crate::appliance::Appliance;
use crate::appliance::firmware::schedule::Window;
use crate::appliance::firmware::{Available, Bundle, Firmware, Progress, Settings};
use crate::appliance::protocol::{Inspected, LastUpgrade, SlotName, SlotState, Status, UpgradeOutcome, check_url};
use crate::appliance::recording_list;
use crate::base::{Error, Kind, Result, WallTime, time::UNITS_PER_SEC};
use crate::web::answer::{self, Body};
use crate::web::auth::{Admits, Caller};
use crate::web::machine::Machine;
use crate::web::problem::Refusal;
use crate::web::state::blocking;
use bytes::{Bytes, BytesMut};
use http::header;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirmwareJson {
    on_image: bool,
    compatible: String,
    version: String,
    booted: Option<SlotName>,
    operation: String,
    slots: BTreeMap<SlotName, SlotJson>,
    last_upgrade: Option<LastJson>,
    pending: Option<String>,
    channel: ChannelJson,
    schedule: ScheduleJson,
}

#[derive(Serialize)]
struct SlotJson {
    version: Option<String>,
    state: SlotState,
    proven: bool,
    installed: Option<String>,
    hash: Option<String>,
}

#[derive(Serialize)]
struct LastJson {
    from: String,
    to: String,
    #[serde(rename = "when90k")]
    when_90k: i64,
    when: String,
    outcome: UpgradeOutcome,
    why: String,
}

#[derive(Serialize)]
struct ChannelJson {
    url: Option<String>,
    #[serde(rename = "checked90k")]
    checked_90k: Option<i64>,
    available: Option<AvailableJson>,
    error: Option<String>,
}

#[derive(Serialize)]
struct AvailableJson {
    version: String,
    refusal: Option<String>,
}

#[derive(Serialize)]
struct ScheduleJson {
    window: Option<Window>,
}

/// Slots, versions, and where the next one may come from.
pub(in crate::web) async fn show(machine: &Machine) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let Ok(image) = appliance.here() else { return Ok(elsewhere()) };
    let status = image.firmware().status().await?;
    Ok(told(StatusCode::OK, status, image.firmware().settings(), &machine.front.zone))
}

fn told(code: StatusCode, status: Status, settings: Settings, zone: &TimeZone) -> Response<Body> {
    let slots = status.slots.into_iter().map(|(name, slot)| {
        let (version, state, proven) = (slot.version, slot.state, slot.proven);
        (name, SlotJson { version, state, proven, installed: slot.installed, hash: slot.hash })
    });
    let (found, error) = match settings.checked.as_ref().map(|checked| checked.found.clone()) {
        Some(Ok(found)) => (Some(found), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    let json = FirmwareJson {
        on_image: true,
        compatible: status.compatible,
        version: status.version,
        booted: status.booted,
        operation: status.operation,
        slots: slots.collect(),
        last_upgrade: status.last_upgrade.map(|last| LastJson::new(last, zone)),
        pending: status.pending,
        channel: ChannelJson {
            url: settings.channel,
            checked_90k: settings.checked.map(|checked| wall(checked.epoch).0),
            available: found.map(|Available { version, refusal, .. }| AvailableJson { version, refusal }),
            error,
        },
        schedule: ScheduleJson { window: settings.window },
    };
    answer::json(code, &json)
}

impl LastJson {
    fn new(last: LastUpgrade, zone: &TimeZone) -> Self {
        let when = wall(last.epoch);
        let LastUpgrade { from, to, outcome, why, .. } = last;
        Self { from, to, when_90k: when.0, when: when.text(zone), outcome, why }
    }
}

/// A time of the helper's, which counts seconds.
pub(in crate::web) fn wall(epoch: i64) -> WallTime {
    // Beyond the year 9998 is a clock that was never set.
    WallTime(epoch.clamp(0, 253_000_000_000) * UNITS_PER_SEC)
}

/// What is to be changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct Change {
    #[serde(default, deserialize_with = "twice")]
    channel: Option<Option<String>>,
    #[serde(default, deserialize_with = "twice")]
    window: Option<Option<Window>>,
}

/// Told apart: left out, and null.
fn twice<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from).map(Some)
}

/// Sets channel and window.
pub(in crate::web) async fn change(machine: &Machine, change: Change) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    appliance.here()?;
    blocking(move || {
        appliance.here()?.firmware().change(|settings| {
            if let Some(channel) = change.channel {
                settings.set_channel(channel)?;
            }
            settings.window = change.window.unwrap_or(settings.window);
            Ok(())
        })
    })
    .await?;
    show(machine).await
}

/// A bundle from the web.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct FromWeb {
    url: String,
    #[serde(default)]
    force: bool,
}

/// A bundle comes in by itself.
pub(in crate::web) fn is_bundle(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or("");
    said.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/octet-stream")
}

/// Installs from the web. What is refused is refused now; the rest is told by progress.
pub(in crate::web) async fn install_url(machine: &Machine, wish: FromWeb) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let firmware = appliance.here()?.firmware();
    check_url(&wish.url)?;
    let turn = firmware.turn()?;
    let bundle = Bundle::Url(wish.url);
    let inspected = firmware.check(&bundle, wish.force).await?;
    begin(machine, turn, bundle, wish.force);
    Ok(accepted(&inspected))
}

/// Takes a bundle in and installs it. What is refused is refused when it is here.
pub(in crate::web) async fn upload<B>(
    machine: &Machine,
    force: bool,
    request: Request<B>,
) -> Result<Response<Body>, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let appliance = machine.appliance();
    let firmware = appliance.here()?.firmware();
    let turn = firmware.turn()?;
    let limit = firmware.limit().await?;
    let length = request.body().size_hint().exact().or_else(|| content_length(request.headers()));
    if length.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge);
    }
    let turn = match take_in(&appliance, turn, limit, length, request.into_body()).await {
        Ok(turn) => turn,
        Err(refusal) => {
            firmware.upload_failed(&refusal.to_string());
            return Err(refusal);
        }
    };
    let inspected = firmware.check(&Bundle::Uploaded, force).await?;
    begin(machine, turn, Bundle::Uploaded, force);
    Ok(accepted(&inspected))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Writes what comes, a good piece at a time, on a thread that may wait for the disk.
async fn take_in<B>(
    appliance: &Arc<Appliance>,
    turn: crate::appliance::firmware::Turn,
    limit: u64,
    length: Option<u64>,
    body: B,
) -> Result<crate::appliance::firmware::Turn, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let firmware: &Firmware = appliance.here()?.firmware();
    let begun = appliance.clone();
    let mut upload = blocking(move || begun.here()?.firmware().upload(turn, limit)).await?;
    let mut body = pin!(body);
    let mut gathered = BytesMut::with_capacity(PIECE + PIECE / 4);
    loop {
        let late = || Error::new(Kind::BadInput, "the bundle did not go on coming in");
        let next = tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| late())?;
        let is_last = next.is_none();
        if let Some(frame) = next {
            let frame = frame.map_err(|e| Error::caused(Kind::BadInput, "read the bundle", e))?;
            gathered.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
        if gathered.len() < PIECE && !is_last {
            continue;
        }
        let piece = gathered.split().freeze();
        let (written, fits) = blocking(move || {
            let fits = upload.write(&piece)?;
            Ok((upload, fits))
        })
        .await?;
        upload = written;
        if !fits {
            return Err(Refusal::TooLarge);
        }
        firmware.uploaded(upload.written(), length);
        if is_last {
            return Ok(blocking(move || upload.finish()).await?);
        }
    }
}

/// A write to the disk has so much.
const PIECE: usize = 1 << 20;

/// A line may stall so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Goes on by itself, whether somebody looks or not.
fn begin(machine: &Machine, turn: crate::appliance::firmware::Turn, bundle: Bundle, force: bool) {
    let (recording, appliance) = (machine.recording(), machine.appliance());
    tokio::spawn(async move {
        let Ok(image) = appliance.here() else { return };
        // A power cut may start the new version sooner than the owner does.
        if let Err(e) = recording_list::write(image.state(), &recording) {
            log::warn!("the list of recording streams: {e}");
        }
        let _ = image.firmware().install(turn, bundle, force).await;
    });
}

fn accepted(inspected: &Inspected) -> Response<Body> {
    #[derive(Serialize)]
    struct Accepted<'a> {
        version: &'a str,
    }
    answer::json(StatusCode::ACCEPTED, &Accepted { version: &inspected.version })
}

/// Server-sent events: how far an upgrade is, now and as it goes on.
pub(in crate::web) fn progress(machine: &Machine, caller: Caller) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let mut progress = appliance.here()?.firmware().progress();
    // When it is full the state is read later: nothing is lost, since changes are not queued.
    let (pieces, told) = mpsc::channel(1);
    let doors = machine.front.doors.clone();
    tokio::spawn(async move {
        let mut over = pin!(caller.shut_out(doors, Admits::Owners, None));
        loop {
            let event = event(&progress.borrow_and_update());
            if pieces.send(event).await.is_err() {
                return;
            }
            loop {
                tokio::select! {
                    changed = progress.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    () = tokio::time::sleep(STILL_HERE) => {
                        if pieces.send(Bytes::from_static(b": still here\n\n")).await.is_err() {
                            return;
                        }
                    }
                    () = pieces.closed() => return,
                    () = &mut over => return,
                }
            }
        }
    });
    Ok(answer::typed(StatusCode::OK, "text/event-stream", Body::Told(told)))
}

const STILL_HERE: Duration = Duration::from_secs(15);

fn event(progress: &Progress) -> Bytes {
    format!("event: progress\ndata: {}\n\n", String::from_utf8_lossy(&answer::to_json(progress))).into()
}
