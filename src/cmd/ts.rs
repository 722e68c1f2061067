//! `lunette ts`: 90 kHz numbers ↔ text. It opens nothing.

use super::{Outcome, output};
use crate::base::{Result, WallTime};
use jiff::tz::TimeZone;

/// Converts times: a 90 kHz number to text, text to a number, in this machine's zone
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Such as 133960904641234 or 2017-03-02T12:34:56:01234+01:00
    #[arg(required = true, value_name = "VALUE", allow_hyphen_values = true)]
    values: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<Outcome> {
    let zone = TimeZone::system();
    // All are read before the first is told: a wrong one leaves nothing half said.
    let lines: Result<Vec<String>> = args.values.iter().map(|value| convert(value, &zone)).collect();
    lines?.iter().try_for_each(|line| output::say(line))?;
    Ok(Outcome::Done)
}

/// The other form of a time.
fn convert(value: &str, zone: &TimeZone) -> Result<String> {
    let time = WallTime::parse(value, zone)?;
    Ok(if value.parse::<i64>().is_ok() { time.text(zone) } else { time.0.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_becomes_the_other() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(convert("133960904641234", &zone).unwrap(), "2017-03-02T12:34:56:01234+01:00");
        assert_eq!(convert("2017-03-02T12:34:56:01234", &zone).unwrap(), "133960904641234");
        assert_eq!(convert("-90000", &TimeZone::UTC).unwrap(), "1969-12-31T23:59:59:00000+00:00");
    }
}
