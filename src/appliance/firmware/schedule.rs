//! What a machine that upgrades itself does next. Values in, a step out.

use super::Settings;
use crate::appliance::protocol::Status;
use crate::appliance::version;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A time of the day, every day, such as `03:00-04:30`. It may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    /// In minutes since midnight.
    start: u16,
    end: u16,
}

/// When it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Minutes since midnight, by the clock on the wall.
    pub minute: u16,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// Look into the channel.
    Check,
    /// What the channel has is to be installed, and the machine started anew.
    Install,
    /// What is installed is to be started.
    Reboot,
}

/// What is next, by what is known.
pub fn next(settings: &Settings, status: &Status, now: Now) -> Step {
    let is_open = settings.window.is_some_and(|window| window.holds(now.minute));
    if is_open && status.pending.is_some() {
        return Step::Reboot;
    }
    if settings.channel.is_none() {
        return Step::Rest;
    }
    // The clock may have been set back.
    let is_stale = |at: i64, after: i64| now.epoch - at >= after || at > now.epoch;
    let Some(checked) = &settings.checked else { return Step::Check };
    let available = match &checked.found {
        Err(_) if is_stale(checked.epoch, AN_HOUR) => return Step::Check,
        _ if is_stale(checked.epoch, A_DAY) => return Step::Check,
        Err(_) => return Step::Rest,
        Ok(available) => available,
    };
    let is_newer = version::compare(&available.version, &status.version) == Ordering::Greater;
    let has_failed = available.hash.as_ref().is_none_or(|hash| status.failed.contains(hash));
    let is_idle = status.operation == "idle" && status.pending.is_none();
    match is_open && is_newer && !has_failed && is_idle && available.refusal.is_none() {
        true => Step::Install,
        false => Step::Rest,
    }
}

impl Window {
    /// That time of the day is in it.
    pub fn holds(self, minute: u16) -> bool {
        match self.start < self.end {
            true => (self.start..self.end).contains(&minute),
            false => minute >= self.start || minute < self.end,
        }
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |text: &str| {
            let (hours, minutes) = text.split_once(':').filter(|(h, m)| is_two_digits(h) && is_two_digits(m))?;
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let read = text.split_once('-').and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        match read {
            Some((start, end)) if start != end => Ok(Self { start, end }),
            _ => Err(format!("window {text:?}: expected a time of the day such as 03:00-04:30")),
        }
    }
}

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

fn is_two_digits(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())
}

const AN_HOUR: i64 = 3600;
const A_DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::super::{Available, Checked};
    use super::*;
    use crate::appliance::protocol::SlotName;
    use std::collections::BTreeMap;

    const NOON: Now = Now { epoch: 1_764_000_000, minute: 12 * 60 };
    const NIGHT: Now = Now { epoch: 1_764_050_000, minute: 3 * 60 + 20 };

    fn status() -> Status {
        Status {
            compatible: "lunette-armv7".into(),
            version: "0.2.0".into(),
            booted: Some(SlotName::A),
            operation: "idle".into(),
            slots: BTreeMap::new(),
            slot_bytes: 1,
            last_upgrade: None,
            pending: None,
            failed: vec!["bad".into()],
        }
    }

    fn settings(version: &str, hash: &str) -> Settings {
        let found = Ok(Available { version: version.into(), hash: Some(hash.into()), refusal: None });
        Settings {
            channel: Some("https://a.example/l.raucb".into()),
            window: Some("03:00-04:00".parse().unwrap()),
            checked: Some(Checked { epoch: NOON.epoch, found }),
        }
    }

    #[test]
    fn a_newer_version_is_installed_in_its_window_and_one_that_failed_is_not() {
        assert_eq!(next(&settings("0.3.0", "new"), &status(), NOON), Step::Rest);
        assert_eq!(next(&settings("0.3.0", "new"), &status(), NIGHT), Step::Install);
        assert_eq!(next(&settings("0.3.0", "bad"), &status(), NIGHT), Step::Rest);
        assert_eq!(next(&settings("0.2.0", "new"), &status(), NIGHT), Step::Rest);
        assert_eq!(next(&settings("0.1.0", "new"), &status(), NIGHT), Step::Rest);
        let without_window = Settings { window: None, ..settings("0.3.0", "new") };
        assert_eq!(next(&without_window, &status(), NIGHT), Step::Rest);
        let installed = Status { pending: Some("0.3.0".into()), ..status() };
        assert_eq!(next(&settings("0.3.0", "new"), &installed, NIGHT), Step::Reboot);
        assert_eq!(next(&settings("0.3.0", "new"), &installed, NOON), Step::Rest);
        assert_eq!(next(&without_window, &installed, NIGHT), Step::Rest);
    }

    #[test]
    fn the_channel_is_looked_into_once_a_day_and_after_a_failure_in_an_hour() {
        let later = |seconds| Now { epoch: NOON.epoch + seconds, ..NOON };
        let fresh = Settings { checked: None, ..settings("0.2.0", "new") };
        assert_eq!(next(&fresh, &status(), NOON), Step::Check);
        assert_eq!(next(&settings("0.2.0", "new"), &status(), later(A_DAY - 1)), Step::Rest);
        assert_eq!(next(&settings("0.2.0", "new"), &status(), later(A_DAY)), Step::Check);
        assert_eq!(next(&settings("0.2.0", "new"), &status(), later(-5)), Step::Check);
        let failed = Checked { epoch: NOON.epoch, found: Err("no route".into()) };
        let failed = Settings { checked: Some(failed), ..settings("", "") };
        assert_eq!(next(&failed, &status(), later(AN_HOUR - 1)), Step::Rest);
        assert_eq!(next(&failed, &status(), later(AN_HOUR)), Step::Check);
        assert_eq!(next(&Settings::default(), &status(), NIGHT), Step::Rest);
    }

    #[test]
    fn windows_may_go_over_midnight() {
        let window: Window = "23:30-01:00".parse().unwrap();
        assert_eq!(window.to_string(), "23:30-01:00");
        let minutes = [23 * 60 + 29, 23 * 60 + 30, 0, 59, 60];
        assert_eq!(minutes.map(|minute| window.holds(minute)), [false, true, true, true, false]);
        for text in ["", "3:00-4:00", "03:00", "24:00-01:00", "03:00-03:00", "03:60-04:00", "+3:00-04:00"] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }
}
