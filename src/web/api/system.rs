//! `/api/system`: the box that the recorder runs on. Where it is none of ours, it says so.

use crate::appliance::lines::LINES;
use crate::appliance::machine;
use crate::appliance::protocol::{NetworkSetting, Request};
use crate::appliance::sensors::{DiskHealth, Sensors};
use crate::appliance::{NOT_HERE, RecordingStream, network};
use crate::base::{Error, Kind, Result};
use crate::camera::Source;
use crate::camera::clock;
use crate::live;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::machine::Machine;
use crate::web::state::blocking;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// What is said where it is none of ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Elsewhere {
    on_image: bool,
    reason: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SystemJson {
    on_image: bool,
    version: &'static str,
    host_name: String,
    model: Option<String>,
    booted_slot: Option<String>,
    uptime: f64,
    load: f64,
    memory: MemoryJson,
    #[serde(rename = "temperatureC")]
    temperature: Option<f64>,
    under_voltage: Option<bool>,
    disks: Vec<DiskJson>,
    network: Vec<network::Interface>,
    clock: Option<ClockJson>,
    #[serde(rename = "now90k")]
    now_90k: i64,
    now: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemoryJson {
    total_bytes: u64,
    available_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiskJson {
    device: String,
    name: Option<String>,
    bytes: u64,
    io_errors: Option<u64>,
    life_used: Option<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockJson {
    proven: bool,
    detail: String,
    max_error_seconds: Option<f64>,
}

/// The answer to whoever looks for the box on another machine.
pub(super) fn elsewhere() -> Response<Body> {
    answer::json(StatusCode::OK, &Elsewhere { on_image: false, reason: NOT_HERE })
}

/// How the machine is doing.
pub(in crate::web) async fn show(machine: &Machine) -> Result<Response<Body>> {
    if machine.appliance().here().is_err() {
        return Ok(elsewhere());
    }
    let root = Path::new("/");
    let (found, sensors, network) =
        blocking(move || Ok((machine::Machine::read(root), Sensors::read(root), network::interfaces(root)?))).await?;
    let now = clock::wall_now();
    let clock = machine.front.live.clock.status();
    let told = SystemJson {
        on_image: true,
        version: env!("CARGO_PKG_VERSION"),
        host_name: found.host_name,
        model: found.model,
        booted_slot: found.booted_slot,
        uptime: found.uptime,
        load: found.load,
        memory: MemoryJson { total_bytes: found.total_bytes, available_bytes: found.available_bytes },
        temperature: sensors.temperature,
        under_voltage: sensors.under_voltage,
        disks: sensors.disks.into_iter().map(DiskJson::new).collect(),
        network,
        clock: clock.map(|clock| ClockJson {
            proven: clock.proven,
            detail: clock.detail,
            max_error_seconds: clock.max_error_seconds,
        }),
        now_90k: now.0,
        now: now.text(&machine.front.zone),
    };
    Ok(answer::json(StatusCode::OK, &told))
}

impl DiskJson {
    fn new(disk: DiskHealth) -> Self {
        let DiskHealth { device, name, bytes, io_errors, life_used } = disk;
        Self { device, name, bytes, io_errors, life_used }
    }
}

/// Starts the machine anew.
pub(in crate::web) async fn reboot(machine: &Machine) -> Result<Response<Body>> {
    machine.appliance().here()?.reboot(machine.recording()).await?;
    Ok(answer::empty(StatusCode::ACCEPTED))
}

/// Switches it off.
pub(in crate::web) async fn power_off(machine: &Machine) -> Result<Response<Body>> {
    machine.appliance().here()?.power_off(machine.recording()).await?;
    Ok(answer::empty(StatusCode::ACCEPTED))
}

/// The newest lines of the journal; on another machine of the daemon itself.
pub(in crate::web) async fn logs(machine: &Machine, lines: u32, unit: Option<String>) -> Result<Response<Body>> {
    #[derive(Deserialize)]
    struct Told {
        text: String,
    }
    let appliance = machine.appliance();
    let text = match appliance.here() {
        Ok(image) => image.helper().ask::<Told>(&Request::Logs { lines, unit }).await?.text,
        Err(_) if unit.is_some() => return Err(Error::new(Kind::Conflict, format!("units: {NOT_HERE}"))),
        Err(_) => LINES.newest(lines as usize),
    };
    Ok(answer::text(StatusCode::OK, text))
}

/// Addresses, and how they are given.
pub(in crate::web) async fn network(machine: &Machine) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let Ok(image) = appliance.here() else { return Ok(elsewhere()) };
    let settings: Vec<NetworkSetting> = image.helper().ask(&Request::Network { set: None }).await?;
    let interfaces = blocking(|| network::interfaces(Path::new("/"))).await?;
    let told = json!({ "onImage": true, "interfaces": interfaces, "settings": settings });
    Ok(answer::json(StatusCode::OK, &told))
}

/// Gives an interface its address.
pub(in crate::web) async fn set_network(machine: &Machine, setting: NetworkSetting) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let image = appliance.here()?;
    image.helper().ask::<Value>(&Request::Network { set: Some(setting) }).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// The disks that there are.
pub(in crate::web) async fn disks(machine: &Machine) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let Ok(image) = appliance.here() else { return Ok(elsewhere()) };
    let disks: Value = image.helper().ask(&Request::Disks).await?;
    Ok(answer::json(StatusCode::OK, &json!({ "onImage": true, "disks": disks })))
}

/// What is to be done with a disk.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct DiskWish {
    /// Of a file system; null is the card.
    #[serde(default, deserialize_with = "twice")]
    adopt: Option<Option<String>>,
    format: Option<String>,
    confirm: Option<String>,
}

/// Told apart: left out, and null.
fn twice<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Film goes there from the next start on; or a disk is made ready for that.
pub(in crate::web) async fn change_disk(machine: &Machine, wish: DiskWish) -> Result<Response<Body>> {
    let appliance = machine.appliance();
    let image = appliance.here()?;
    match wish {
        DiskWish { adopt: Some(uuid), format: None, confirm: None } => {
            image.helper().ask::<Value>(&Request::Mount { uuid }).await?;
            Ok(answer::empty(StatusCode::NO_CONTENT))
        }
        DiskWish { adopt: None, format: Some(device), confirm: Some(confirm) } => {
            let made: Value = image.helper().follow(&Request::Format { device, confirm }, |_| {}).await?;
            Ok(answer::json(StatusCode::OK, &made))
        }
        _ => Err(Error::new(Kind::BadInput, "the body: either adopt, or format and confirm")),
    }
}

/// The streams that are being recorded, for who starts after us.
pub(in crate::web) fn recording(state: &State) -> Vec<RecordingStream> {
    let mut found = Vec::new();
    for camera in state.store.cameras().iter().filter(|camera| !camera.removed) {
        for stream in camera.streams.iter().filter(|stream| stream.record) {
            let doing = state.live.health.look(stream.id, |status| status.state);
            if doing != Some(live::State::Recording) {
                continue;
            }
            let address = match Source::parse(&stream.source, stream.transport) {
                Ok(Source::Rtsp(rtsp)) => {
                    rtsp.url.host_str().map(|host| format!("{host}:{}", rtsp.url.port().unwrap_or(554)))
                }
                _ => None,
            };
            let kind = stream.kind.word();
            let name = format!("{}/{kind}", camera.name);
            found.push(RecordingStream { camera: camera.uuid, stream: kind.to_owned(), name, address });
        }
    }
    found
}
