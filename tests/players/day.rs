//! A day in one film: ten hours, one without film, thirteen hours.

use crate::cinema::{Cinema, SECOND};
use crate::judge::Expected;
use crate::support::numbers::{EVENING, MORNING};

const HOUR: i64 = 3600 * SECOND;
/// How long a picture is shown.
const FRAME: i64 = 2 * SECOND;

#[test]
fn a_day() {
    let cinema = Cinema::with(&[(MORNING, 0), (EVENING, 11 * HOUR)]);
    assert!(cinema.recordings().len() > 1300);
    // From and to amid a group of pictures.
    let day = 7 * FRAME..24 * HOUR - 8 * FRAME;
    let pictures = MORNING.numbers(7..18_000).chain(EVENING.numbers(0..23_392));
    let shown_90k = (18_000 - 7 + 23_392) * FRAME;
    let skipped = Expected { numbers: pictures.collect(), hidden: 7, shown_90k, entries: 1 };
    skipped.of(&cinema.span(day.clone(), ""));
    let held = Expected { shown_90k: day.end - day.start, ..skipped };
    held.of(&cinema.span(day, "&gaps=hold&ts=true"));
}
