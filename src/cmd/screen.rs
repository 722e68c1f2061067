//! `lunette screen`: the few lines on the television: where the page is, and whether all is well; not meant for people.

use super::api::{self, Api};
use super::config::Config;
use super::{Outcome, output};
use crate::base::Result;
use http::Method;
use nix::ifaddrs::getifaddrs;
use serde_json::Value;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Shows address, name, version and cameras on a terminal, and again when they change
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Once, as plain lines
    #[arg(long)]
    once: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let runtime = api::runtime()?;
    let mut before = String::new();
    loop {
        let now = Shown::look(runtime.block_on(cameras(config))).to_string();
        if args.once {
            output::say(now.trim_end())?;
            return Ok(Outcome::Done);
        }
        if now != before {
            // Clears, and writes from the top.
            output::say(&format!("\x1b[2J\x1b[H{now}"))?;
            before = now;
        }
        std::thread::sleep(PAUSE);
    }
}

/// How many there are and record; none while the daemon does not answer.
async fn cameras(config: &Config) -> Option<(usize, usize)> {
    let mut api = Api::running(config).await.ok()??;
    let listed = api.json(Method::GET, "/api/cameras", None).await.ok()?;
    Some(counted(&listed))
}

fn counted(listed: &Value) -> (usize, usize) {
    let none = Vec::new();
    let cameras = listed["cameras"].as_array().unwrap_or(&none);
    let records = |camera: &&Value| {
        let streams = camera["streams"].as_object();
        streams.is_some_and(|streams| streams.values().any(|stream| stream["live"]["state"] == "recording"))
    };
    (cameras.len(), cameras.iter().filter(records).count())
}

#[derive(Debug, Default)]
struct Shown {
    name: String,
    addresses: Vec<IpAddr>,
    cameras: Option<(usize, usize)>,
    /// The line of the film's disk.
    film: String,
    /// The access point: its name, and its key.
    point: String,
    complaints: String,
}

impl Shown {
    fn look(cameras: Option<(usize, usize)>) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            name: resolved_name().unwrap_or_else(host_name),
            addresses: addresses(),
            cameras,
            film: read(FILM).trim().to_owned(),
            point: read(POINT).trim().to_owned(),
            complaints: read(COMPLAINTS),
        }
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\n  Lunette {}\n", env!("CARGO_PKG_VERSION"))?;
        match self.point.split_once(' ') {
            _ if self.point.is_empty() => {}
            None => writeln!(f, "  Join the Wi-Fi \"{}\" and open http://192.168.77.1", self.point)?,
            Some((name, key)) => writeln!(f, "  Join the Wi-Fi \"{name}\" with {key} and open http://192.168.77.1")?,
        }
        match self.addresses.is_empty() {
            true => writeln!(f, "  No network: is the cable in?")?,
            false => writeln!(f, "  Open http://{}.local", self.name)?,
        }
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => writeln!(f, "    or http://{address}")?,
                IpAddr::V6(address) => writeln!(f, "    or http://[{address}]")?,
            }
        }
        writeln!(f)?;
        match self.cameras {
            None => writeln!(f, "  The recorder is starting")?,
            Some((0, _)) => writeln!(f, "  No camera yet")?,
            Some((all, recording)) => writeln!(f, "  {recording} of {all} cameras record")?,
        }
        if !self.film.is_empty() && self.film != "mounted" {
            writeln!(f, "  Film disk: {}", self.film)?;
        }
        for line in self.complaints.lines() {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// What systemd-resolved answers to: another name than the machine's, where somebody in the house had that one already.
fn resolved_name() -> Option<String> {
    let object = ["org.freedesktop.resolve1", "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager"];
    let mut busctl = Command::new("busctl");
    let told = busctl.arg("get-property").args(object).arg("LLMNRHostname").stderr(Stdio::null()).output().ok()?;
    // As in `s "lunette2"`.
    let name = std::str::from_utf8(&told.stdout).ok()?.split('"').nth(1)?;
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// As the kernel has it now.
pub(super) fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "lunette".to_owned())
}

/// Those that a browser can use: no link-local ones of IPv6, which want an interface's name.
fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let mut found: Vec<IpAddr> = interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
        })
        .filter(|address| match address {
            IpAddr::V4(address) => *address != Ipv4Addr::LOCALHOST,
            IpAddr::V6(address) => *address != Ipv6Addr::LOCALHOST && !address.is_unicast_link_local(),
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

pub(super) const SETTINGS: &str = "/state/settings.toml";
/// Name and key of our own access point, while there is one.
pub(super) const POINT: &str = "/run/lunette/point";
const FILM: &str = "/run/lunette/film";
const COMPLAINTS: &str = "/run/lunette/complaints";
const PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_screen_says_where_the_page_is_and_what_is_wrong() {
        let shown = Shown {
            name: "porch".into(),
            addresses: vec![IpAddr::from([192, 0, 2, 7]), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7))],
            cameras: Some((3, 2)),
            film: "checking pass 1 of 5, 40 %".into(),
            point: String::new(),
            complaints: "lunette-setup.toml: line 3: colour: there is no such entry\n".into(),
        };
        let text = shown.to_string().replace(env!("CARGO_PKG_VERSION"), "1");
        assert_eq!(
            text,
            "\n  Lunette 1\n\n  Open http://porch.local\n    or http://192.0.2.7\n    or http://[2001:db8::7]\n\n  \
             2 of 3 cameras record\n  Film disk: checking pass 1 of 5, 40 %\n  lunette-setup.toml: line 3: colour: \
             there is no such entry\n"
        );
    }

    #[test]
    fn without_network_it_says_so_and_how_to_join() {
        let text = |point: &str| Shown { point: point.into(), ..Shown::default() }.to_string();
        assert!(text("").contains("No network: is the cable in?") && text("").contains("The recorder is starting"));
        assert!(text("lunette 0123456789ab").contains("Join the Wi-Fi \"lunette\" with 0123456789ab and open"));
        assert!(text("lunette").contains("Join the Wi-Fi \"lunette\" and open"));
    }

    #[test]
    fn a_camera_records_when_one_of_its_streams_does() {
        let stream = |state: &str| json!({"live": {"state": state}});
        let listed = json!({"cameras": [
            {"streams": {"main": stream("waiting"), "sub": stream("recording")}},
            {"streams": {"main": stream("waiting")}},
            {"streams": {}},
        ]});
        assert_eq!(counted(&listed), (3, 1));
        assert_eq!(counted(&json!({})), (0, 0));
    }
}
