//! `Upgrade`: slots, what is written to them, and what became of it.

use super::bundle::{Machine, objection};
use super::rauc::{Manifest, Rauc, RaucSlot};
use super::systemd::Systemd;
use super::{Places, bundle::No};
use crate::appliance::proof::{Here, Record, Start};
use crate::appliance::protocol::{Inspected, Mark, Progress, Slot, SlotName, SlotState, Status, check_url};
use crate::base::{Error, Kind, Result, ResultExt};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's slots, for a while.
pub struct Upgrade {
    rauc: Rauc,
    places: Places,
}

impl Upgrade {
    /// Speaks to RAUC. Fails where there is none.
    pub async fn connect(places: &Places) -> Result<Self> {
        Ok(Self { rauc: Rauc::connect().await?, places: places.clone() })
    }

    /// Slots and versions, and what became of the last upgrade.
    pub async fn status(&self) -> Result<Status> {
        let slots = self.rauc.slots().await?;
        let record = Record::read(&self.places.proof)?;
        let version = self.version()?;
        let booted = booted(&slots);
        let known = |name: &SlotName, slot: &RaucSlot| {
            let proven = record.is_proven(slot.hash.as_deref());
            let state = match (slot.boots && slot.is_whole, proven) {
                (false, _) => SlotState::Bad,
                (true, false) => SlotState::Unproven,
                (true, true) => SlotState::Good,
            };
            let flashed = || record.flashed().filter(|_| slot.hash.is_none()).map(str::to_owned);
            let version = match booted == Some(*name) {
                true => Some(version.clone()),
                false => slot.version.clone().or_else(flashed),
            };
            Slot { version, state, proven, installed: slot.installed.clone(), hash: slot.hash.clone() }
        };
        Ok(Status {
            compatible: self.rauc.compatible().await?,
            operation: self.rauc.operation().await?,
            slot_bytes: slot_bytes(&slots)?,
            slots: slots.iter().map(|(name, slot)| (*name, known(name, slot))).collect(),
            booted,
            version: version.clone(),
            last_upgrade: record.last().cloned(),
            pending: record.pending().map(str::to_owned),
            failed: record.failed().to_vec(),
        })
    }

    /// What a bundle is, and why it would be refused.
    pub(super) async fn inspect(&self, path: Option<PathBuf>, url: Option<String>) -> Result<Inspected> {
        let source = self.source(path, url)?;
        let manifest = self.rauc.inspect(&source).await?;
        let objection = self.objection(&manifest).await?;
        Ok(Inspected {
            older: objection.as_ref().is_some_and(|no| no.older),
            refusal: objection.map(|no| no.why),
            hash: manifest.image.as_ref().map(|image| image.hash.clone()),
            bytes: manifest.image.as_ref().map(|image| image.bytes),
            compatible: manifest.compatible,
            version: manifest.version,
        })
    }

    /// Writes a bundle to the slot that does not run, which is started next. What speaks against it is told before
    /// anything is touched.
    pub(super) async fn install(
        &self,
        path: Option<PathBuf>,
        url: Option<String>,
        force: bool,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Status> {
        let source = self.source(path, url)?;
        let manifest = self.rauc.inspect(&source).await?;
        if let Some(no) = self.objection(&manifest).await?.filter(|no| !(no.older && force)) {
            let kind = if no.older { Kind::Conflict } else { Kind::BadInput };
            return Err(Error::new(kind, no.why));
        }
        let from = self.version()?;
        let slots = self.rauc.slots().await?;
        let other = booted(&slots).map(SlotName::other).filter(|other| slots.contains_key(other));
        let other = other.ok_or_else(|| Error::new(Kind::Conflict, "there is no slot beside the one that runs"))?;
        self.change(Record::installing)?;
        self.rauc.install(&source, progress).await?;
        let hash = manifest.image.map(|image| image.hash);
        self.change(|record| record.installed(&from, &manifest.version, other, hash))?;
        self.status().await
    }

    /// Says of a slot whether it may be started.
    pub async fn mark(&self, slot: SlotName, mark: Mark) -> Result<()> {
        let slots = self.rauc.slots().await?;
        let found = slots.get(&slot).ok_or_else(|| Error::new(Kind::NotFound, format!("slot {slot}")))?;
        self.rauc.mark(&found.name, mark).await
    }

    /// The system that runs.
    pub async fn here(&self) -> Result<Here> {
        let slots = self.rauc.slots().await?;
        let running = booted(&slots).and_then(|name| Some((name, slots.get(&name)?)));
        let (slot, known) = running.ok_or_else(|| Error::new(Kind::NotFound, "no slot runs"))?;
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        Ok(Here { slot, hash: known.hash.clone(), version: self.version()?, epoch })
    }

    /// What is to be done about the system that has started; its start is remembered.
    pub fn started(&self, here: &Here) -> Result<Start> {
        self.change(|record| record.started(here))
    }

    /// The system works: it is started from now on.
    pub async fn keep(&self, here: &Here) -> Result<()> {
        self.change(|record| record.proved(here))?;
        self.mark(here.slot, Mark::Good).await
    }

    /// The system does not work: the one beside is started. What happened is written first.
    pub async fn take_back(&self, here: &Here, why: &str, missing: Vec<String>) -> Result<()> {
        self.change(|record| record.disproved(here, why, missing))?;
        self.mark(here.slot, Mark::Bad).await?;
        Systemd::connect().await?.start("reboot.target").await
    }

    /// What the version before records of what the upgrade did not.
    pub fn compare(&self, still_missing: &[String]) -> Result<()> {
        self.change(|record| record.compared(still_missing))
    }

    async fn objection(&self, manifest: &Manifest) -> Result<Option<No>> {
        let slots = self.rauc.slots().await?;
        let (compatible, version) = (self.rauc.compatible().await?, self.version()?);
        let machine = Machine { compatible: &compatible, version: &version, slot_bytes: slot_bytes(&slots)? };
        Ok(objection(manifest, &machine))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> Result<T> {
        let before = Record::read(&self.places.proof)?;
        let mut record = before.clone();
        let done = change(&mut record);
        if record != before {
            record.write(&self.places.proof)?;
        }
        Ok(done)
    }

    /// What RAUC is to read: the one file that the daemon may upload, or a place on the web.
    fn source(&self, path: Option<PathBuf>, url: Option<String>) -> Result<String> {
        if let Some(url) = url {
            check_url(&url)?;
            return Ok(url);
        }
        let uploaded = self.places.state.join("upload/bundle.raucb");
        if path.as_ref() != Some(&uploaded) {
            return Err(Error::new(Kind::BadInput, format!("bundles are read from {}", uploaded.display())));
        }
        let is_file = fs::symlink_metadata(&uploaded).is_ok_and(|found| found.is_file());
        let text = uploaded.to_str().filter(|_| is_file).map(str::to_owned);
        text.ok_or_else(|| Error::new(Kind::NotFound, "no bundle was uploaded"))
    }

    /// Of the system that runs.
    fn version(&self) -> Result<String> {
        let path = self.places.system("/etc/os-release");
        let text = fs::read_to_string(&path).or_fail(Kind::Internal, || format!("read {}", path.display()))?;
        let found = variable(&text, "VERSION_ID");
        found.ok_or_else(|| Error::new(Kind::Internal, format!("{}: it has no VERSION_ID", path.display())))
    }
}

/// os-release(5)
fn variable(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?.trim();
    let bare = value.strip_prefix(['"', '\'']).and_then(|v| v.strip_suffix(['"', '\'']));
    Some(bare.unwrap_or(value).to_owned())
}

fn booted(slots: &BTreeMap<SlotName, RaucSlot>) -> Option<SlotName> {
    slots.iter().find(|(_, slot)| slot.is_booted).map(|(name, _)| *name)
}

/// What both hold.
fn slot_bytes(slots: &BTreeMap<SlotName, RaucSlot>) -> Result<u64> {
    let sizes: Result<Vec<u64>> = slots.values().map(|slot| size(&slot.device)).collect();
    Ok(sizes?.into_iter().min().unwrap_or(0))
}

/// Of a disk or a file.
fn size(device: &Path) -> Result<u64> {
    let size = File::open(device).and_then(|mut file| file.seek(SeekFrom::End(0)));
    size.or_fail(Kind::Disk, || format!("slot {}", device.display()))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn the_version_stands_in_os_release() {
        let text = "NAME=Lunette\nVERSION_ID=\"0.2.0\"\nIMAGE_VERSION='7'\nID=lunette\n";
        assert_eq!(variable(text, "VERSION_ID").as_deref(), Some("0.2.0"));
        assert_eq!(variable(text, "IMAGE_VERSION").as_deref(), Some("7"));
        assert_eq!(variable(text, "ID").as_deref(), Some("lunette"));
        assert_eq!(variable(text, "VERSION"), None);
    }
}
