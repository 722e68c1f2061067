//! How the network is set up: files of systemd-networkd, in memory for now and on the state partition for the next start.

use super::Places;
use super::bus;
use super::disks::keep;
use crate::appliance::protocol::{Method, NetworkSetting, is_word};
use crate::base::{Error, Kind, Result, ResultExt};
use std::fs;
use std::net::IpAddr;

#[zbus::proxy(
    interface = "org.freedesktop.network1.Manager",
    default_service = "org.freedesktop.network1",
    default_path = "/org/freedesktop/network1"
)]
trait Manager {
    async fn reload(&self) -> zbus::Result<()>;
    async fn reconfigure_link(&self, index: i32) -> zbus::Result<()>;
}

/// What an owner has set.
pub(super) fn settings(places: &Places) -> Result<Vec<NetworkSetting>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(places.system(KEPT)) else { return Ok(found) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|e| e == "json") {
            let text = fs::read(&path).or_fail(Kind::Disk, || format!("read {}", path.display()))?;
            found.extend(serde_json::from_slice::<NetworkSetting>(&text));
        }
    }
    found.sort_by(|a, b| a.interface.cmp(&b.interface));
    Ok(found)
}

/// Sets an interface up, now and from the next start on. Whatever is set, it has an address of its own making as well
/// (169.254.…, fe80::…): a mistake never shuts the owner out.
pub(super) async fn set(places: &Places, setting: &NetworkSetting) -> Result<()> {
    let index = index(places, &setting.interface)?;
    let file = file(setting)?;
    let name = format!("10-{}", setting.interface);
    let (kept, now) = (places.system(KEPT), places.system(NOW));
    match &file {
        Some(text) => {
            let json = serde_json::to_string(setting).or_fail(Kind::Internal, || "the setting")?;
            keep(&kept.join(format!("{name}.json")), &json)?;
            keep(&kept.join(format!("{name}.network")), text)?;
            keep(&now.join(format!("{name}.network")), text)?;
        }
        None => {
            for path in [
                kept.join(format!("{name}.json")),
                kept.join(format!("{name}.network")),
                now.join(format!("{name}.network")),
            ] {
                match fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::caused(Kind::Disk, format!("remove {}", path.display()), e));
                    }
                    _ => {}
                }
            }
        }
    }
    let bus = bus().await?;
    let told = async {
        let manager = ManagerProxy::new(&bus).await?;
        manager.reload().await?;
        manager.reconfigure_link(index).await
    };
    told.await.map_err(|e| Error::new(Kind::Internal, format!("systemd-networkd: {e}")))
}

fn index(places: &Places, interface: &str) -> Result<i32> {
    let none = || Error::new(Kind::NotFound, format!("there is no interface {interface:?}"));
    if !is_word(interface, 15, "-_.") || interface.starts_with('.') || interface == "lo" {
        return Err(none());
    }
    let text =
        fs::read_to_string(places.system("/sys/class/net").join(interface).join("ifindex")).map_err(|_| none())?;
    text.trim().parse().map_err(|_| none())
}

/// What networkd shall read; `None`: what it would do anyway.
fn file(setting: &NetworkSetting) -> Result<Option<String>> {
    let bad = |what: &str| Err(Error::new(Kind::BadInput, what));
    if setting.method == Method::Dhcp {
        if setting.address.is_some() || setting.gateway.is_some() || !setting.dns.is_empty() {
            return bad("the router gives address, gateway and dns: leave them out, or choose static");
        }
        return Ok(None);
    }
    let Some((address, prefix)) = setting.address.as_deref().and_then(|text| text.split_once('/')) else {
        return bad("address: expected one with its prefix, such as 192.168.1.20/24");
    };
    let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u8>()) else {
        return bad("address: expected one with its prefix, such as 192.168.1.20/24");
    };
    let longest = if address.is_ipv4() { 31 } else { 127 };
    if !(1..=longest).contains(&prefix) || address.is_multicast() || address.is_unspecified() || address.is_loopback() {
        return bad("address: no machine can have this one");
    }
    if setting.gateway.is_some_and(|gateway| gateway.is_ipv4() != address.is_ipv4() || gateway == address) {
        return bad("gateway: expected another address of the same kind");
    }
    if setting.dns.len() > 4 {
        return bad("dns: four are enough");
    }
    let mut text = format!("[Match]\nName={}\n\n[Link]\nRequiredForOnline=no\n\n[Network]\n", setting.interface);
    text += "LinkLocalAddressing=yes\nIPv6AcceptRA=yes\nMulticastDNS=yes\n";
    text += &format!("Address={address}/{prefix}\n");
    text += &setting.gateway.map_or(String::new(), |gateway| format!("Gateway={gateway}\n"));
    text += &setting.dns.iter().map(|dns| format!("DNS={dns}\n")).collect::<String>();
    Ok(Some(text))
}

/// On the state partition: before networkd starts it is copied to where networkd reads.
const KEPT: &str = "/state/network";

const NOW: &str = "/run/systemd/network";

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> String {
        match file(&serde_json::from_str(json).unwrap()) {
            Ok(text) => text.unwrap_or_else(|| "as shipped".to_owned()),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn settings_and_what_networkd_reads() {
        let fixed = r#"{"interface":"eth0","method":"static","address":"192.168.1.20/24","gateway":"192.168.1.1","dns":["9.9.9.9"]}"#;
        let text = "[Match]\nName=eth0\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nLinkLocalAddressing=yes\nIPv6AcceptRA=yes\n\
                    MulticastDNS=yes\nAddress=192.168.1.20/24\nGateway=192.168.1.1\nDNS=9.9.9.9\n";
        assert_eq!(told(fixed), text);
        assert_eq!(told(r#"{"interface":"eth0","method":"dhcp"}"#), "as shipped");
        let table = [
            (r#""static""#, "address: expected one with its prefix"),
            (r#""static","address":"192.168.1.20""#, "address: expected one with its prefix"),
            (r#""static","address":"0.0.0.0/24""#, "address: no machine"),
            (r#""static","address":"192.168.1.20/32""#, "address: no machine"),
            (r#""static","address":"10.0.0.2/8","gateway":"fe80::1""#, "gateway: expected another"),
            (r#""static","address":"10.0.0.2/8\nDHCP=yes""#, "address: expected one"),
            (r#""dhcp","gateway":"10.0.0.1""#, "the router gives"),
        ];
        for (method, expected) in table {
            let told = told(&format!(r#"{{"interface":"eth0","method":{method}}}"#));
            assert!(told.starts_with(expected), "{method}: {told}");
        }
    }
}
