//! `Work`: each verb, and what it does.

use super::systemd::Systemd;
use super::{Places, disks, network, time_floor, upgrade::Upgrade};
use crate::appliance::protocol::{Progress, Request};
use crate::base::{Error, Kind, Result, ResultExt};
use serde::Serialize;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;
use tokio::sync::Mutex;

/// What the verbs share.
pub(super) struct Work {
    places: Places,
    /// Slots and disks are written by one at a time.
    writing: Arc<Mutex<()>>,
}

impl Work {
    pub(super) fn new(places: Places) -> Self {
        Self { places, writing: Arc::default() }
    }

    pub(super) async fn run(&self, request: Request, progress: impl FnMut(Progress) + Send) -> Result<Value> {
        let places = &self.places;
        match request {
            Request::Status => told(&Upgrade::connect(places).await?.status().await?),
            Request::Inspect { path, url } => told(&Upgrade::connect(places).await?.inspect(path, url).await?),
            Request::Install { path, url, force } => {
                let _writing = self.alone()?;
                told(&Upgrade::connect(places).await?.install(path, url, force, progress).await?)
            }
            Request::Mark { slot, mark } => {
                let _writing = self.alone()?;
                Upgrade::connect(places).await?.mark(slot, mark).await?;
                Ok(Value::Null)
            }
            Request::Reboot => self.leave("reboot.target").await,
            Request::Poweroff => self.leave("poweroff.target").await,
            Request::Disks => told(&disks::list(places)?),
            Request::Mount { uuid } => {
                let _writing = self.alone()?;
                disks::adopt(places, uuid.as_deref())?;
                Ok(Value::Null)
            }
            Request::Format { device, confirm } => {
                let _writing = self.alone()?;
                told(&disks::format(places, &device, &confirm).await?)
            }
            Request::Network { set: None } => told(&network::settings(places)?),
            Request::Network { set: Some(setting) } => {
                network::set(places, &setting).await?;
                Ok(Value::Null)
            }
            Request::TimeFloor { epoch } => told(&json!({ "set": time_floor::raise(places, epoch)? })),
            Request::Logs { lines, unit } => logs(lines, unit.as_deref()).await,
        }
    }

    /// While nothing is being written to.
    async fn leave(&self, target: &str) -> Result<Value> {
        let _writing = self.alone()?;
        Systemd::connect().await?.start(target).await?;
        Ok(Value::Null)
    }

    fn alone(&self) -> Result<tokio::sync::OwnedMutexGuard<()>> {
        let busy = |_| Error::new(Kind::Conflict, "a slot or a disk is being written: try again when that is done");
        self.writing.clone().try_lock_owned().map_err(busy)
    }
}

fn told(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).or_fail(Kind::Internal, || "the answer")
}

/// The newest lines of the journal, oldest first.
async fn logs(lines: u32, unit: Option<&str>) -> Result<Value> {
    let mut command = Command::new("journalctl");
    command.args(["--no-pager", "--quiet", "--output=short-iso", "--boot=all"]);
    command.arg(format!("--lines={lines}"));
    command.args(unit.map(|unit| format!("--unit={unit}")));
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.or_fail(Kind::Internal, || "journalctl")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut from = text.len().saturating_sub(MAX_LOG_BYTES);
    if from > 0 {
        from = text[..].char_indices().map(|(at, _)| at).find(|at| *at >= from).unwrap_or(text.len());
        from += text[from..].find('\n').map_or(0, |at| at + 1);
    }
    Ok(json!({ "text": text[from..] }))
}

const MAX_LOG_BYTES: usize = 1 << 20;
