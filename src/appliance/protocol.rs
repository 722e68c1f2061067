//! `Request` and `Reply`: what the daemon and the helper say to each other, a line of JSON each.
//!
//! One request a connection. The helper answers with any number of progress lines, then with what came of it.

use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// What the daemon may want of the helper: this, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Slots, versions, and what became of the last upgrade.
    Status,
    /// What a bundle is, and whether it would be refused. Changes nothing.
    Inspect {
        /// A file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
        /// Or where it is on the web.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Writes a bundle to the slot that does not run.
    Install {
        /// A file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
        /// Or where it is on the web.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// An older version is meant.
        #[serde(default)]
        force: bool,
    },
    /// Says of a slot whether it may be started.
    Mark {
        /// Which one.
        slot: SlotName,
        /// What it is.
        mark: Mark,
    },
    /// Starts the machine anew.
    Reboot,
    /// Switches the machine off.
    Poweroff,
    /// The disks that are there.
    Disks,
    /// Film is to be kept on this file system from the next start on; none: on the card.
    Mount {
        /// Of the file system.
        uuid: Option<String>,
    },
    /// Makes a file system for film on a disk that nothing uses.
    Format {
        /// Such as `sda`.
        device: String,
        /// The disk's name for people, as `Disks` told it: a disk that was swapped meanwhile is left alone.
        confirm: String,
    },
    /// How the network is set up, or with an interface, how it is to be.
    Network {
        /// What is to be set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        set: Option<NetworkSetting>,
    },
    /// It is at least so late.
    TimeFloor {
        /// Seconds since 1970.
        epoch: i64,
    },
    /// The newest lines of the system's journal.
    Logs {
        /// How many.
        lines: u32,
        /// Of this unit alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
}

/// A line of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// How far it is; more follows.
    Progress(Progress),
    /// What came of it.
    Ok(Value),
    /// Why nothing did.
    Error(Refusal),
}

/// How far something is that takes a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Of a hundred.
    pub percent: u8,
    /// What is being done, in words.
    pub message: String,
}

/// An [`Error`] on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    kind: String,
    detail: String,
}

/// One of the two systems on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SlotName {
    /// The first.
    A,
    /// The second.
    B,
}

/// What a slot may be marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It may be started.
    Good,
    /// It may not.
    Bad,
}

/// What the helper knows of slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Bundles must be for it.
    pub compatible: String,
    /// The version that runs.
    pub version: String,
    /// Which slot that is in; `None` on a machine that was started otherwise.
    pub booted: Option<SlotName>,
    /// What RAUC does: `idle`, `installing`.
    pub operation: String,
    /// All slots.
    pub slots: BTreeMap<SlotName, Slot>,
    /// What a slot holds at most.
    pub slot_bytes: u64,
    /// What became of the last upgrade.
    pub last_upgrade: Option<LastUpgrade>,
    /// An upgrade that is written and not yet proven, or not even started.
    pub pending: Option<String>,
    /// Images that were tried and did not work: they are not installed again by themselves.
    pub failed: Vec<String>,
}

/// What the helper knows of one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Of the system in it, where that is known.
    pub version: Option<String>,
    /// Whether it can be started.
    pub state: SlotState,
    /// It worked on this machine before, or is what was flashed.
    pub proven: bool,
    /// When it was installed, RFC 3339; `None`: flashed.
    pub installed: Option<String>,
    /// SHA-256 of its image; `None`: flashed.
    pub hash: Option<String>,
}

/// Whether a slot can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// It can.
    Good,
    /// It is not whole, or was taken back.
    Bad,
    /// It can, and is yet to show that it works.
    Unproven,
}

/// What became of the last upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUpgrade {
    /// The version before.
    pub from: String,
    /// The version that was installed.
    pub to: String,
    /// When that was known, seconds since 1970.
    pub epoch: i64,
    /// What became of it.
    pub outcome: UpgradeOutcome,
    /// Why, in words; empty where all is well.
    pub why: String,
}

/// What became of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UpgradeOutcome {
    /// It works.
    Good,
    /// The version before runs again.
    RolledBack,
    /// It does not work as it should, but there is nothing to go back to.
    Kept,
}

/// What is in a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspected {
    /// The machine it is for.
    pub compatible: String,
    /// The version in it.
    pub version: String,
    /// SHA-256 of the system in it.
    pub hash: Option<String>,
    /// How large that is.
    pub bytes: Option<u64>,
    /// Why it is not installed.
    pub refusal: Option<String>,
    /// It is refused for its age alone: who means it can force it.
    pub older: bool,
}

/// How an interface gets its address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkSetting {
    /// Such as `eth0`.
    pub interface: String,
    /// From the router, or fixed.
    pub method: Method,
    /// With its prefix, such as `192.168.1.20/24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Who knows names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<IpAddr>,
}

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// The router gives it.
    Dhcp,
    /// The owner does.
    Static,
}

/// Longer ones are no requests.
pub const MAX_REQUEST_BYTES: usize = 4 << 10;

/// Longer ones are no answers.
pub const MAX_REPLY_BYTES: usize = 2 << 20;

impl Request {
    /// Reads a line. What does not fit is refused in words.
    pub fn parse(line: &[u8]) -> Result<Self> {
        // Serde takes a list for a struct's fields in their order: nobody means that.
        if line.trim_ascii_start().first() != Some(&b'{') {
            return Err(Error::new(Kind::BadInput, "a request is an object"));
        }
        let value: Value = serde_json::from_slice(line).or_fail(Kind::BadInput, || "request")?;
        let words = value.as_object().map_or(0, Map::len);
        let request: Self = serde_json::from_value(value).or_fail(Kind::BadInput, || "request")?;
        // Serde lets others stand beside a verb that has none.
        let is_verb = matches!(request, Self::Status | Self::Reboot | Self::Poweroff | Self::Disks);
        if is_verb && words != 1 {
            return Err(Error::new(Kind::BadInput, "request: this verb takes nothing else"));
        }
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::new(Kind::BadInput, what));
        match self {
            Self::Inspect { path, url } | Self::Install { path, url, .. } => match (path, url) {
                (Some(_), None) => Ok(()),
                (None, Some(url)) => check_url(url),
                _ => bad("a bundle has either a path or a url"),
            },
            Self::Mount { uuid: Some(uuid) } if !is_word(uuid, 64, "-") => bad("this is no file system's UUID"),
            Self::Format { device, .. } if !is_word(device, 32, "") => bad("this is no disk's name"),
            Self::Logs { lines, .. } if !(1..=MAX_LOG_LINES).contains(lines) => bad("lines: 1 to 5000 are expected"),
            Self::Logs { unit: Some(unit), .. } if !is_word(unit, 128, "-_.@:") || unit.starts_with('-') => {
                bad("this is no unit's name")
            }
            _ => Ok(()),
        }
    }
}

/// More are not told.
pub const MAX_LOG_LINES: u32 = 5000;

/// The address of a bundle: RAUC hands it to libcurl, which would know more schemes.
pub fn check_url(url: &str) -> Result<()> {
    let plain = url.len() <= 1024 && url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'"');
    let known = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match known.filter(|rest| plain && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')) {
        Some(_) => Ok(()),
        None => Err(Error::new(Kind::BadInput, "the url: expected https:// or http:// and a host, of plain letters")),
    }
}

/// Letters, digits and these, in a sane number.
pub(super) fn is_word(text: &str, most: usize, others: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    (1..=most).contains(&text.len()) && text.chars().all(fits)
}

impl Refusal {
    fn word(kind: Kind) -> &'static str {
        match kind {
            Kind::BadInput => "bad_input",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Camera => "camera",
            Kind::Disk => "disk",
            Kind::Corrupt => "corrupt",
            Kind::Busy => "busy",
            Kind::Internal => "internal",
        }
    }
}

impl From<&Error> for Refusal {
    fn from(e: &Error) -> Self {
        Self { kind: Self::word(e.kind()).to_owned(), detail: e.to_string() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let kinds = [Kind::BadInput, Kind::NotFound, Kind::Conflict, Kind::Disk, Kind::Corrupt, Kind::Busy];
        let kind = kinds.into_iter().find(|kind| Refusal::word(*kind) == refusal.kind);
        Self::new(kind.unwrap_or(Kind::Internal), refusal.detail)
    }
}

impl SlotName {
    /// The one beside it.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// By the name that the boot script knows.
    pub fn from_bootname(name: &str) -> Option<Self> {
        match name {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            _ => None,
        }
    }
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        Request::parse(line.as_bytes()).map_or_else(|e| e.to_string(), |request| format!("{request:?}"))
    }

    #[test]
    fn requests_and_what_becomes_of_them() {
        let table = [
            (r#"{"verb":"status"}"#, "Status"),
            (r#"{"verb":"reboot"}"#, "Reboot"),
            (
                r#"{"verb":"install","path":"/state/lunette/upload/bundle.raucb"}"#,
                r#"Install { path: Some("/state/lunette/upload/bundle.raucb"), url: None, force: false }"#,
            ),
            (
                r#"{"verb":"install","url":"https://a.example/b.raucb","force":true}"#,
                r#"Install { path: None, url: Some("https://a.example/b.raucb"), force: true }"#,
            ),
            (r#"{"verb":"mark","slot":"B","mark":"bad"}"#, "Mark { slot: B, mark: Bad }"),
            (r#"{"verb":"time_floor","epoch":1764000000}"#, "TimeFloor { epoch: 1764000000 }"),
            (r#"{"verb":"network"}"#, "Network { set: None }"),
            (r#"{"verb":"logs","lines":0}"#, "lines: 1 to 5000 are expected"),
            (r#"{"verb":"logs","lines":5,"unit":"--flush"}"#, "this is no unit's name"),
            (r#"{"verb":"install","force":true}"#, "a bundle has either a path or a url"),
            (r#"{"verb":"inspect","path":"/a","url":"https://b"}"#, "a bundle has either a path or a url"),
            (r#"{"verb":"format","device":"../sda","confirm":"x"}"#, "this is no disk's name"),
            (r#"{"verb":"mount","uuid":"a/b"}"#, "this is no file system's UUID"),
            (r#"["status"]"#, "a request is an object"),
        ];
        for (line, expected) in table {
            assert_eq!(told(line), expected, "{line}");
        }
        for url in ["ftp://a/b", "https://", "https://-o/x", "http://a b", "file:///etc/shadow", "https://a\\\"b"] {
            let line = format!(r#"{{"verb":"inspect","url":"{url}"}}"#);
            assert!(
                told(&line).starts_with("the url: expected https://") || told(&line).starts_with("request:"),
                "{url}"
            );
        }
        for line in [r#"{"verb":"shell"}"#, r#"{"verb":"status","x":1}"#, "{", "", r#"{"verb":"mark","slot":"C"}"#] {
            assert!(Request::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn an_error_arrives_as_it_was_sent() {
        let sent = Error::new(Kind::Conflict, "an upgrade is being installed");
        let line = serde_json::to_string(&Reply::Error(Refusal::from(&sent))).unwrap();
        assert_eq!(line, r#"{"error":{"kind":"conflict","detail":"an upgrade is being installed"}}"#);
        let Reply::Error(read) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        let read = Error::from(read);
        assert_eq!((read.kind(), read.to_string()), (sent.kind(), sent.to_string()));
    }
}
