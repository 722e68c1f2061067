//! `Record`: which systems worked on this machine, which did not, and what became of the last upgrade. Root's file, on the
//! state partition.

use crate::appliance::protocol::{LastUpgrade, SlotName, UpgradeOutcome};
use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// SHA-256 of images that worked, oldest first.
    proven: Vec<String>,
    /// Of those that did not.
    failed: Vec<String>,
    /// The version that was flashed.
    flashed: Option<String>,
    /// An upgrade that was written and has not shown yet whether it works.
    pending: Option<Pending>,
    last: Option<LastUpgrade>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    from: String,
    to: String,
    slot: SlotName,
    hash: Option<String>,
    /// Why it was taken back.
    #[serde(default)]
    failure: Option<String>,
    /// The streams that it did not record.
    #[serde(default)]
    missing: Vec<String>,
}

/// The system that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Here {
    /// Where.
    pub slot: SlotName,
    /// SHA-256 of its image; `None`: it was flashed.
    pub hash: Option<String>,
    /// Its version.
    pub version: String,
    /// Now, seconds since 1970.
    pub epoch: i64,
}

/// What is to be done about the system that has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It worked before: it is good.
    Proven,
    /// An upgrade was taken back to it. It is good; whether it records what the upgrade did not is worth a look.
    Returned {
        /// What the upgrade did not record.
        missing: Vec<String>,
    },
    /// It has to show that it works.
    Unproven,
    /// It has shown before that it does not, and yet it was started: there is nothing better.
    Failed,
}

impl Record {
    /// What is remembered in this directory. What cannot be understood is as if it were not there: then all that is
    /// installed has to prove itself again, and what was flashed is good.
    pub fn read(directory: &Path) -> Result<Self> {
        match fs::read(directory.join(FILE)) {
            Ok(text) if text.len() <= MAX_BYTES => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            Ok(_) => Ok(Self::default()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(Error::caused(Kind::Disk, format!("read {}", directory.join(FILE).display()), e)),
        }
    }

    /// Writes it so that a power cut leaves this one or the one before.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let what = || format!("write {}", directory.join(FILE).display());
        let text = serde_json::to_vec_pretty(self).or_fail(Kind::Internal, what)?;
        let beside = directory.join(".proof.json.new");
        let write = || {
            fs::create_dir_all(directory)?;
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, directory.join(FILE))?;
            File::open(directory)?.sync_all()
        };
        write().or_fail(Kind::Disk, what)
    }

    /// It worked before, or was flashed.
    pub fn is_proven(&self, hash: Option<&str>) -> bool {
        hash.is_none_or(|hash| self.proven.iter().any(|proven| proven == hash))
    }

    /// Images that did not work.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// What became of the last upgrade.
    pub fn last(&self) -> Option<&LastUpgrade> {
        self.last.as_ref()
    }

    /// The version of an upgrade that has not shown yet whether it works.
    pub fn pending(&self) -> Option<&str> {
        self.pending.as_ref().map(|pending| &*pending.to)
    }

    /// The version of what was flashed.
    pub fn flashed(&self) -> Option<&str> {
        self.flashed.as_deref()
    }

    /// The slot beside is about to be written.
    pub fn installing(&mut self) {
        self.pending = None;
    }

    /// A version is written and is started next.
    pub fn installed(&mut self, from: &str, to: &str, slot: SlotName, hash: Option<String>) {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.pending = Some(Pending { from, to, slot, hash, failure: None, missing: Vec::new() });
    }

    /// The system has started, and the recorder in it as well.
    pub fn started(&mut self, here: &Here) -> Start {
        if here.hash.is_none() && self.flashed.is_none() {
            self.flashed = Some(here.version.clone());
        }
        match self.pending.take() {
            Some(pending) if pending.slot != here.slot => {
                let missing = pending.missing.clone();
                self.taken_back(pending, here.epoch);
                Start::Returned { missing }
            }
            Some(pending) if self.is_proven(here.hash.as_deref()) => {
                self.end(&pending, here.epoch, UpgradeOutcome::Good, String::new());
                Start::Proven
            }
            // It was taken back, and is here again: what is in the slot beside does not start.
            Some(pending) if pending.failure.is_some() => {
                let why = pending.failure.clone().unwrap_or_default();
                self.end(&pending, here.epoch, UpgradeOutcome::Kept, why);
                remember(&mut self.failed, here.hash.clone());
                Start::Failed
            }
            None if here.hash.as_ref().is_some_and(|hash| self.failed.contains(hash)) => Start::Failed,
            pending => {
                self.pending = pending;
                if self.is_proven(here.hash.as_deref()) { Start::Proven } else { Start::Unproven }
            }
        }
    }

    /// It works.
    pub fn proved(&mut self, here: &Here) {
        remember(&mut self.proven, here.hash.clone());
        self.failed.retain(|failed| Some(failed) != here.hash.as_ref());
        if let Some(pending) = self.pending.take() {
            self.end(&pending, here.epoch, UpgradeOutcome::Good, String::new());
        }
    }

    /// It does not work, and is about to be taken back.
    pub fn disproved(&mut self, here: &Here, why: &str, missing: Vec<String>) {
        remember(&mut self.failed, here.hash.clone());
        // Also of one that nobody told us of, so that the start after this one knows what happened.
        let from = || self.last.as_ref().map_or_else(|| "another version".to_owned(), |last| last.to.clone());
        let pending = self.pending.take();
        let mut pending = pending.unwrap_or_else(|| Pending {
            from: from(),
            to: here.version.clone(),
            slot: here.slot,
            hash: here.hash.clone(),
            failure: None,
            missing: Vec::new(),
        });
        (pending.failure, pending.missing) = (Some(why.to_owned()), missing);
        self.pending = Some(pending);
    }

    /// The version before records what the upgrade did not, or, with these left, it does not either.
    pub fn compared(&mut self, still_missing: &[String]) {
        let Some(last) = self.last.as_mut().filter(|last| last.outcome == UpgradeOutcome::RolledBack) else { return };
        if !still_missing.is_empty() {
            let streams = still_missing.join(", ");
            last.why = format!(
                "{}; but {} cannot record {streams} either: the upgrade was not the cause",
                last.why, last.from
            );
        }
    }

    fn taken_back(&mut self, pending: Pending, epoch: i64) {
        let why = pending
            .failure
            .clone()
            .unwrap_or_else(|| format!("{} did not start: it was tried until the boot loader gave it up", pending.to));
        remember(&mut self.failed, pending.hash.clone());
        self.end(&pending, epoch, UpgradeOutcome::RolledBack, why);
    }

    fn end(&mut self, pending: &Pending, epoch: i64, outcome: UpgradeOutcome, why: String) {
        let (from, to) = (pending.from.clone(), pending.to.clone());
        self.last = Some(LastUpgrade { from, to, epoch, outcome, why });
    }
}

/// The newest last, each once.
fn remember(list: &mut Vec<String>, hash: Option<String>) {
    let Some(hash) = hash else { return };
    list.retain(|known| *known != hash);
    list.push(hash);
    if list.len() > REMEMBERED {
        list.remove(0);
    }
}

const FILE: &str = "proof.json";

/// There are two slots; what was in them long ago is proven anew.
const REMEMBERED: usize = 16;

const MAX_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn here(slot: SlotName, hash: Option<&str>, version: &str) -> Here {
        Here { slot, hash: hash.map(str::to_owned), version: version.to_owned(), epoch: 1_764_000_000 }
    }

    fn last(record: &Record) -> String {
        let last = record.last().unwrap();
        format!("{} → {}: {:?} {}", last.from, last.to, last.outcome, last.why)
    }

    /// Flashed 1.0 in A, 1.1 written to B.
    fn upgraded() -> Record {
        let mut record = Record::default();
        assert_eq!(record.started(&here(SlotName::A, None, "1.0")), Start::Proven);
        record.installed("1.0", "1.1", SlotName::B, Some("b".into()));
        record
    }

    #[test]
    fn what_was_flashed_is_proven_and_an_upgrade_is_not() {
        let mut record = upgraded();
        assert_eq!((record.flashed(), record.pending()), (Some("1.0"), Some("1.1")));
        let b = here(SlotName::B, Some("b"), "1.1");
        assert_eq!(record.started(&b), Start::Unproven);
        // A power cut before the verdict.
        assert_eq!(record.started(&b), Start::Unproven);
        record.proved(&b);
        assert_eq!(last(&record), "1.0 → 1.1: Good ");
        assert_eq!(record.started(&b), Start::Proven);
        // Back by hand, and there again: both are known.
        assert_eq!(record.started(&here(SlotName::A, None, "1.0")), Start::Proven);
        assert_eq!(last(&record), "1.0 → 1.1: Good ");
    }

    #[test]
    fn one_that_does_not_start_is_told_by_the_one_before() {
        let mut record = upgraded();
        assert_eq!(record.started(&here(SlotName::A, None, "1.0")), Start::Returned { missing: vec![] });
        let why = "1.1 did not start: it was tried until the boot loader gave it up";
        assert_eq!(last(&record), format!("1.0 → 1.1: RolledBack {why}"));
        assert_eq!(record.failed(), ["b"]);
        assert_eq!(record.started(&here(SlotName::A, None, "1.0")), Start::Proven);
    }

    #[test]
    fn one_that_does_not_record_is_told_with_its_reason_and_compared() {
        let mut record = upgraded();
        let b = here(SlotName::B, Some("b"), "1.1");
        assert_eq!(record.started(&b), Start::Unproven);
        record.disproved(&b, "porch/main does not record: RTSP 500", vec!["porch/main".into()]);
        let returned = record.started(&here(SlotName::A, None, "1.0"));
        assert_eq!(returned, Start::Returned { missing: vec!["porch/main".into()] });
        assert_eq!(last(&record), "1.0 → 1.1: RolledBack porch/main does not record: RTSP 500");
        record.compared(&[]);
        assert_eq!(last(&record), "1.0 → 1.1: RolledBack porch/main does not record: RTSP 500");
        record.compared(&["porch/main".into()]);
        assert!(last(&record).ends_with("; but 1.0 cannot record porch/main either: the upgrade was not the cause"));
    }

    #[test]
    fn there_is_one_way_back_and_no_circle() {
        let mut record = upgraded();
        let b = here(SlotName::B, Some("b"), "1.1");
        record.started(&b);
        record.disproved(&b, "the page does not answer", vec![]);
        // A does not start any more: the boot loader comes back to B.
        assert_eq!(record.started(&b), Start::Failed);
        assert_eq!(last(&record), "1.0 → 1.1: Kept the page does not answer");
        assert_eq!(record.started(&b), Start::Failed);
        // Meant by hand, and better this time.
        record.proved(&b);
        assert!(record.failed().is_empty());
    }

    #[test]
    fn it_is_read_as_it_was_written_and_rubbish_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("proof");
        assert_eq!(Record::read(&at).unwrap(), Record::default());
        let mut record = upgraded();
        for n in 0..40 {
            remember(&mut record.proven, Some(n.to_string()));
        }
        assert_eq!((record.proven.len(), &*record.proven[15]), (REMEMBERED, "39"));
        record.write(&at).unwrap();
        assert_eq!(Record::read(&at).unwrap(), record);
        fs::write(at.join(FILE), "{\"proven\": [").unwrap();
        assert_eq!(Record::read(&at).unwrap(), Record::default());
    }
}
