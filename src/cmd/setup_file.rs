//! `lunette setup-file`: what the card's start has to do with the owner's set-up file; not meant for people.

use super::api;
use super::config::Config;
use super::{Outcome, output};
use crate::appliance::settings::{self, Settings};
use crate::appliance::setup_file::SetupFile;
use crate::base::{Error, Kind, Result, ResultExt, Secret};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

/// Applies the owner's set-up file to a machine of the image
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
    #[command(flatten)]
    places: Places,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Takes a file that has changed, and writes down what the system reads; prints `mask` if secrets are to be overwritten
    Read,
    /// Overwrites the secrets in the file
    Mask,
    /// Gives the recorder the owner's password
    Finish,
}

#[derive(Debug, clap::Args)]
struct Places {
    #[arg(long, global = true, default_value = "/run/lunette/boot/lunette-setup.toml")]
    file: PathBuf,
    #[arg(long, global = true, default_value = "/state")]
    state: PathBuf,
    #[arg(long, global = true, default_value = "/run/lunette")]
    run: PathBuf,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<Outcome> {
    match args.step {
        Step::Read => args.places.read(),
        Step::Mask => args.places.mask(),
        Step::Finish => args.places.finish(&Config::load(config)?),
    }
}

impl Places {
    fn read(&self) -> Result<Outcome> {
        let mut complaints = Vec::new();
        let mut settings = Settings::load(&self.settings()).unwrap_or_else(|e| {
            complaints.push(e.to_string());
            Settings::default()
        });
        let mut has_secrets = false;
        match self.text() {
            Ok(Some(text)) => {
                let file = SetupFile::parse(&text, is_zone);
                complaints.extend(file.complaints.iter().map(|told| format!("{FILE}: {told}")));
                has_secrets = !file.secrets().is_empty();
                // As it will be when its secrets are stars: else it would have changed by that.
                let hash = blake3::hash(&file.masked(&text)).to_hex().to_string();
                if settings.setup_hash.as_ref() != Some(&hash) || has_secrets {
                    file.apply(&mut settings);
                    settings.setup_hash = Some(hash);
                    settings.save(&self.settings())?;
                }
            }
            Ok(None) => {}
            Err(e) => complaints.push(e.to_string()),
        }
        self.tell(&settings, &complaints)?;
        for complaint in &complaints {
            eprintln!("{complaint}");
        }
        if has_secrets {
            output::say("mask")?;
        }
        Ok(Outcome::Done)
    }

    /// What the system and the page read, in memory; and the key, which SSH wants in a file of its own.
    fn tell(&self, settings: &Settings, complaints: &[String]) -> Result<()> {
        let zone = settings.time_zone.as_deref();
        self.put("complaints", &complaints.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        self.put("host-name", &format!("{}\n", settings.host_name.as_deref().unwrap_or("lunette")))?;
        self.put("environment", &zone.map(|zone| format!("TZ={zone}\n")).unwrap_or_default())?;
        let link = self.run.join("localtime");
        let _ = fs::remove_file(&link);
        symlink(Path::new(ZONES).join(zone.unwrap_or("Etc/UTC")), &link).or_fail(Kind::Disk, || "time zone")?;
        let keys = self.state.join("ssh/authorized_keys");
        let what = || keys.display().to_string();
        match &settings.ssh_key {
            Some(key) => {
                let line = format!("{key}\n");
                if fs::read_to_string(&keys).ok().as_ref() != Some(&line) {
                    settings::replace(&keys, line.as_bytes(), 0o600).or_fail(Kind::Disk, what)?;
                }
            }
            None => match fs::remove_file(&keys) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::caused(Kind::Disk, what(), e)),
                _ => {}
            },
        }
        Ok(())
    }

    fn put(&self, name: &str, text: &str) -> Result<()> {
        let path = self.run.join(name);
        fs::write(&path, text).or_fail(Kind::Disk, || path.display().to_string())
    }

    /// In place: a new file would leave the secrets somewhere on the card.
    fn mask(&self) -> Result<Outcome> {
        let Some(text) = self.text()? else { return Ok(Outcome::Done) };
        let parsed = SetupFile::parse(&text, is_zone);
        let what = || format!("overwrite the secrets of {}", self.file.display());
        let file = OpenOptions::new().write(true).open(&self.file).or_fail(Kind::Disk, what)?;
        for secret in parsed.secrets() {
            file.write_all_at(&vec![b'*'; secret.len()], secret.start as u64).or_fail(Kind::Disk, what)?;
        }
        file.sync_all().or_fail(Kind::Disk, what)?;
        Ok(Outcome::Done)
    }

    /// Fails while the recorder is not there yet; whoever calls tries again.
    fn finish(&self, config: &Config) -> Result<Outcome> {
        let mut settings = Settings::load(&self.settings())?;
        let Some(password) = settings.password.take() else { return Ok(Outcome::Done) };
        let taken = api::runtime()?.block_on(async {
            let away = || Error::new(Kind::Busy, "the recorder does not answer yet");
            let mut api = api::Api::running(config).await?.ok_or_else(away)?;
            super::passwd::set(&mut api, None, &Secret::new(password)).await
        });
        match taken {
            Ok(done) => output::say(&done)?,
            // It would be refused again.
            Err(e) if e.kind() == Kind::BadInput => self.put("complaints", &format!("{FILE}: {e}\n"))?,
            Err(e) => return Err(e),
        }
        settings.save(&self.settings())?;
        Ok(Outcome::Done)
    }

    fn settings(&self) -> PathBuf {
        self.state.join("settings.toml")
    }

    /// The set-up file, if there is one.
    fn text(&self) -> Result<Option<String>> {
        match fs::read(&self.file) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::caused(Kind::Disk, FILE, e)),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(Error::new(Kind::BadInput, format!("{FILE}: is no text in UTF-8"))),
            },
        }
    }
}

fn is_zone(name: &str) -> bool {
    fs::read(Path::new(ZONES).join(name)).is_ok_and(|bytes| bytes.starts_with(b"TZif"))
}

const FILE: &str = "lunette-setup.toml";
const ZONES: &str = "/usr/share/zoneinfo";

#[cfg(test)]
mod tests {
    use super::*;

    struct Machine {
        dir: tempfile::TempDir,
        places: Places,
    }

    fn machine(text: &str) -> Machine {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["state/ssh", "run"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("file"), text).unwrap();
        let places = Places { file: at("file"), state: at("state"), run: at("run") };
        Machine { dir, places }
    }

    impl Machine {
        fn text(&self, name: &str) -> String {
            fs::read_to_string(self.dir.path().join(name)).unwrap()
        }

        fn settings(&self) -> Settings {
            Settings::load(&self.places.settings()).unwrap()
        }
    }

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4ZlqWw2b2ZrQxq0z3v8y0h5vQ2Zz8 me@desk";

    #[test]
    fn a_file_is_taken_once_and_its_secrets_are_overwritten() {
        let machine = machine(&format!("host_name = \"porch\"\npassword = \"correct horse\"\nssh_key = \"{KEY}\"\n"));
        machine.places.read().unwrap();
        assert_eq!(machine.text("run/host-name"), "porch\n");
        assert_eq!(machine.text("state/ssh/authorized_keys"), format!("{KEY}\n"));
        assert_eq!(machine.settings().password.as_deref(), Some("correct horse"));
        machine.places.mask().unwrap();
        let masked = format!("host_name = \"porch\"\npassword = \"*************\"\nssh_key = \"{KEY}\"\n");
        assert_eq!(machine.text("file"), masked);

        // Changed by the page since: the same file does not take it back.
        let changed = Settings { host_name: Some("garden".into()), password: None, ..machine.settings() };
        changed.save(&machine.places.settings()).unwrap();
        machine.places.read().unwrap();
        assert_eq!(machine.settings(), changed);
        assert_eq!(machine.text("run/host-name"), "garden\n");
    }

    /// Between taking and overwriting.
    #[test]
    fn a_power_cut_in_between_is_made_good() {
        let machine = machine("password = \"correct horse\"\n");
        machine.places.read().unwrap();
        machine.places.read().unwrap();
        machine.places.mask().unwrap();
        machine.places.mask().unwrap();
        assert_eq!(machine.text("file"), "password = \"*************\"\n");
        assert_eq!(machine.settings().password.as_deref(), Some("correct horse"));
    }

    #[test]
    fn what_is_wrong_is_told_and_stops_nothing() {
        let machine = machine("host_name = \"porch\"\ncolour = \"red\"\n");
        fs::write(machine.places.settings(), "broken").unwrap();
        machine.places.read().unwrap();
        let told = machine.text("run/complaints");
        assert!(told.contains("settings.toml") && told.contains("line 2: colour"), "{told}");
        assert_eq!(machine.text("run/host-name"), "porch\n");
        fs::write(&machine.places.file, b"host_name = \"\xff\"").unwrap();
        machine.places.read().unwrap();
        assert_eq!(machine.text("run/complaints"), "lunette-setup.toml: is no text in UTF-8\n");
    }
}
