//! `Firmware`: slots and versions, and how a new one comes onto this machine.

pub mod schedule;
mod settings;
mod upload;

pub use settings::{Available, Checked, Settings};
pub use upload::Upload;

use super::Helper;
use super::protocol::{Inspected, Request, Status};
use crate::base::{Error, Kind, Result};
use log::{info, warn};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Slots and versions.
#[derive(Debug)]
pub struct Firmware {
    helper: Helper,
    /// Where a bundle comes to lie.
    uploads: PathBuf,
    settings: Mutex<Settings>,
    settings_file: PathBuf,
    /// What the helper said last.
    known: Mutex<Option<Status>>,
    progress: watch::Sender<Progress>,
    /// One upgrade at a time.
    turn: Arc<Semaphore>,
}

/// How far an upgrade is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Of it, in hundredths.
    pub percent: u8,
    /// In words.
    pub message: String,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Nothing.
    Idle,
    /// A bundle comes in.
    Uploading,
    /// It is looked at.
    Checking,
    /// It is written to the slot beside.
    Installing,
    /// It is there: the next start starts it.
    Installed,
    /// Nothing came of it.
    Failed,
}

/// Where a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// It was uploaded.
    Uploaded,
    /// On the web.
    Url(String),
}

/// The right to change what is installed, until it is dropped.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Firmware {
    /// Where the daemon may keep things.
    pub(super) fn new(helper: Helper, state: &Path) -> Self {
        let settings_file = state.join("firmware.json");
        let settings = Settings::read(&settings_file).unwrap_or_else(|e| {
            warn!("firmware: {e}; going on without channel and schedule");
            Settings::default()
        });
        let idle = Progress { step: Step::Idle, percent: 0, message: String::new() };
        Self {
            helper,
            uploads: state.join("upload"),
            settings: Mutex::new(settings),
            settings_file,
            known: Mutex::default(),
            progress: watch::Sender::new(idle),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// What there is now.
    pub async fn status(&self) -> Result<Status> {
        let status: Status = self.helper.ask(&Request::Status).await?;
        *lock(&self.known) = Some(status.clone());
        Ok(status)
    }

    /// What the helper said last, without asking it.
    pub fn known(&self) -> Option<Status> {
        lock(&self.known).clone()
    }

    /// Channel, schedule, and what was found in the channel.
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Changes them, also for the next start.
    pub fn change<T>(&self, change: impl FnOnce(&mut Settings) -> Result<T>) -> Result<T> {
        let mut settings = lock(&self.settings);
        let mut changed = settings.clone();
        let done = change(&mut changed)?;
        if changed != *settings {
            changed.write(&self.settings_file)?;
            *settings = changed;
        }
        Ok(done)
    }

    /// How far an upgrade is, as it changes.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The right to upload and install.
    pub fn turn(&self) -> Result<Turn> {
        let busy = |_| Error::new(Kind::Conflict, "an upgrade is already on its way");
        self.turn.clone().try_acquire_owned().map(Turn).map_err(busy)
    }

    /// How large a bundle may be: a slot and what is around the image in it.
    pub async fn limit(&self) -> Result<u64> {
        let status = match self.known() {
            Some(status) => status,
            None => self.status().await?,
        };
        Ok(status.slot_bytes + AROUND_THE_IMAGE)
    }

    /// A bundle that comes in, of at most so many bytes. Blocks on the disk for a moment.
    pub fn upload(&self, turn: Turn, limit: u64) -> Result<Upload> {
        let upload = Upload::begin(&self.uploads, limit, turn)?;
        self.tell(Step::Uploading, 0, "the bundle comes in");
        Ok(upload)
    }

    /// So much of it has come in.
    pub fn uploaded(&self, bytes: u64, of: Option<u64>) {
        let percent = of.filter(|of| *of > 0).map_or(0, |of| (bytes * 100 / of).min(100) as u8);
        let is_news = {
            let now = self.progress.borrow();
            now.step != Step::Uploading || now.percent != percent
        };
        if is_news {
            self.tell(Step::Uploading, percent, "the bundle comes in");
        }
    }

    /// The upload ended without a bundle.
    pub fn upload_failed(&self, why: &str) {
        self.tell(Step::Failed, 0, why);
    }

    /// What a bundle is, and why it would be refused. Changes nothing.
    pub async fn inspect(&self, bundle: &Bundle) -> Result<Inspected> {
        let (path, url) = self.place(bundle);
        self.helper.ask(&Request::Inspect { path, url }).await
    }

    /// The same, for one that is to be installed: refused in words.
    pub async fn check(&self, bundle: &Bundle, force: bool) -> Result<Inspected> {
        self.tell(Step::Checking, 0, "the bundle is looked at");
        let checked = self.inspect(bundle).await.and_then(|inspected| match &inspected.refusal {
            Some(why) if !(inspected.older && force) => {
                let kind = if inspected.older { Kind::Conflict } else { Kind::BadInput };
                Err(Error::new(kind, format!("the bundle is refused: {why}")))
            }
            _ => Ok(inspected),
        });
        if let Err(e) = &checked {
            self.tell(Step::Failed, 0, &e.to_string());
            self.discard(bundle);
        }
        checked
    }

    /// Writes it to the slot beside, and holds the turn until that is done.
    pub async fn install(&self, turn: Turn, bundle: Bundle, force: bool) -> Result<Status> {
        self.tell(Step::Installing, 0, "the other slot is written");
        let (path, url) = self.place(&bundle);
        let request = Request::Install { path, url, force };
        let told =
            |progress: super::protocol::Progress| self.tell(Step::Installing, progress.percent, &progress.message);
        let installed = self.helper.follow::<Status>(&request, told).await;
        self.discard(&bundle);
        match &installed {
            Ok(status) => {
                *lock(&self.known) = Some(status.clone());
                let version = status.pending.as_deref().unwrap_or("the new version");
                info!("firmware: {version} is installed; the next start starts it");
                self.tell(Step::Installed, 100, &format!("{version} is installed: the next start starts it"));
            }
            Err(e) => {
                warn!("firmware: {e}");
                self.tell(Step::Failed, 0, &e.to_string());
                // The other slot is not what it was.
                let _ = self.status().await;
            }
        }
        drop(turn);
        installed
    }

    fn place(&self, bundle: &Bundle) -> (Option<PathBuf>, Option<String>) {
        match bundle {
            Bundle::Uploaded => (Some(self.uploads.join(upload::NAME)), None),
            Bundle::Url(url) => (None, Some(url.clone())),
        }
    }

    /// The state partition has room for one.
    fn discard(&self, bundle: &Bundle) {
        if *bundle == Bundle::Uploaded {
            let _ = std::fs::remove_file(self.uploads.join(upload::NAME));
        }
    }

    fn tell(&self, step: Step, percent: u8, message: &str) {
        self.progress.send_replace(Progress { step, percent, message: message.to_owned() });
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signature, hash tree and manifest of a bundle.
const AROUND_THE_IMAGE: u64 = 8 << 20;
