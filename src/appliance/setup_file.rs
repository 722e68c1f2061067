//! `SetupFile`: `lunette-setup.toml` of the card's first partition, written by people with an editor, anywhere. Each entry
//! is taken or refused by itself.

use super::settings::{Settings, Wifi};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a set-up file says.
#[derive(Debug, Default)]
pub struct SetupFile {
    entries: Vec<Entry>,
    /// What is wrong with it, a line each, without its secrets.
    pub complaints: Vec<String>,
    secrets: Vec<Range<usize>>,
}

#[derive(PartialEq, Eq)]
enum Entry {
    HostName(String),
    TimeZone(String),
    /// Empty: none.
    SshKey(String),
    Password(String),
    Wifi(Option<Wifi>),
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HostName(name) => write!(f, "host name {name}"),
            Self::TimeZone(zone) => write!(f, "time zone {zone}"),
            Self::SshKey(key) => write!(f, "SSH key {key}"),
            Self::Password(_) => write!(f, "password ***"),
            Self::Wifi(wifi) => write!(f, "Wi-Fi {wifi:?}"),
        }
    }
}

impl SetupFile {
    /// Reads a file; `is_zone` knows the names of time zones.
    pub fn parse(text: &str, is_zone: impl Fn(&str) -> bool) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reading = Reading { file: Self::default(), text: body, is_zone: &is_zone };
        match DeTable::parse(body) {
            Ok(table) => reading.top(table.get_ref()),
            Err(e) => {
                let at = e.span().map_or(0, |span| span.start);
                reading.complain(at, "", e.message());
            }
        }
        let mut file = reading.file;
        for secret in &mut file.secrets {
            *secret = secret.start + (text.len() - body.len())..secret.end + (text.len() - body.len());
        }
        file
    }

    /// The settings with what the file says; what it does not name stays.
    pub fn apply(&self, settings: &mut Settings) {
        for entry in &self.entries {
            match entry {
                Entry::HostName(name) => settings.host_name = Some(name.clone()),
                Entry::TimeZone(zone) => settings.time_zone = Some(zone.clone()),
                Entry::SshKey(key) => settings.ssh_key = Some(key.clone()).filter(|key| !key.is_empty()),
                Entry::Password(password) => settings.password = Some(password.clone()),
                Entry::Wifi(wifi) => settings.wifi.clone_from(wifi),
            }
        }
    }

    /// Where the secrets that were taken stand in the file's bytes, without their quotes.
    pub fn secrets(&self) -> &[Range<usize>] {
        &self.secrets
    }

    /// The file's bytes with stars for its secrets, and as long.
    pub fn masked(&self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for secret in &self.secrets {
            bytes[secret.clone()].fill(b'*');
        }
        bytes
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

struct Reading<'a> {
    file: SetupFile,
    text: &'a str,
    is_zone: &'a dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    fn top(&mut self, table: &DeTable<'_>) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let at = name.span().start;
            match name.get_ref().as_ref() {
                "host_name" => self.take(value, "host_name", host_name, Entry::HostName),
                "time_zone" => {
                    let is_zone = self.is_zone;
                    let zone = |zone: &str| known_zone(zone, is_zone);
                    self.take(value, "time_zone", zone, Entry::TimeZone);
                }
                "ssh_key" => self.take(value, "ssh_key", ssh_key, Entry::SshKey),
                "password" => {
                    self.take(value, "password", password, Entry::Password);
                }
                "wifi" => match value.get_ref().as_table() {
                    Some(table) => self.wifi(at, table),
                    None => self.complain(at, "wifi", "is a table of its own: [wifi]"),
                },
                other => self.complain(at, other, "there is no such entry"),
            }
        }
    }

    /// One entry; a secret of stars alone was taken before.
    fn take(
        &mut self,
        value: &Value<'_>,
        name: &str,
        check: impl Fn(&str) -> Result<String, String>,
        entry: impl Fn(String) -> Entry,
    ) {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            return self.complain(at, name, "is a text in quotes");
        };
        if name == "password" && is_masked(text) {
            return;
        }
        match check(text.trim()) {
            Ok(checked) => {
                let entry = entry(checked);
                if matches!(entry, Entry::Password(_)) {
                    self.secret(value);
                }
                self.file.entries.push(entry);
            }
            Err(why) => self.complain(at, name, &why),
        }
    }

    fn wifi(&mut self, at: usize, table: &DeTable<'_>) {
        for name in table.keys() {
            if !["country", "name", "password"].contains(&name.get_ref().as_ref()) {
                self.complain(name.span().start, &format!("wifi.{}", name.get_ref()), "there is no such entry");
            }
        }
        let text = |name: &str| table.get(name).and_then(|value| value.get_ref().as_str()).unwrap_or_default();
        let password = text("password");
        if is_masked(password) {
            return;
        }
        if table.contains_key("name") && text("name").is_empty() {
            return self.file.entries.push(Entry::Wifi(None));
        }
        match network(text("country"), text("name"), password) {
            Ok(wifi) => {
                self.file.entries.push(Entry::Wifi(Some(wifi)));
                if let Some(value) = table.get("password").filter(|_| !password.is_empty()) {
                    self.secret(value);
                }
            }
            Err(why) => self.complain(at, "wifi", &why),
        }
    }

    /// Between the quotes, of which there are three where lines may break.
    fn secret(&mut self, value: &Value<'_>) {
        let span = value.span();
        let written = &self.text[span.clone()];
        let quotes = if written.starts_with("\"\"\"") || written.starts_with("'''") { 3 } else { 1 };
        self.file.secrets.push(span.start + quotes..span.end - quotes);
    }

    fn complain(&mut self, at: usize, name: &str, why: &str) {
        let line = self.text[..at].matches('\n').count() + 1;
        let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
        self.file.complaints.push(format!("line {line}: {name}{why}"));
    }
}

fn is_masked(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

fn host_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix(".local").unwrap_or(text).to_ascii_lowercase();
    let is_fine = !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name != "localhost";
    is_fine.then_some(name).ok_or_else(|| "has letters, digits and inner hyphens alone, 63 at most".to_owned())
}

fn known_zone(text: &str, is_zone: impl Fn(&str) -> bool) -> Result<String, String> {
    let is_name = !text.starts_with('/') && !text.split('/').any(|part| part.is_empty() || part.starts_with('.'));
    if is_name && is_zone(text) { Ok(text.to_owned()) } else { Err(format!("there is no zone {text:?}")) }
}

fn ssh_key(text: &str) -> Result<String, String> {
    let mut words = text.split_ascii_whitespace();
    let kind = words.next().unwrap_or_default();
    let key = words.next().unwrap_or_default();
    let is_kind = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|begin| kind.starts_with(begin));
    let is_key = key.len() >= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    match text.is_empty() || (is_kind && is_key && !text.chars().any(char::is_control)) {
        true => Ok(text.to_owned()),
        false => Err("is no public key: one line that begins with ssh-ed25519 or another kind".to_owned()),
    }
}

/// The recorder itself judges hashes.
fn password(text: &str) -> Result<String, String> {
    if text.chars().count() < 8 {
        return Err("needs at least 8 characters".to_owned());
    }
    Ok(text.to_owned())
}

fn network(country: &str, name: &str, password: &str) -> Result<Wifi, String> {
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err("country has two letters, such as DE; without it the radio stays off".to_owned());
    }
    if name.is_empty() || name.len() > 32 {
        return Err("name has 1 to 32 bytes".to_owned());
    }
    let is_key = password.len() == 64 && password.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_phrase = (8..=63).contains(&password.len()) && password.bytes().all(|byte| (32..127).contains(&byte));
    if !password.is_empty() && !is_key && !is_phrase {
        return Err("password has 8 to 63 characters without accents, or 64 hexadecimal digits".to_owned());
    }
    Ok(Wifi { country: country.to_ascii_uppercase(), name: name.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
#[path = "setup_file/tests.rs"]
mod tests;
