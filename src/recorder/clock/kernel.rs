//! What the machine says: its two clocks, and who keeps the real one.

use super::Witnesses;
use super::verdict::{Reading, Witness};
use crate::base::{MonoTime, WallDuration};
use crate::camera::clock::{monotonic_now, wall_now};
use std::io;
use std::path::Path;

/// Both clocks at one moment.
pub(super) fn reading() -> Reading {
    // Who is interrupted between the two reads again: the shortest of a few is the best.
    let read = || {
        let (before, wall, after) = (monotonic_now(), wall_now(), monotonic_now());
        let mono = MonoTime((before.0 + after.0) / 2);
        ((after - before).0, Reading { mono, clock_offset: WallDuration(wall.0 - mono.0) })
    };
    let tries = [read(), read(), read()];
    tries.into_iter().min_by_key(|(took, _)| *took).expect("three readings").1
}

/// Whether those who are to be believed say that the clock is right.
pub(super) fn ask(witnesses: &Witnesses) -> Witness {
    match witnesses {
        Witnesses::Trusted => Witness::Owner,
        Witnesses::File(path) if path.exists() => Witness::Says(format!("{} says so", path.display()), None),
        Witnesses::File(path) => Witness::Silent(format!("there is no {}", path.display())),
        Witnesses::Auto => kernel(),
    }
}

/// NTP, PTP and GPS daemons all keep the clock by adjtimex(2); a few never clear the flag, and yet keep the error that the
/// kernel lets grow while nobody does.
fn kernel() -> Witness {
    match unsynchronised() {
        Ok((unsynchronised, max_error)) if !unsynchronised || max_error < MAX_ERROR => {
            Witness::Says("the kernel's clock is synchronised".to_owned(), Some(max_error))
        }
        _ if Path::new(TIMESYNCD).exists() => Witness::Says("systemd-timesyncd has set the clock".to_owned(), None),
        Ok(_) => Witness::Silent("no time server or receiver has set the system's clock since the start".to_owned()),
        Err(e) => Witness::Silent(format!("the kernel does not tell whether its clock is synchronised: {e}")),
    }
}

/// The kernel's flag, and by how many seconds its clock may be wrong. adjtimex(2) with no mode only asks.
#[cfg(target_pointer_width = "64")]
fn unsynchronised() -> io::Result<(bool, f64)> {
    let mut timex = rtime_clock::adjtime::Timex::new();
    rtime_clock::adjtime::adjtimex(&mut timex)?;
    let max_error = f64::from(i32::try_from(timex.0.maxerror).unwrap_or(i32::MAX)) / 1e6;
    Ok((timex.0.status & STA_UNSYNC != 0, max_error))
}

/// `rtime_clock` takes a second for 64 bits, and does not build here: systemd-timesyncd alone is believed (0018).
#[cfg(not(target_pointer_width = "64"))]
fn unsynchronised() -> io::Result<(bool, f64)> {
    Ok((true, f64::MAX))
}

/// `<sys/timex.h>`: nobody keeps the clock.
#[cfg(target_pointer_width = "64")]
const STA_UNSYNC: i32 = 0x40;
/// Seconds: at this error the kernel itself calls its clock unsynchronised.
const MAX_ERROR: f64 = 16.0;
/// Made once a server was heard; gone at the next boot.
const TIMESYNCD: &str = "/run/systemd/timesync/synchronized";
