//! What the machine does by itself while it is up: it looks into its channel, installs at night, remembers the time.

use crate::appliance::firmware::schedule::{Now, Step, next};
use crate::appliance::firmware::{Available, Bundle, Checked};
use crate::appliance::protocol::Request;
use crate::appliance::{Image, recording_list};
use crate::base::Result;
use crate::base::time::UNITS_PER_SEC;
use crate::camera::clock;
use crate::web::State;
use crate::web::api::system::recording;
use jiff::Timestamp;
use log::{info, warn};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Until it ends. On a machine that is none of ours there is nothing to do.
pub async fn keep_machine(state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    let appliance = state.appliance();
    let Ok(image) = appliance.here() else { return };
    let mut minutes = 0_u64;
    loop {
        // The notices tell what the helper said last; a proof goes on for some minutes.
        if minutes < AFTER_START || minutes % AN_HOUR == 0 {
            if let Err(e) = image.firmware().status().await {
                warn!("firmware: {e}");
            }
        }
        if minutes % AN_HOUR == 0 {
            remember_time(&state, image).await;
        }
        if let Err(e) = step(&state, image).await {
            warn!("firmware: {e}");
        }
        minutes += 1;
        if tokio::time::timeout(A_MINUTE, stopped.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// What is next is done.
async fn step(state: &State, image: &Image) -> Result<()> {
    let firmware = image.firmware();
    let Some(status) = firmware.known() else { return Ok(()) };
    let now = now(state);
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
            recording_list::write(image.state(), &recording(state))?;
            firmware.install(turn, bundle, false).await?;
            Ok(())
        }
        (Step::Reboot, _) => {
            info!("firmware: starting anew with the new version");
            image.reboot(recording(state)).await
        }
        _ => Ok(()),
    }
}

fn now(state: &State) -> Now {
    let now = Timestamp::now();
    let local = now.to_zoned(state.zone.clone());
    Now { epoch: now.as_second(), minute: local.hour() as u16 * 60 + local.minute() as u16 }
}

/// A Pi has no clock of its own: the next start begins with this.
async fn remember_time(state: &State, image: &Image) {
    if state.live.clock.status().is_some_and(|clock| clock.proven) {
        let epoch = clock::wall_now().0 / UNITS_PER_SEC;
        if let Err(e) = image.helper().ask::<Value>(&Request::TimeFloor { epoch }).await {
            warn!("the time is not kept for the next start: {e}");
        }
    }
}

const A_MINUTE: Duration = Duration::from_secs(60);
const AN_HOUR: u64 = 60;

/// So many minutes it is looked at often.
const AFTER_START: u64 = 20;
