//! `Rauc`: the one who writes slots, over D-Bus. What it says is turned into our own words here.

use super::bus;
use super::plain::plain;
use crate::appliance::protocol::{Mark, Progress, SlotName};
use crate::base::{Error, Kind, Result};
use futures::StreamExt;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use zbus::{OwnedVariant, Variant};

/// RAUC's service.
pub(super) struct Rauc {
    installer: InstallerProxy<'static>,
}

#[zbus::proxy(interface = "de.pengutronix.rauc.Installer", default_service = "de.pengutronix.rauc", default_path = "/")]
trait Installer {
    async fn install_bundle(&self, source: &str, args: HashMap<&str, Variant<'_>>) -> zbus::Result<()>;
    async fn inspect_bundle(
        &self,
        source: &str,
        args: HashMap<&str, Variant<'_>>,
    ) -> zbus::Result<HashMap<String, OwnedVariant>>;
    async fn mark(&self, state: &str, slot: &str) -> zbus::Result<(String, String)>;
    async fn get_slot_status(&self) -> zbus::Result<Vec<(String, HashMap<String, OwnedVariant>)>>;
    #[zbus(property)]
    fn operation(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn compatible(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn last_error(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn progress(&self) -> zbus::Result<(i32, String, i32)>;
    #[zbus(signal)]
    async fn completed(&self, result: i32) -> zbus::Result<()>;
}

/// A slot as RAUC knows it.
#[derive(Debug)]
pub(super) struct RaucSlot {
    /// Such as `rootfs.0`.
    pub(super) name: String,
    pub(super) device: PathBuf,
    pub(super) is_booted: bool,
    /// The boot loader would start it.
    pub(super) boots: bool,
    /// What was begun to be written to it was written to its end.
    pub(super) is_whole: bool,
    pub(super) version: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) installed: Option<String>,
}

/// What a bundle says of itself, its signature checked.
#[derive(Debug, PartialEq)]
pub(super) struct Manifest {
    pub(super) compatible: String,
    pub(super) version: String,
    pub(super) image: Option<Image>,
}

/// The system in it.
#[derive(Debug, PartialEq)]
pub(super) struct Image {
    pub(super) hash: String,
    pub(super) bytes: u64,
}

impl Rauc {
    /// On the system's bus.
    pub(super) async fn connect() -> Result<Self> {
        let bus = bus().await?;
        let installer = InstallerProxy::new(&bus).await.map_err(|e| silent(&e))?;
        Ok(Self { installer })
    }

    /// What bundles must be for.
    pub(super) async fn compatible(&self) -> Result<String> {
        self.installer.compatible().await.map_err(|e| silent(&e))
    }

    /// `idle`, or what it does.
    pub(super) async fn operation(&self) -> Result<String> {
        self.installer.operation().await.map_err(|e| silent(&e))
    }

    /// The slots that can be started, by the boot script's names.
    pub(super) async fn slots(&self) -> Result<BTreeMap<SlotName, RaucSlot>> {
        let told = self.installer.get_slot_status().await.map_err(|e| said(e, "RAUC's slots"))?;
        Ok(told.into_iter().filter_map(|(name, told)| slot(name, &told)).collect())
    }

    /// Reads a bundle's signature and what it says of itself.
    pub(super) async fn inspect(&self, source: &str) -> Result<Manifest> {
        let told = self.installer.inspect_bundle(source, HashMap::new()).await;
        let told = told.map_err(|e| refused(&said(e, "the bundle").to_string()))?;
        Ok(manifest(&object(&told)))
    }

    /// Writes a bundle to the slot that does not run.
    pub(super) async fn install(&self, source: &str, mut progress: impl FnMut(Progress) + Send) -> Result<()> {
        let unheard = |e| said(e, "listen to RAUC");
        let mut completed = self.installer.receive_completed().await.map_err(unheard)?;
        let mut steps = self.installer.receive_progress_changed().await;
        let begun = self.installer.install_bundle(source, HashMap::new()).await;
        begun.map_err(|e| said(e, "install the bundle"))?;
        loop {
            tokio::select! {
                step = steps.next() => {
                    let Some(step) = step else { return Err(gone()) };
                    if let Ok((percent, message, _)) = step.get().await {
                        progress(Progress { percent: percent.clamp(0, 100) as u8, message });
                    }
                }
                done = completed.next() => {
                    let done = done.ok_or_else(gone)?;
                    let result = done.args().map_err(unheard)?.result;
                    if result == 0 {
                        return Ok(());
                    }
                    let why = self.installer.last_error().await.unwrap_or_default();
                    return Err(failed(&why));
                }
            }
        }
    }

    /// Says of a slot whether it may be started.
    pub(super) async fn mark(&self, slot: &str, mark: Mark) -> Result<()> {
        let word = match mark {
            Mark::Good => "good",
            Mark::Bad => "bad",
        };
        self.installer.mark(word, slot).await.map_err(|e| said(e, "mark the slot"))?;
        Ok(())
    }
}

fn silent(e: &zbus::Error) -> Error {
    Error::new(Kind::Busy, format!("RAUC does not answer: {e}"))
}

fn gone() -> Error {
    Error::new(Kind::Busy, "RAUC ended while it installed")
}

/// What an error says in words, without D-Bus' names.
fn said(e: zbus::Error, what: &str) -> Error {
    let words = match &e {
        zbus::Error::MethodError(_, Some(words), _) => words.clone(),
        other => other.to_string(),
    };
    let kind = if words.contains("different method") { Kind::Conflict } else { Kind::Internal };
    Error::new(kind, format!("{what}: {words}"))
}

/// Why a bundle was not even read.
fn refused(words: &str) -> Error {
    let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
    let (kind, meaning) = if says(&["different method"]) {
        (Kind::Conflict, "an upgrade is being installed")
    } else if says(&["unable to get local issuer", "self-signed", "self signed", "certificate", "no signer"]) {
        (Kind::BadInput, "it is not signed by who makes this machine's systems")
    } else if says(&["HTTP", "http", "nbd", "curl", "resolve", "connect"]) {
        (Kind::BadInput, "it cannot be fetched")
    } else {
        (Kind::BadInput, "it is damaged, not all of it has arrived, or it is no bundle")
    };
    Error::new(kind, format!("{meaning} ({words})"))
}

/// Why a bundle that was read did not become a system.
fn failed(words: &str) -> Error {
    let kind = if words.contains("No space left") { Kind::Disk } else { Kind::Corrupt };
    let kept = "the system that runs was not touched, and the other slot is not to be started";
    Error::new(kind, format!("the bundle could not be written: {words}; {kept}"))
}

fn object(told: &HashMap<String, OwnedVariant>) -> Value {
    Value::Object(told.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

fn text(of: &Value) -> Option<String> {
    of.as_str().map(str::to_owned)
}

fn slot(name: String, told: &HashMap<String, OwnedVariant>) -> Option<(SlotName, RaucSlot)> {
    let told = object(told);
    let slot = RaucSlot {
        name,
        device: told["device"].as_str()?.into(),
        is_booted: told["state"] == "booted",
        boots: told["boot-status"] == "good",
        // Of what was flashed RAUC knows nothing.
        is_whole: told["status"].as_str().is_none_or(|status| status == "ok"),
        version: text(&told["bundle.version"]),
        hash: text(&told["sha256"]),
        installed: text(&told["installed.timestamp"]),
    };
    Some((SlotName::from_bootname(told["bootname"].as_str()?)?, slot))
}

fn manifest(told: &Value) -> Manifest {
    let images = told["images"].as_array().map(Vec::as_slice).unwrap_or_default();
    let root = images.iter().find(|image| image["slot-class"] == "rootfs");
    Manifest {
        compatible: text(&told["update"]["compatible"]).unwrap_or_default(),
        version: text(&told["update"]["version"]).unwrap_or_default(),
        image: root.and_then(|image| Some(Image { hash: text(&image["checksum"])?, bytes: image["size"].as_u64()? })),
    }
}
