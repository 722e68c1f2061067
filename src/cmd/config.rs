//! `Config`: what the TOML file says, and what holds where it says nothing. See `docs/reference/config.md`.

use super::units::{ByteSize, Interval};
use crate::appliance::proof::Patience;
use crate::base::{Error, Kind, Result, ResultExt};
use crate::camera::onvif::Interfaces;
use crate::recorder::Witnesses;
use crate::web::{Entry, Rule, TlsSource};
use log::LevelFilter;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The whole file. Every key may be left out; an unknown one is an error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    pub(super) store: Store,
    pub(super) web: Web,
    pub(super) recorder: Recorder,
    pub(super) log: Log,
    /// There on the card's image alone.
    pub(super) appliance: Option<Appliance>,
}

/// `[store]`: where the film and its rows are, and how they get there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Store {
    /// Holds the database and the socket.
    pub(super) db_dir: PathBuf,
    /// Holds the film.
    pub(super) sample_dir: PathBuf,
    /// Where who mounts the film's disk says how that goes, in a line: `mounted` once it may be opened.
    pub(super) film_state: Option<PathBuf>,
    /// A file apart from the film in which cameras and users are kept as well.
    pub(super) export: Option<PathBuf>,
    /// Bytes of the film's file system that are to stay free.
    pub(super) reserve: Option<ByteSize>,
    /// How often what was written is made to last: the most that a power cut takes.
    pub(super) sync_interval: Interval,
    /// How often closed recordings get their rows.
    pub(super) flush_interval: Interval,
    /// Within which time all film is read again.
    #[serde(deserialize_with = "verify_interval")]
    pub(super) verify_interval: Option<Interval>,
}

/// `[web]`: whom to answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Web {
    /// Addresses with ports; port 0 takes any that is free.
    pub(super) listen: Vec<SocketAddr>,
    /// Who has to log in.
    #[serde(deserialize_with = "rule")]
    pub(super) login: Rule,
    /// Without a login, other machines are served too.
    pub(super) open_to_everybody: bool,
    /// What the recorder is called on the internet or behind a proxy.
    pub(super) names: Vec<String>,
    /// HTTPS, beside or instead of HTTP.
    pub(super) tls: Option<Tls>,
}

/// `[web.tls]`: whom to answer over TLS, and with which certificate.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    /// Addresses with ports.
    pub(super) listen: Vec<SocketAddr>,
    /// Files of the owner's; without both we make one.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// `[recorder]`: how to record.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recorder {
    /// Whom to believe that the system's clock is right.
    #[serde(deserialize_with = "witnesses")]
    pub(super) clock: Witnesses,
    /// On which networks to look for cameras; `None`: on none.
    #[serde(deserialize_with = "networks")]
    pub(super) discovery: Option<Interfaces>,
    /// Cameras that show their pictures to anybody are recorded unasked.
    pub(super) adopt_open_cameras: bool,
}

/// `[log]`: what to tell.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    /// `RUST_LOG` wins over it, and can tell more.
    #[serde(deserialize_with = "level")]
    pub(super) level: LevelFilter,
}

/// `[appliance]`: the card's image. Without it the machine is some other one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Appliance {
    /// Where the helper listens.
    pub(super) helper: PathBuf,
    /// Where the daemon keeps what is not film.
    pub(super) state: PathBuf,
    /// How a new system shows that it works.
    pub(super) proof: Proof,
}

/// `[appliance.proof]`: what a new system is measured by.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Proof {
    /// From the daemon's start to the verdict at the latest.
    pub(super) window: Interval,
    /// So long all must record without a break.
    pub(super) steady: Interval,
    /// What worked is remembered here, by root.
    pub(super) dir: PathBuf,
}

impl Default for Appliance {
    fn default() -> Self {
        let (helper, state) = ("/run/lunette/helper.sock".into(), "/state/lunette".into());
        Self { helper, state, proof: Proof::default() }
    }
}

impl Default for Proof {
    fn default() -> Self {
        let minutes = |minutes: u64| Interval(Duration::from_secs(60 * minutes));
        Self { window: minutes(15), steady: minutes(2), dir: "/state/proof".into() }
    }
}

impl Proof {
    pub(super) fn patience(&self) -> Patience {
        Patience { window: self.window.0, steady: self.steady.0 }
    }
}

impl Default for Store {
    fn default() -> Self {
        let state = state_dir();
        Self {
            db_dir: state.join("db"),
            sample_dir: state.join("sample"),
            film_state: None,
            export: None,
            reserve: None,
            sync_interval: Interval(Duration::from_secs(10)),
            flush_interval: Interval(Duration::from_secs(60)),
            verify_interval: Some(Interval(Duration::from_secs(60 * 86_400))),
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        let listen = vec![SocketAddr::from(([127, 0, 0, 1], 8080))];
        Self { listen, login: Rule::Required, open_to_everybody: false, names: Vec::new(), tls: None }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self { clock: Witnesses::default(), discovery: Some(Interfaces::All), adopt_open_cameras: false }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LevelFilter::Info }
    }
}

/// `off`, `error`, `warn`, `info`, `debug` or `trace`.
fn level<'de, D: Deserializer<'de>>(from: D) -> Result<LevelFilter, D::Error> {
    let word = String::deserialize(from)?;
    word.parse().map_err(|_| D::Error::custom("a level is one of off, error, warn, info, debug, trace"))
}

/// A time, or `never`.
fn verify_interval<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Interval>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "never" => Ok(None),
        text => text.parse().map(Some).map_err(|e| D::Error::custom(format!("{e}; or never"))),
    }
}

/// `required` or `none`.
fn rule<'de, D: Deserializer<'de>>(from: D) -> Result<Rule, D::Error> {
    match String::deserialize(from)?.as_str() {
        "required" => Ok(Rule::Required),
        "none" => Ok(Rule::None),
        _ => Err(D::Error::custom("a login is required or none")),
    }
}

impl Web {
    /// How people enter.
    pub(super) fn entry(&self) -> Entry {
        let only_here = self.login == Rule::None && !self.open_to_everybody;
        Entry { rule: self.login, only_here, names: self.names.clone() }
    }
}

/// `auto`, `trusted`, or the path of a file.
fn witnesses<'de, D: Deserializer<'de>>(from: D) -> Result<Witnesses, D::Error> {
    match String::deserialize(from)?.as_str() {
        "auto" => Ok(Witnesses::Auto),
        "trusted" => Ok(Witnesses::Trusted),
        path if path.starts_with('/') => Ok(Witnesses::File(path.into())),
        _ => Err(D::Error::custom("a clock is auto, trusted, or the path of a file, from the root, that proves it")),
    }
}

/// `on`, `off`, or the names of network interfaces.
fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Interfaces>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "discovery is \"on\", \"off\", or a list of network interfaces")]
    enum Networks {
        Word(String),
        Names(Vec<String>),
    }
    match Networks::deserialize(from)? {
        Networks::Word(word) if word == "on" => Ok(Some(Interfaces::All)),
        Networks::Word(word) if word == "off" => Ok(None),
        Networks::Names(names) if !names.is_empty() => Ok(Some(Interfaces::Named(names))),
        _ => Err(D::Error::custom("discovery is \"on\", \"off\", or a list of network interfaces")),
    }
}

impl Config {
    /// The named file, else the first of the usual places that exists, else what is built in.
    pub(super) fn load(named: Option<&Path>) -> Result<Self> {
        if let Some(path) = named {
            return Self::read(path)?.ok_or_else(|| {
                Error::new(Kind::BadInput, format!("config {}: no such file; check --config", path.display()))
            });
        }
        for path in USUAL_PLACES {
            if let Some(config) = Self::read(Path::new(path))? {
                return Ok(config);
            }
        }
        Self::parse("")
    }

    /// Where the certificate for HTTPS comes from, if there is to be HTTPS.
    pub(super) fn certificate(&self) -> Option<TlsSource> {
        let tls = self.web.tls.as_ref()?;
        Some(match (&tls.certificate, &tls.key) {
            (Some(certificate), Some(key)) => TlsSource::Own { certificate: certificate.clone(), key: key.clone() },
            _ => TlsSource::Made { file: self.store.db_dir.join("tls.pem"), names: self.names() },
        })
    }

    /// What this machine is called, as far as we know.
    fn names(&self) -> Vec<String> {
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let mut names = self.web.names.clone();
        let is_plain = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_plain(&host) {
            names.extend([format!("{host}.local"), host]);
        }
        names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        names
    }

    /// Where the daemon listens for verbs.
    pub(super) fn socket(&self) -> PathBuf {
        self.store.db_dir.join("lunette.sock")
    }

    /// `None` if there is no such file.
    fn read(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.or_fail(Kind::BadInput, || format!("config {}", path.display()))?,
        };
        Self::parse(&text).map(Some).map_err(|e| e.on(format!("config {}", path.display())))
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|e| Error::new(Kind::BadInput, placed(text, &e)))?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        let only_here = self.web.entry().only_here;
        let over_tls = self.web.tls.iter().flat_map(|tls| &tls.listen);
        if let Some(address) = self.web.listen.iter().chain(over_tls).find(|a| only_here && !a.ip().is_loopback()) {
            let why = "without a login whoever reaches it sees everything; put 127.0.0.1 or [::1] there, \
                       or say open_to_everybody = true as well";
            return Err(Error::new(Kind::BadInput, format!("[web] listen {address}: {why}")));
        }
        if let Some(tls) = &self.web.tls {
            if tls.listen.is_empty() {
                return Err(Error::new(
                    Kind::BadInput,
                    "[web.tls] listen: say on which addresses, such as \"0.0.0.0:443\"",
                ));
            }
            if tls.certificate.is_some() != tls.key.is_some() {
                let why = "[web.tls] certificate and key: one without the other is nothing; without both one is made";
                return Err(Error::new(Kind::BadInput, why));
            }
        }
        if self.store.sync_interval.0.is_zero() || self.store.flush_interval.0.is_zero() {
            return Err(Error::new(Kind::BadInput, "[store] sync_interval and flush_interval: must be above zero"));
        }
        if let Some(appliance) = self.appliance.as_ref().filter(|a| a.proof.window.0 <= a.proof.steady.0) {
            let (window, steady) = (appliance.proof.window.0, appliance.proof.steady.0);
            let why = format!("[appliance.proof] window: {window:?} must be above steady, {steady:?}");
            return Err(Error::new(Kind::BadInput, why));
        }
        if self.store.verify_interval.is_some_and(|interval| interval.0 < SHORTEST_VERIFICATION) {
            return Err(Error::new(Kind::BadInput, "[store] verify_interval: must be a second or more, or never"));
        }
        Ok(())
    }
}

/// It is only a plan, but a shorter one makes no sense.
const SHORTEST_VERIFICATION: Duration = Duration::from_secs(1);

const USUAL_PLACES: [&str; 2] = ["/etc/lunette.toml", "lunette.toml"];

/// What toml found wrong, with its line and column, in one line.
fn placed(text: &str, e: &toml::de::Error) -> String {
    let Some(before) = e.span().and_then(|span| text.get(..span.start)) else {
        return e.message().to_owned();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    format!("line {line}, column {column}: {}", e.message())
}

/// Where a daemon of this user keeps what it must not lose: `/var/lib/lunette` for root, else `lunette` in
/// `$XDG_STATE_HOME`, by default `~/.local/state`.
fn state_dir() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/lunette");
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.unwrap_or_else(|| PathBuf::from("/var/lib")).join("lunette")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_the_built_in_configuration() {
        let config = Config::parse("").unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.web.listen, ["127.0.0.1:8080".parse().unwrap()]);
        assert_eq!(config.store.sync_interval, Interval(Duration::from_secs(10)));
    }

    #[test]
    fn every_key_is_read() {
        let text = "[store]\ndb_dir = '/a'\nsample_dir = '/b'\nfilm_state = '/run/film'\nexport = '/e'\nreserve = '1GiB'\nsync_interval = '2s'\n\
                    flush_interval = '5s'\nverify_interval = '30d'\n[web]\nlisten = ['[::1]:0']\nlogin = 'none'\nnames = ['a.b']\n\
                    [recorder]\nclock = '/run/sure'\ndiscovery = ['eth0']\n\
                    adopt_open_cameras = true\n[log]\nlevel = 'debug'\n[appliance]\nstate = '/s'\n\
                    [appliance.proof]\nwindow = '3min'";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.store.db_dir, Path::new("/a"));
        assert_eq!(config.store.sample_dir, Path::new("/b"));
        assert_eq!(config.store.film_state, Some("/run/film".into()));
        assert_eq!(config.store.export, Some("/e".into()));
        assert_eq!(config.store.reserve, Some(ByteSize(1 << 30)));
        assert_eq!(config.store.flush_interval, Interval(Duration::from_secs(5)));
        assert_eq!(config.store.verify_interval, Some(Interval(Duration::from_secs(30 * 86_400))));
        assert_eq!(Config::parse("[store]\nverify_interval = 'never'").unwrap().store.verify_interval, None);
        assert_eq!(config.web.listen, ["[::1]:0".parse().unwrap()]);
        assert_eq!((config.web.login, &config.web.names[..]), (Rule::None, &["a.b".to_owned()][..]));
        assert_eq!(config.recorder.clock, Witnesses::File("/run/sure".into()));
        assert_eq!(config.recorder.discovery, Some(Interfaces::Named(vec!["eth0".into()])));
        assert!(config.recorder.adopt_open_cameras);
        assert_eq!(Config::parse("[recorder]\ndiscovery = 'off'").unwrap().recorder.discovery, None);
        assert_eq!(config.log.level, LevelFilter::Debug);
        let appliance = config.appliance.unwrap();
        assert_eq!((&*appliance.state, &*appliance.helper), (Path::new("/s"), Path::new("/run/lunette/helper.sock")));
        assert_eq!(
            (appliance.proof.window, appliance.proof.steady.0.as_secs()),
            (Interval(Duration::from_secs(180)), 120)
        );
        assert_eq!(Config::parse("[appliance]").unwrap().appliance.unwrap().proof.window.0.as_secs(), 900);
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        assert_eq!(
            refusal("[web]\n  listne = []"),
            "line 2, column 3: unknown field `listne`, expected one of `listen`, `login`, `open_to_everybody`, `names`, `tls`"
        );
        assert_eq!(
            refusal("[store]\nreserve = '1 elephant'"),
            "line 2, column 11: size \"1 elephant\": expected a whole number with a unit, such as 20GiB"
        );
        assert!(refusal("[store]\nsync_interval = 10").starts_with("line 2, column 17: time 10: say the unit"));
        assert!(
            refusal("[store]\nverify_interval = 'often'").starts_with("line 2, column 19: time \"often\": expected")
        );
        assert!(refusal("[store]\nverify_interval = '10ms'").starts_with("[store] verify_interval: must be"));
        assert!(refusal("[web]\nlisten = ['localhost']").starts_with("line 2, column 11: "));
        assert!(refusal("[recorder]\nclock = 'right'").starts_with("line 2, column 9: a clock is auto, trusted, or"));
        for discovery in ["'maybe'", "[]", "true", "[1]"] {
            let refusal = refusal(&format!("[recorder]\ndiscovery = {discovery}"));
            assert!(refusal.ends_with("discovery is \"on\", \"off\", or a list of network interfaces"), "{refusal}");
        }
        assert!(refusal("[cameras]").starts_with("line 1, column 2: unknown field `cameras`"));
    }

    #[test]
    fn a_certificate_is_the_owners_or_made() {
        let tls = |more: &str| Config::parse(&format!("[web.tls]\nlisten = ['0.0.0.0:443']\n{more}"));
        let made = tls("").unwrap().certificate().unwrap();
        let TlsSource::Made { file, names } = made else { panic!("{made:?}") };
        assert!(file.ends_with("db/tls.pem") && names.contains(&"localhost".to_owned()), "{file:?} {names:?}");
        let own = TlsSource::Own { certificate: "/c".into(), key: "/k".into() };
        assert_eq!(tls("certificate = '/c'\nkey = '/k'").unwrap().certificate(), Some(own));
        assert!(tls("key = '/k'").unwrap_err().to_string().starts_with("[web.tls] certificate and key: one without"));
        assert!(refusal("[web.tls]").starts_with("[web.tls] listen: say on which addresses"));
        assert_eq!(Config::default().certificate(), None);
    }

    #[test]
    fn other_machines_are_not_served_without_a_login() {
        let open = "[web]\nlisten = ['127.0.0.1:80', '0.0.0.0:80']\n";
        assert!(refusal(&format!("{open}login = 'none'")).starts_with("[web] listen 0.0.0.0:80: without a login"));
        assert!(Config::parse(open).is_ok(), "there is a login");
        let said_twice = Config::parse(&format!("{open}login = 'none'\nopen_to_everybody = true")).unwrap();
        assert!(!said_twice.web.entry().only_here);
        assert!(Config::parse("[web]\nlogin = 'none'").unwrap().web.entry().only_here);
        assert!(refusal("[web.tls]\nlisten = ['0.0.0.0:443']\n[web]\nlogin = 'none'").contains("0.0.0.0:443: without"));
        assert!(refusal("[web]\nlogin = 'maybe'").starts_with("line 2, column 9: a login is required or none"));
    }
}
