//! `Settings`: where new versions are looked for, and when the machine may start anew for one.

use super::schedule::Window;
use crate::appliance::protocol::check_url;
use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Kept by the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the newest bundle is. `None`: nobody looks.
    pub channel: Option<String>,
    /// When the machine may start anew, by the clock on the wall. `None`: nothing is installed by itself.
    pub window: Option<Window>,
    /// What was found there last.
    pub checked: Option<Checked>,
}

/// A look into the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// When, seconds since 1970.
    pub epoch: i64,
    /// What is there; `Err`: why nobody knows.
    pub found: Result<Available, String>,
}

/// What a channel has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Available {
    /// Its version.
    pub version: String,
    /// SHA-256 of its system.
    pub hash: Option<String>,
    /// Why it is not for this machine.
    pub refusal: Option<String>,
}

impl Settings {
    /// Looks there from now on, or nowhere.
    pub fn set_channel(&mut self, url: Option<String>) -> Result<()> {
        if let Some(url) = &url {
            check_url(url)?;
            if !url.starts_with("https://") {
                return Err(Error::new(Kind::BadInput, "the channel: an https:// address is expected"));
            }
        }
        if self.channel != url {
            (self.channel, self.checked) = (url, None);
        }
        Ok(())
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).or_fail(Kind::Corrupt, || path.display().to_string()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(Error::caused(Kind::Disk, format!("read {}", path.display()), e)),
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let what = || format!("write {}", path.display());
        let text = serde_json::to_vec(self).or_fail(Kind::Internal, what)?;
        let beside = path.with_extension("json.new");
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
        };
        write().or_fail(Kind::Disk, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_they_were_written_and_another_channel_forgets_what_the_first_had() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("firmware.json");
        assert_eq!(Settings::read(&path).unwrap(), Settings::default());
        let mut settings = Settings::default();
        settings.set_channel(Some("https://a.example/lunette.raucb".into())).unwrap();
        settings.window = Some("03:00-04:30".parse().unwrap());
        settings.checked = Some(Checked { epoch: 1, found: Err("it cannot be fetched".into()) });
        settings.write(&path).unwrap();
        assert_eq!(Settings::read(&path).unwrap(), settings);
        settings.set_channel(Some("https://a.example/lunette.raucb".into())).unwrap();
        assert!(settings.checked.is_some());
        settings.set_channel(Some("https://b.example/lunette.raucb".into())).unwrap();
        assert_eq!(settings.checked, None);
        for url in ["http://a.example/x", "b", "https://"] {
            assert!(settings.set_channel(Some(url.into())).is_err(), "{url}");
        }
        settings.set_channel(None).unwrap();
        assert_eq!(settings.channel, None);
    }
}
