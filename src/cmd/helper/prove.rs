//! `lunette helper prove`: whether the system that was just started works, seen from outside of the daemon.

use crate::appliance::helper::{Places, Upgrade};
use crate::appliance::proof::{Here, Proof, Seen, Start, Verdict};
use crate::appliance::protocol::Mark;
use crate::appliance::recording_list::{self, RecordingStream};
use crate::base::Result;
use crate::cmd::Outcome;
use crate::cmd::config::{Appliance, Config};
use crate::cmd::healthcheck::look;
use log::{error, info, warn};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Once after each start, when the daemon is ready or could not become so.
pub(super) async fn run(config: &Config, here: &Appliance, places: Places) -> Result<Outcome> {
    let upgrade = Upgrade::connect(&places).await?;
    let running = upgrade.here().await?;
    let start = upgrade.started(&running)?;
    info!("proof: {} in slot {}: {start:?}", running.version, running.slot);
    match start {
        Start::Proven => upgrade.mark(running.slot, Mark::Good).await?,
        Start::Returned { missing } => {
            upgrade.mark(running.slot, Mark::Good).await?;
            compare(config, here, &upgrade, missing).await?;
        }
        Start::Unproven => prove(config, here, &upgrade, &running).await?,
        // There is nothing better to go to: it stays startable, and the page says what happened.
        Start::Failed => {
            warn!("proof: {} did not work before, and there is no other that starts", running.version);
            upgrade.mark(running.slot, Mark::Good).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn prove(config: &Config, here: &Appliance, upgrade: &Upgrade, running: &Here) -> Result<()> {
    let wanted = recording_list::read(&here.state).unwrap_or_else(|e| {
        warn!("proof: {e}; no camera counts");
        Vec::new()
    });
    info!("proof: {} streams recorded before", wanted.len());
    match watch(config, here, &wanted).await {
        Verdict::Failed { why, missing } => {
            error!("proof: {} does not work: {why}; going back", running.version);
            upgrade.take_back(running, &why, missing).await
        }
        Verdict::Good | Verdict::Wait => {
            info!("proof: {} works", running.version);
            upgrade.keep(running).await
        }
    }
}

/// Whether the version before records what the upgrade did not.
async fn compare(config: &Config, here: &Appliance, upgrade: &Upgrade, missing: Vec<String>) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let mut wanted = recording_list::read(&here.state)?;
    wanted.retain(|stream| missing.contains(&stream.name));
    match watch(config, here, &wanted).await {
        Verdict::Failed { missing, .. } => upgrade.compare(&missing),
        Verdict::Good | Verdict::Wait => Ok(()),
    }
}

/// Looks every few seconds until there is a verdict.
async fn watch(config: &Config, here: &Appliance, wanted: &[RecordingStream]) -> Verdict {
    let begun = Instant::now();
    let mut proof = Proof::new(here.proof.patience());
    loop {
        let seen = match timeout(LOOK, look(config, wanted)).await {
            Ok(seen) => seen,
            Err(_) => Seen { page: Some("it takes too long".to_owned()), ..Seen::default() },
        };
        match proof.see(begun.elapsed(), &seen) {
            Verdict::Wait => sleep(PAUSE).await,
            verdict => return verdict,
        }
    }
}

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// For one look: a machine that starts is slow.
const LOOK: Duration = Duration::from_secs(60);
