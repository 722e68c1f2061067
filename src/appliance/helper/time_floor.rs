//! The time that the next start begins with at least: a Pi has no clock of its own.

use super::Places;
use super::disks::keep;
use crate::base::{Error, Kind, Result};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Remembers a time that was proven, unless a later one is known. Tells whether it is news.
pub(super) fn raise(places: &Places, epoch: i64) -> Result<bool> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let built = fs::read_to_string(places.system("/etc/lunette-build")).unwrap_or_default();
    let built = built.lines().find_map(|line| line.strip_prefix("epoch=")?.parse::<i64>().ok()).unwrap_or(0);
    // What is wrong here would be wrong for ever: no time may go back behind it.
    if epoch < built || epoch > now + A_MINUTE {
        let what = format!("{epoch}: a time between the build and now is expected");
        return Err(Error::new(Kind::BadInput, what));
    }
    let path = places.system("/state/time-floor");
    let before = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<i64>().ok());
    if before.is_some_and(|before| before >= epoch) {
        return Ok(false);
    }
    keep(&path, &format!("{epoch}\n"))?;
    Ok(true)
}

const A_MINUTE: i64 = 60;
