//! `Settings`: what the owner has set of the machine itself, by the set-up file; `/state/settings.toml`, for root alone.

use crate::base::{Error, Kind, Result, ResultExt};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What is not there is as the image has it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// The name in the network, without `.local`.
    pub host_name: Option<String>,
    /// As the zone database calls it.
    pub time_zone: Option<String>,
    /// A line of `authorized_keys`; without one there is no SSH.
    pub ssh_key: Option<String>,
    /// The owner's password, plain or hashed, until the recorder has taken it.
    pub password: Option<String>,
    /// The hash of the set-up file that was applied, as it is with its secrets overwritten.
    pub setup_hash: Option<String>,
    /// The network to join.
    pub wifi: Option<Wifi>,
}

/// A network without wires.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Wifi {
    /// Whose rules of radio hold: two letters.
    pub country: String,
    /// Its SSID.
    pub name: String,
    /// Empty for an open network.
    pub password: String,
}

impl Settings {
    /// Those of the file; none, where there is no file.
    pub fn load(path: &Path) -> Result<Self> {
        let what = || format!("settings {}", path.display());
        let text = match fs::read_to_string(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            read => read.or_fail(Kind::Disk, what)?,
        };
        // Its own words would show the line, and with it a password.
        toml::from_str(&text).map_err(|e| Error::new(Kind::Corrupt, format!("{}: {}", what(), e.message())))
    }

    /// The file holds these after a power cut at any moment, or what it held before.
    pub fn save(&self, path: &Path) -> Result<()> {
        let what = || format!("settings {}", path.display());
        let text = toml::to_string(self).map_err(|e| Error::caused(Kind::Internal, what(), e))?;
        replace(path, text.as_bytes(), 0o600).or_fail(Kind::Disk, what)
    }
}

/// The file holds the bytes after a power cut at any moment, or what it held before.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host_name, time_zone, ssh_key, password, wifi, .. } = self;
        let hidden = password.as_ref().map(|_| "***");
        write!(f, "{host_name:?} {time_zone:?} {ssh_key:?} {hidden:?} {wifi:?}")
    }
}

impl fmt::Debug for Wifi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, ***", self.name, self.country)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_as_they_were_written_and_for_root_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        assert_eq!(Settings::load(&path).unwrap(), Settings::default());
        let wifi = Wifi { country: "DE".into(), name: "home \"2\"".into(), password: "correct horse".into() };
        let settings = Settings { host_name: Some("porch".into()), wifi: Some(wifi), ..Settings::default() };
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path).unwrap(), settings);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{settings:?}").contains("horse"));
    }

    #[test]
    fn broken_settings_are_told_without_what_is_in_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        fs::write(&path, "password = \"hunter2hunter2").unwrap();
        let told = Settings::load(&path).unwrap_err().to_string();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
