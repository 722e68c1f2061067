//! `lunette wifi`: drives the radio as `appliance::wifi` decides; not meant for people. It runs as root on the image.

use super::api::{self, Api};
use super::config::Config;
use super::{Outcome, screen};
use crate::appliance::settings::{self, Settings};
use crate::appliance::wifi::{Mode, Radio, Seen, point_config, station_config};
use crate::base::{Kind, Result, ResultExt};
use http::Method;
use log::{info, warn};
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Joins the owner's Wi-Fi, or makes an access point where there is no other way in
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, default_value = "wlan0")]
    interface: String,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let runtime = api::runtime()?;
    let begun = Instant::now();
    let mut radio = Radio::new(Duration::ZERO);
    let mut driver = Driver::new(&args.interface);
    // Unknown counts as owned: nothing is open by mistake.
    let mut owned = true;
    loop {
        if let Some(told) = runtime.block_on(has_owner(config)) {
            owned = told;
        }
        let named = Settings::load(Path::new(screen::SETTINGS)).ok().and_then(|settings| settings.wifi);
        let seen = Seen {
            cable: has_cable(Path::new(NET)),
            owned,
            named: named.is_some(),
            joined: driver.mode == Mode::Station && is_up(Path::new(NET), &args.interface),
        };
        let mode = radio.step(begun.elapsed(), seen);
        if mode != driver.mode || !driver.is_alive() {
            info!("{}: {mode:?}; {seen:?}", args.interface);
            let text = match (mode, &named) {
                (Mode::Station, Some(wifi)) => Some(station_config(wifi)),
                (Mode::OpenPoint | Mode::ClosedPoint, _) => {
                    let key = (mode == Mode::ClosedPoint).then_some(driver.key.as_str());
                    Some(point_config(named.as_ref().map(|wifi| wifi.country.as_str()), &screen::host_name(), key))
                }
                _ => None,
            };
            if let Err(e) = driver.set(mode, text.as_deref()) {
                warn!("{}: {e}", args.interface);
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// None while nobody can tell.
async fn has_owner(config: &Config) -> Option<bool> {
    let mut api = Api::running(config).await.ok()??;
    let listed = api.json(Method::GET, "/api/users", None).await.ok()?;
    Some(listed["users"].as_array()?.iter().any(|user| user["role"] == "owner"))
}

/// A wired interface leads somewhere.
fn has_cable(net: &Path) -> bool {
    let Ok(entries) = fs::read_dir(net) else { return false };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter(|name| net.join(name).join("device").exists() && !net.join(name).join("phy80211").exists())
        .any(|name| is_up(net, &name))
}

fn is_up(net: &Path, name: &str) -> bool {
    fs::read_to_string(net.join(name).join("carrier")).is_ok_and(|carrier| carrier.trim() == "1")
}

/// wpa_supplicant and what networkd is told beside it.
struct Driver {
    interface: String,
    mode: Mode,
    child: Option<Child>,
    /// Of the closed access point; another one at each start.
    key: String,
}

impl Driver {
    fn new(interface: &str) -> Self {
        let key = Uuid::new_v4().simple().to_string()[..12].to_owned();
        Self { interface: interface.to_owned(), mode: Mode::Off, child: None, key }
    }

    fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn set(&mut self, mode: Mode, config: Option<&str>) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.mode = mode;
        let is_point = matches!(mode, Mode::OpenPoint | Mode::ClosedPoint);
        let what = || format!("set the radio to {mode:?}");
        if is_point {
            let text = POINT.replace("INTERFACE", &self.interface);
            fs::write(NETWORK, text).or_fail(Kind::Disk, what)?;
        } else {
            let _ = fs::remove_file(NETWORK);
        }
        let shown = match mode {
            Mode::OpenPoint => format!("{}\n", screen::host_name()),
            Mode::ClosedPoint => format!("{} {}\n", screen::host_name(), self.key),
            _ => String::new(),
        };
        fs::write(screen::POINT, shown).or_fail(Kind::Disk, what)?;
        if let Some(config) = config {
            settings::replace(Path::new(SUPPLICANT), config.as_bytes(), 0o600).or_fail(Kind::Disk, what)?;
            let mut command = Command::new("wpa_supplicant");
            command.args(["-D", "nl80211", "-i", &self.interface, "-c", SUPPLICANT]);
            self.child = Some(command.spawn().or_fail(Kind::Internal, || "start wpa_supplicant")?);
        }
        for verb in [&["reload"][..], &["reconfigure", &self.interface]] {
            Command::new("networkctl").args(verb).status().or_fail(Kind::Internal, || "networkctl")?;
        }
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
        }
    }
}

const PAUSE: Duration = Duration::from_secs(3);
const NET: &str = "/sys/class/net";
const SUPPLICANT: &str = "/run/lunette/wpa_supplicant.conf";
const NETWORK: &str = "/run/systemd/network/05-lunette-point.network";
const POINT: &str = "[Match]\nName=INTERFACE\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nAddress=192.168.77.1/24\n\
                     DHCPServer=yes\nLinkLocalAddressing=ipv6\nMulticastDNS=yes\n\n[DHCPServer]\nEmitDNS=no\n\
                     EmitRouter=no\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_is_a_wired_device_with_a_carrier() {
        let dir = tempfile::tempdir().unwrap();
        let add = |name: &str, files: &[(&str, &str)]| {
            for (file, text) in files {
                let path = dir.path().join(name).join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        };
        add("lo", &[("carrier", "1\n")]);
        add("wlan0", &[("carrier", "1\n"), ("device/x", ""), ("phy80211/x", "")]);
        add("eth0", &[("carrier", "0\n"), ("device/x", "")]);
        assert!(!has_cable(dir.path()));
        add("eth0", &[("carrier", "1\n")]);
        assert!(has_cable(dir.path()));
        assert!(is_up(dir.path(), "wlan0") && !is_up(dir.path(), "wlan1"));
    }
}
