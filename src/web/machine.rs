//! `Machine`: what is asked of the box, and what it does by itself while it is up: it looks into its channel, installs at
//! night, remembers the time. All of it needs no film.

use crate::appliance::firmware::schedule::{Now, Step, next};
use crate::appliance::firmware::{Available, Bundle, Checked};
use crate::appliance::protocol;
use crate::appliance::{Appliance, Image, RecordingStream, recording_list};
use crate::base::Result;
use crate::base::time::UNITS_PER_SEC;
use crate::camera::clock;
use crate::web::answer::Body;
use crate::web::api::system::recording;
use crate::web::api::{diagnostics, firmware, system};
use crate::web::auth::Caller;
use crate::web::problem::Refusal;
use crate::web::route::Route;
use crate::web::{Front, Site, State, body};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use jiff::Timestamp;
use log::{info, warn};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Whom to ask about the box.
pub(super) struct Machine {
    pub(super) front: Arc<Front>,
    /// Not there while there is no film.
    pub(super) state: Option<Arc<State>>,
}

impl Machine {
    pub(super) fn appliance(&self) -> Arc<Appliance> {
        self.front.appliance()
    }

    /// The streams that are being recorded, for who starts after us.
    pub(super) fn recording(&self) -> Vec<RecordingStream> {
        self.state.as_deref().map(recording).unwrap_or_default()
    }
}

/// Answers what is asked of the box.
pub(super) async fn dispatch<B>(
    machine: Machine,
    caller: Caller,
    route: Route,
    request: Request<B>,
) -> Result<Response<Body>, Refusal>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let machine = &machine;
    Ok(match route {
        Route::System => system::show(machine).await?,
        Route::Reboot => system::reboot(machine).await?,
        Route::PowerOff => system::power_off(machine).await?,
        Route::Logs { lines, unit } => system::logs(machine, lines, unit).await?,
        Route::Network => system::network(machine).await?,
        Route::SetNetwork => system::set_network(machine, body::read(request).await?).await?,
        Route::Disks => system::disks(machine).await?,
        Route::ChangeDisk => system::change_disk(machine, body::read(request).await?).await?,
        Route::Firmware => firmware::show(machine).await?,
        Route::Install { force } if firmware::is_bundle(request.headers()) => {
            firmware::upload(machine, force, request).await?
        }
        Route::Install { .. } => firmware::install_url(machine, body::read(request).await?).await?,
        Route::ChangeFirmware => firmware::change(machine, body::read(request).await?).await?,
        Route::FirmwareProgress => firmware::progress(machine, caller)?,
        Route::Diagnostics => diagnostics::show(machine, &caller).await?,
        _ => return Err(Refusal::NoSuchPath),
    })
}

/// Until it ends. On a machine that is none of ours there is nothing to do.
pub async fn keep_machine(site: Arc<Site>, mut stopped: watch::Receiver<bool>) {
    let appliance = site.front().appliance();
    let Ok(image) = appliance.here() else { return };
    let mut minutes = 0_u64;
    loop {
        // The notices tell what the helper said last; a proof goes on for some minutes.
        if (minutes < AFTER_START || minutes.is_multiple_of(AN_HOUR))
            && let Err(e) = image.firmware().status().await
        {
            warn!("firmware: {e}");
        }
        let machine = Machine { front: site.front().clone(), state: site.state() };
        if minutes.is_multiple_of(AN_HOUR) {
            remember_time(&machine.front, image).await;
        }
        if let Err(e) = step(&machine, image).await {
            warn!("firmware: {e}");
        }
        minutes += 1;
        if tokio::time::timeout(A_MINUTE, stopped.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// What is next is done.
async fn step(machine: &Machine, image: &Image) -> Result<()> {
    let firmware = image.firmware();
    let Some(status) = firmware.known() else { return Ok(()) };
    let now = now(&machine.front);
    let settings = firmware.settings();
    let bundle = settings.channel.clone().map(Bundle::Url);
    match (next(&settings, &status, now), bundle) {
        (Step::Check, Some(bundle)) => {
            let found = firmware.inspect(&bundle).await;
            let found = found.map(|found| Available {
                version: found.version,
                hash: found.hash,
                refusal: found.refusal.filter(|_| !found.older),
            });
            let checked = Checked { epoch: now.epoch, found: found.map_err(|e| e.to_string()) };
            firmware.change(|settings| {
                settings.checked = Some(checked);
                Ok(())
            })
        }
        (Step::Install, Some(bundle)) => {
            // Somebody is at it by hand.
            let Ok(turn) = firmware.turn() else { return Ok(()) };
            info!("firmware: installing what the channel has");
            recording_list::write(image.state(), &machine.recording())?;
            firmware.install(turn, bundle, false).await?;
            Ok(())
        }
        (Step::Reboot, _) => {
            info!("firmware: starting anew with the new version");
            image.reboot(machine.recording()).await
        }
        _ => Ok(()),
    }
}

fn now(front: &Front) -> Now {
    let now = Timestamp::now();
    let local = now.to_zoned(front.zone.clone());
    Now { epoch: now.as_second(), minute: local.hour() as u16 * 60 + local.minute() as u16 }
}

/// A Pi has no clock of its own: the next start begins with this.
async fn remember_time(front: &Front, image: &Image) {
    if front.live.clock.status().is_some_and(|clock| clock.proven) {
        let epoch = clock::wall_now().0 / UNITS_PER_SEC;
        if let Err(e) = image.helper().ask::<Value>(&protocol::Request::TimeFloor { epoch }).await {
            warn!("the time is not kept for the next start: {e}");
        }
    }
}

const A_MINUTE: Duration = Duration::from_secs(60);
const AN_HOUR: u64 = 60;

/// So many minutes it is looked at often.
const AFTER_START: u64 = 20;
