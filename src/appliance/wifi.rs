//! `Radio`: what the one radio does: joins the owner's network, or is a network itself where there is no other way in.

use super::settings::Wifi;
use std::fmt::Write;
use std::time::Duration;

/// What the radio does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Off,
    /// Joins the network that the owner has named, or looks for it.
    Station,
    /// A network that everybody may join: nobody has set the machine up yet.
    OpenPoint,
    /// A network whose key stands on the screen.
    ClosedPoint,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// A cable leads to a network.
    pub cable: bool,
    /// Somebody has set the machine up.
    pub owned: bool,
    /// The owner has named a network.
    pub named: bool,
    /// And the radio is in it.
    pub joined: bool,
}

/// Decides what the radio does. It is never a station and an access point at once: the channel would be the station's, and
/// many chips cannot.
#[derive(Debug)]
pub struct Radio {
    mode: Mode,
    /// Since when there is no way in, or since when the mode is this one: what its turn is counted from.
    since: Duration,
}

impl Radio {
    /// At the start.
    pub fn new(now: Duration) -> Self {
        Self { mode: Mode::Off, since: now }
    }

    /// What it is to do from now on.
    pub fn step(&mut self, now: Duration, seen: Seen) -> Mode {
        let waited = now.saturating_sub(self.since) >= TURN;
        let next = match self.mode {
            _ if seen.cable || seen.joined => {
                self.since = now;
                if seen.named { Mode::Station } else { Mode::Off }
            }
            // Nobody can have named a network but by a file: there is nothing to wait for.
            _ if !seen.owned && !seen.named => Mode::OpenPoint,
            Mode::Off | Mode::Station if waited => point(seen),
            Mode::Off | Mode::Station => station(seen),
            Mode::OpenPoint | Mode::ClosedPoint if waited && seen.named => Mode::Station,
            Mode::OpenPoint | Mode::ClosedPoint => point(seen),
        };
        let turns = |mode| matches!(mode, Mode::OpenPoint | Mode::ClosedPoint);
        if turns(next) != turns(self.mode) {
            self.since = now;
        }
        self.mode = next;
        next
    }
}

fn station(seen: Seen) -> Mode {
    if seen.named { Mode::Station } else { Mode::Off }
}

fn point(seen: Seen) -> Mode {
    if seen.owned { Mode::ClosedPoint } else { Mode::OpenPoint }
}

/// wpa_supplicant's configuration as a station.
pub fn station_config(wifi: &Wifi) -> String {
    let mut text = format!("country={}\nnetwork={{\n\tssid={}\n\tscan_ssid=1\n", wifi.country, hex(&wifi.name));
    text += &match wifi.password.len() {
        0 => "\tkey_mgmt=NONE\n".to_owned(),
        64 => format!("\tkey_mgmt=WPA-PSK WPA-PSK-SHA256\n\tpsk={}\n", wifi.password),
        _ => format!("\tkey_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n\tieee80211w=1\n\tpsk=\"{}\"\n", wifi.password),
    };
    text + "}\n"
}

/// wpa_supplicant's configuration as an access point, open without a key. Channel 6 is allowed everywhere.
pub fn point_config(country: Option<&str>, name: &str, key: Option<&str>) -> String {
    let mut text = country.map(|country| format!("country={country}\n")).unwrap_or_default();
    text += &format!("network={{\n\tssid={}\n\tmode=2\n\tfrequency=2437\n", hex(name));
    text += &match key {
        None => "\tkey_mgmt=NONE\n".to_owned(),
        Some(key) => format!("\tkey_mgmt=WPA-PSK\n\tproto=RSN\n\tpairwise=CCMP\n\tpsk=\"{key}\"\n"),
    };
    text + "}\n"
}

/// Names of networks are bytes; so written they need no quotes.
fn hex(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How long it looks for its network before it is one itself, and how long it is.
const TURN: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Seen = Seen { cable: false, owned: false, named: false, joined: false };
    const CABLE: Seen = Seen { cable: true, ..NOTHING };
    const OWNED: Seen = Seen { owned: true, ..NOTHING };
    const NAMED: Seen = Seen { named: true, ..OWNED };
    const JOINED: Seen = Seen { joined: true, ..NAMED };

    /// What it does in each of the minutes, as `minutes×mode`.
    fn lived(spans: &[(u64, Seen)]) -> String {
        let mut radio = Radio::new(Duration::ZERO);
        let mut modes: Vec<(u64, Mode)> = Vec::new();
        let mut now = 0;
        for (minutes, seen) in spans {
            for _ in 0..*minutes {
                let mode = radio.step(Duration::from_secs(60 * now), *seen);
                now += 1;
                match modes.last_mut() {
                    Some((count, last)) if *last == mode => *count += 1,
                    _ => modes.push((1, mode)),
                }
            }
        }
        modes.iter().map(|(count, mode)| format!("{count}×{mode:?}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn without_cable_and_owner_it_is_open_at_once() {
        assert_eq!(lived(&[(30, NOTHING)]), "30×OpenPoint");
    }

    #[test]
    fn beside_a_cable_it_is_never_a_network() {
        assert_eq!(lived(&[(5, NOTHING), (30, CABLE)]), "5×OpenPoint 30×Off");
        assert_eq!(lived(&[(30, Seen { cable: true, ..NAMED })]), "30×Station");
    }

    #[test]
    fn it_looks_for_its_network_in_turns_of_ten_minutes() {
        assert_eq!(lived(&[(35, NAMED)]), "10×Station 10×ClosedPoint 10×Station 5×ClosedPoint");
    }

    #[test]
    fn a_joined_network_that_goes_is_waited_for() {
        assert_eq!(lived(&[(60, JOINED), (12, NAMED)]), "69×Station 3×ClosedPoint");
    }

    #[test]
    fn an_owner_without_network_gets_in_by_the_key_on_the_screen() {
        assert_eq!(lived(&[(60, Seen { cable: true, ..OWNED }), (40, OWNED)]), "69×Off 31×ClosedPoint");
    }

    #[test]
    fn once_somebody_owns_it_it_is_open_no_more() {
        assert_eq!(lived(&[(5, NOTHING), (5, OWNED)]), "5×OpenPoint 5×ClosedPoint");
        assert_eq!(lived(&[(5, NOTHING), (5, NAMED)]), "5×OpenPoint 5×ClosedPoint");
    }

    #[test]
    fn a_network_named_by_file_is_tried_before_anything_is_open() {
        let named = Seen { owned: false, ..NAMED };
        assert_eq!(lived(&[(25, named)]), "10×Station 10×OpenPoint 5×Station");
    }

    #[test]
    fn configurations() {
        let wifi = Wifi { country: "DE".into(), name: "a \"b\"".into(), password: "correct \"horse\"".into() };
        assert_eq!(
            station_config(&wifi),
            "country=DE\nnetwork={\n\tssid=6120226222\n\tscan_ssid=1\n\tkey_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n\
             \tieee80211w=1\n\tpsk=\"correct \"horse\"\"\n}\n"
        );
        assert!(station_config(&Wifi { password: String::new(), ..wifi }).contains("key_mgmt=NONE"));
        assert_eq!(
            point_config(None, "lunette", None),
            "network={\n\tssid=6c756e65747465\n\tmode=2\n\tfrequency=2437\n\tkey_mgmt=NONE\n}\n"
        );
        assert!(point_config(Some("DE"), "lunette", Some("abcdefgh")).contains("psk=\"abcdefgh\""));
    }
}
