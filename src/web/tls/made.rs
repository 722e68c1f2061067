//! `Made`: a certificate of our making, in a file together with its key.

use crate::base::time::UNITS_PER_SEC;
use crate::base::{Error, Kind, Result, ResultExt, WallTime};
use log::info;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// For whom it is, and how long; the first line of its file says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    /// In seconds since 1970.
    from: i64,
    until: i64,
    names: Vec<String>,
}

/// Less than the 398 days and the 825 days that browsers and systems put up with.
const LIFE_SECS: i64 = 390 * DAY_SECS;

/// It is made anew so long before it ends.
const RENEWED_BEFORE_SECS: i64 = 30 * DAY_SECS;

const DAY_SECS: i64 = 86_400;

impl Made {
    /// The one in the file as long as it is good, else a new one; and the text of both parts.
    pub(super) fn open(file: &Path, names: &[String], now: WallTime) -> Result<(Self, String)> {
        let what = || format!("certificate {}", file.display());
        match std::fs::read_to_string(file) {
            Ok(text) => match Self::told_by(&text) {
                Some(made) if made.is_good(names, now) => return Ok((made, text)),
                _ => {}
            },
            Err(e) if e.kind() == ErrorKind::NotFound || e.kind() == ErrorKind::InvalidData => {}
            Err(e) => return Err(Error::caused(Kind::Disk, what(), e)),
        }
        let (made, text) = Self::make(names, now)?;
        replace(file, &text).or_fail(Kind::Disk, what)?;
        info!("web: made a certificate for {}, in {}", names.join(", "), file.display());
        Ok((made, text))
    }

    /// It is for these names, and neither too new nor too old: the clock may have been wrong when it was made.
    pub(super) fn is_good(&self, names: &[String], now: WallTime) -> bool {
        let now = now.0.div_euclid(UNITS_PER_SEC);
        self.names == names && self.from <= now && now < self.until - RENEWED_BEFORE_SECS
    }

    fn make(names: &[String], now: WallTime) -> Result<(Self, String)> {
        let failed = |e: rcgen::Error| Error::new(Kind::Internal, format!("make a certificate: {e}"));
        // Other clocks may be behind ours.
        let from = (now.0.div_euclid(UNITS_PER_SEC) - DAY_SECS).max(0);
        let until = from + LIFE_SECS;
        let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "Lunette");
        let at = |secs: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(secs as u64);
        (params.not_before, params.not_after) = (at(from), at(until));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        let made = Self { from, until, names: names.to_vec() };
        let text = format!("{}\n{}{}", made.first_line(), certificate.pem(), key.serialize_pem());
        Ok((made, text))
    }

    fn first_line(&self) -> String {
        format!("{FIRST_WORDS}{} {} {}", self.from, self.until, self.names.join(" "))
    }

    fn told_by(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.strip_prefix(FIRST_WORDS)?.split(' ');
        let mut number = || words.next()?.parse().ok();
        let (from, until) = (number()?, number()?);
        Some(Self { from, until, names: words.map(str::to_owned).collect() })
    }
}

const FIRST_WORDS: &str = "made by lunette: ";

/// All of it or nothing, for the owner's eyes alone.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let new = file.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    std::fs::rename(&new, file)?;
    File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn at(days: i64) -> WallTime {
        WallTime(days * DAY_SECS * UNITS_PER_SEC)
    }

    #[test]
    fn it_is_kept_while_it_is_good_and_made_anew_before_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tls.pem");
        let names = ["lunette.local".to_owned(), "localhost".to_owned()];
        let open = |names: &[String], day| Made::open(&file, names, at(day)).unwrap();
        let first = open(&names, 20_000);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(&names, 20_000), first);
        assert_eq!(open(&names, 20_358), first);
        let second = open(&names, 20_359);
        assert_ne!(second.1, first.1, "a month before it ends");
        assert_ne!(open(&names[..1], 20_359), second, "it is called otherwise");
        let before_the_time_was_known = open(&names, 0);
        assert_ne!(open(&names, 20_400), before_the_time_was_known);
        std::fs::write(&file, "torn").unwrap();
        open(&names, 20_400);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
