//! Datagrams of WS-Discovery: `probe` writes the question, [`News`] is what is read.

use crate::camera::login::percent_decoded;
use crate::camera::onvif::names::{ADDRESSING, DEVICE, DISCOVERY, EVERYBODY, NETWORK, SCOPE, SOAP};
use crate::camera::onvif::xml::{Element, escaped};
use std::net::SocketAddr;

/// What a device says of itself, unasked or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It is there.
    Here(Announced),
    /// It goes; its endpoint and where it said so.
    Gone(String, SocketAddr),
}

/// A device, as it announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What it is called for good, as a rule a `urn:uuid:`. Cheap ones share theirs with their like.
    pub endpoint: String,
    /// Where the datagram came from.
    pub from: SocketAddr,
    /// The URLs of its device service, as it says.
    pub services: Vec<String>,
    /// Its name for people; may be empty, as may the others.
    pub name: String,
    /// Its model.
    pub hardware: String,
    /// Who made it.
    pub maker: String,
}

/// Of a datagram: more is not looked at.
pub const MAX_BYTES: usize = 32 << 10;
/// Devices in one answer: a proxy may tell of several.
const MAX_DEVICES: usize = 16;
/// Of an endpoint, a URL or a name.
const MAX_TEXT: usize = 256;
/// URLs of one device.
const MAX_SERVICES: usize = 8;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// What sends video, as all but a few call themselves.
    Transmitters,
    /// Any ONVIF device: newer ones need not call themselves more.
    Devices,
    /// Anything: some answer to nothing else. Printers do too.
    Anything,
}

/// The question, in version 1.0 (0) or 1.1 (1).
pub(super) fn probe(version: usize, sought: Sought, id: &str) -> String {
    let (soap, addressing, discovery) = (SOAP[0], ADDRESSING[version], DISCOVERY[version]);
    let types = match sought {
        Sought::Transmitters => format!("<d:Types xmlns:t=\"{NETWORK}\">t:NetworkVideoTransmitter</d:Types>"),
        Sought::Devices => format!("<d:Types xmlns:t=\"{DEVICE}\">t:Device</d:Types>"),
        Sought::Anything => String::new(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{soap}\" xmlns:a=\"{addressing}\" \
         xmlns:d=\"{discovery}\"><s:Header><a:MessageID>urn:uuid:{id}</a:MessageID><a:To>{}</a:To>\
         <a:Action>{discovery}/Probe</a:Action></s:Header><s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>",
        escaped(EVERYBODY[version]),
    )
}

impl News {
    /// What a datagram tells of ONVIF devices; nothing, if it is about anything else.
    pub fn read(datagram: &[u8], from: SocketAddr) -> Vec<Self> {
        let datagram = &datagram[..datagram.len().min(MAX_BYTES)];
        let Ok(envelope) = Element::parse(datagram) else { return Vec::new() };
        let Some(body) = SOAP.into_iter().find_map(|soap| envelope.child(soap, "Body")) else { return Vec::new() };
        let mut news = Vec::new();
        for (discovery, addressing) in DISCOVERY.into_iter().zip(ADDRESSING) {
            let told = |element: &Element| Announced::read(element, discovery, addressing, from);
            if let Some(matches) = body.child(discovery, "ProbeMatches") {
                news.extend(matches.all(discovery, "ProbeMatch").take(MAX_DEVICES).filter_map(told).map(News::Here));
            }
            news.extend(body.child(discovery, "Hello").and_then(told).map(News::Here));
            let bye = body.child(discovery, "Bye").and_then(|bye| endpoint(bye, addressing));
            news.extend(bye.map(|endpoint| News::Gone(endpoint, from)));
        }
        news
    }
}

impl Announced {
    fn read(told: &Element, discovery: &str, addressing: &str, from: SocketAddr) -> Option<Self> {
        let types = told.child(discovery, "Types").map_or(&[][..], Element::names);
        let is_device = types.iter().any(|name| {
            (&*name.space == NETWORK && name.local == "NetworkVideoTransmitter")
                || (&*name.space == DEVICE && name.local == "Device")
        });
        let scopes = told.child(discovery, "Scopes").map_or("", Element::text);
        let scopes: Vec<&str> =
            scopes.split_whitespace().filter_map(|scope| after_ignoring_case(scope, SCOPE)).collect();
        if !is_device && scopes.is_empty() {
            return None;
        }
        let of = |kind: &str| {
            let found = scopes.iter().find_map(|scope| after_ignoring_case(scope, kind));
            clean(&percent_decoded(found.unwrap_or_default()))
        };
        let services = told.child(discovery, "XAddrs").map_or("", Element::text).split_whitespace();
        let services = services.filter(|url| url.len() <= MAX_TEXT).take(MAX_SERVICES).map(str::to_owned).collect();
        let maker = [of("manufacturer/"), of("mfr/")].into_iter().find(|maker| !maker.is_empty());
        Some(Self {
            endpoint: endpoint(told, addressing)?,
            from,
            services,
            name: of("name/"),
            hardware: of("hardware/"),
            maker: maker.unwrap_or_default(),
        })
    }
}

/// Some write the address in the other version's namespace.
fn endpoint(told: &Element, addressing: &str) -> Option<String> {
    let spaces = [addressing].into_iter().chain(ADDRESSING);
    let found = spaces.into_iter().find_map(|space| told.text_at(space, &["EndpointReference", "Address"]))?;
    (found.len() <= MAX_TEXT).then(|| found.to_owned())
}

fn after_ignoring_case<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let head = text.get(..start.len())?;
    head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
}

/// A stranger's words in one short line.
pub(in crate::camera::onvif) fn clean(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(64).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(datagram: &str) -> String {
        let news = News::read(datagram.as_bytes(), "192.0.2.7:40000".parse().unwrap());
        let shown = news.iter().map(|news| match news {
            News::Here(a) => {
                format!("{} | {} | {} | {} | {}", a.endpoint, a.services.join(" "), a.name, a.hardware, a.maker)
            }
            News::Gone(endpoint, _) => format!("{endpoint} goes"),
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn devices_are_read_as_makers_write_them() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/onvif/discovery");
        let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let all = files.iter().map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            format!("{name}\n{}\n", read(&std::fs::read_to_string(file).unwrap()))
        });
        assert_eq!(
            all.collect::<String>(),
            "bye_default_namespace
urn:uuid:1419d68a-1dd2-11b2-a105-001122334455 goes
hello_without_addresses
urn:uuid:5f5a69c2-e0ae-504f-829b-00408c112233 |  | Side door | P3245-LV | 
match_1_1
urn:uuid:00112233-4455-6677-8899-aabbccddeeff | http://192.0.2.7/onvif/device_service | Yard | Q1 | ACME Ltd
match_default_namespace
urn:uuid:4d454930-0000-1000-8000-001122334455 | http://192.168.1.64/onvif/device_service http://[fe80::1]/onvif/device_service | HIKVISION DS-2CD2042WD-I | DS-2CD2042WD-I | 
match_odd_prefixes
uuid:3fa1fe68-b915-4053-a3e1-001122334455 | http://192.168.1.108:8899/onvif/device_service | IPC | IPC-HFW | Dahua
match_several
urn:uuid:a | http://192.0.2.8/a | A |  | 
urn:uuid:b | http://192.0.2.9/b | B |  | 
printer

"
        );
    }

    #[test]
    fn a_question_is_no_news_and_can_be_read() {
        for version in [0, 1] {
            for sought in [Sought::Transmitters, Sought::Devices, Sought::Anything] {
                let probe = probe(version, sought, "9a3c1e52-7c0f-4c4b-9d6a-0c6f5a1b2c3d");
                let envelope = Element::parse(probe.as_bytes()).unwrap();
                let types = envelope.at(SOAP[0], &["Body"]).unwrap().at(DISCOVERY[version], &["Probe", "Types"]);
                let local = types.map(|types| types.names()[0].local.clone());
                let expected = [("Transmitters", "NetworkVideoTransmitter"), ("Devices", "Device"), ("Anything", "")];
                let expected = expected.iter().find(|(name, _)| *name == format!("{sought:?}")).unwrap().1;
                assert_eq!(local.unwrap_or_default(), expected);
                assert_eq!(read(&probe), "");
            }
        }
    }
}
