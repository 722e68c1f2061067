//! Whether the gaps of a stream are those that its film leaves.

use crate::base::{Result, StreamId, WallDuration, WallTime};
use crate::media::Recording;
use crate::media::recording::{Cause, EndReason};
use crate::store::closed::ClosedRecording;
use crate::store::db::Database;
use crate::store::gap::Gap;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that is wrong with a stream's gaps, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where, and what is wrong.
    pub(crate) what: String,
    /// The gap that should not be there, by its start.
    pub(crate) remove: Option<WallTime>,
    /// The gap that should be there.
    pub(crate) put: Option<Gap>,
}

/// Compares the gaps of a stream with all its film, ascending by number. Film that was deleted left no gap: of two
/// recordings whose numbers do not follow each other nothing is said. Imported film lies anywhere in time, so its numbers say
/// nothing: it ends the holes that it is in, and of those beside it something is said only as long as nothing was deleted.
pub(crate) fn examine(film: &[Recording], gaps: &[Gap]) -> Vec<Finding> {
    let (imported, recorded): (Vec<_>, Vec<_>) = film.iter().partition(|r| r.is_imported());
    let mut findings = Vec::new();
    let mut sound: Vec<Gap> = Vec::new();
    for gap in gaps {
        match judge(&recorded, &imported, gap) {
            Ok(()) => sound.push(gap.clone()),
            Err(finding) => {
                sound.extend(finding.put.clone());
                findings.push(finding);
            }
        }
    }
    let seams = holes(film);
    let beside = beside(film).filter(|hole| !seams.iter().any(|seam| contains(seam, hole))).collect::<Vec<_>>();
    // Film that was imported into a hole is no hole.
    sound.extend(imported.iter().map(|r| Gap { end: Some(r.end()), ..behind_at(r, r.start) }));
    sound.sort_by_key(|gap| gap.start);
    findings.extend(seams.into_iter().chain(beside).flat_map(|hole| uncaused(&sound, hole)).map(|hole| Finding {
        what: format!("a hole from {} to {} has no cause", text(hole.start), text(hole.end.unwrap_or(hole.start))),
        remove: None,
        put: Some(hole),
    }));
    findings
}

/// The gaps that a daemon did not come to write before it was killed: around recordings whose rows it did not write
/// either. Blocks on the disk.
pub(crate) fn unwritten(db: &Database, found: &[Arc<ClosedRecording>]) -> Result<Vec<(StreamId, Gap)>> {
    let mut first: BTreeMap<StreamId, u32> = BTreeMap::new();
    for id in found.iter().map(|closed| closed.recording.id) {
        let number = first.entry(id.stream()).or_insert(id.number());
        *number = id.number().min(*number);
    }
    let mut unwritten = Vec::new();
    for (stream, number) in first {
        let film = db.recordings_by_number(stream, number.saturating_sub(1)..=u32::MAX)?;
        let Some(start) = film.iter().map(|r| r.start).min() else { continue };
        // One that lasts begins where the film before them ends, or earlier where that was deleted or never was.
        let mut gaps = db.all_gaps(stream)?;
        gaps.retain(|gap| gap.start >= start || gap.end.is_none());
        let findings = examine(&film, &gaps).into_iter();
        unwritten.extend(findings.filter_map(|finding| finding.put).map(|gap| (stream, gap)));
    }
    Ok(unwritten)
}

/// Whether a gap can be.
fn judge(film: &[&Recording], imported: &[&Recording], gap: &Gap) -> std::result::Result<(), Finding> {
    let wrong = |what: &str, put: Option<Gap>| Finding {
        what: format!("the gap from {} {what}", text(gap.start)),
        remove: Some(gap.start),
        put,
    };
    if gap.end.is_some_and(|end| end < gap.start) {
        return Err(wrong("ends before it begins", None));
    }
    let before = film.iter().rposition(|r| (r.end() - gap.start).0.abs() <= SLACK.0);
    let next = match before {
        Some(at) => film.get(at + 1),
        // The film before it is deleted or was imported, or there never was any.
        None => film.iter().filter(|r| r.start >= gap.start).min_by_key(|r| r.start),
    };
    let also = imported.iter().filter(|r| r.start + SLACK >= gap.start && r.end() > gap.start + SLACK);
    let next = next.into_iter().chain(also).min_by_key(|r| r.start);
    let limit = next.map(|next| Gap { end: Some(next.start.max(gap.start)), ..gap.clone() });
    match (gap.end, &limit) {
        (None, Some(limit)) => return Err(wrong("has no end, and film goes on", Some(limit.clone()))),
        (Some(end), Some(limit)) if limit.end.is_some_and(|limit| end > limit + SLACK) => {
            return Err(wrong("reaches into film", Some(limit.clone())));
        }
        _ => {}
    }
    // One without a length is the seam of two runs that overlap, also when the film before it was deleted.
    let end = gap.end.unwrap_or(WallTime(i64::MAX));
    let within = |r: &&&Recording| end > gap.start && r.start + SLACK < end && r.end() > gap.start + SLACK;
    if before.is_none() && film.iter().find(within).is_some() || imported.iter().find(within).is_some() {
        return Err(wrong("lies within film", None));
    }
    Ok(())
}

/// The holes between recordings that were made one after the other, be it that film was imported meanwhile.
fn holes(film: &[Recording]) -> Vec<Gap> {
    let mut holes = Vec::new();
    let mut newest: Option<(&Recording, i64)> = None;
    for r in film {
        let number = r.id.composite();
        let follows = newest.filter(|(_, last)| last + 1 == number);
        if r.is_imported() {
            newest = follows.map(|(before, _)| (before, number));
            continue;
        }
        if let Some((before, _)) = follows
            && r.start > before.end() + SLACK
        {
            holes.push(Gap { end: Some(r.start), ..behind(before) });
        }
        newest = Some((r, number));
    }
    holes
}

/// The holes between imported film and its neighbours in time, if nothing was ever deleted.
fn beside(film: &[Recording]) -> impl Iterator<Item = Gap> {
    let all_is_there = film.iter().zip(1..).all(|(r, number)| r.id.number() == number);
    let mut by_time: Vec<&Recording> = if all_is_there { film.iter().collect() } else { Vec::new() };
    by_time.sort_by_key(|r| r.start);
    let mut newest: Option<&Recording> = None;
    let mut holes = Vec::new();
    for r in by_time {
        if let Some(before) = newest.filter(|before| r.start > before.end() + SLACK)
            && (before.is_imported() || r.is_imported())
        {
            let cause = Cause::Untold.words().to_owned();
            holes.push(Gap { start: before.end(), end: Some(r.start), cause, detail: String::new() });
        }
        newest = Some(newest.filter(|before| before.end() > r.end()).unwrap_or(r));
    }
    holes.into_iter()
}

fn contains(outer: &Gap, inner: &Gap) -> bool {
    outer.start <= inner.start && inner.end.is_some_and(|end| outer.end.is_none_or(|outer| end <= outer))
}

/// The gap that begins where a recording ends.
pub(crate) fn behind(recording: &Recording) -> Gap {
    behind_at(recording, recording.end())
}

fn behind_at(recording: &Recording, start: WallTime) -> Gap {
    let lost = EndReason::new(Cause::FilmLost, "").to_string();
    let words = recording.end_reason.clone().unwrap_or(lost);
    let (cause, detail) = words.split_once(": ").unwrap_or((&words, ""));
    Gap { start, end: None, cause: cause.to_owned(), detail: detail.to_owned() }
}

/// The parts of a hole that no gap tells of. Gaps are ascending by start; several may follow each other in a hole.
fn uncaused(gaps: &[Gap], hole: Gap) -> Vec<Gap> {
    let (mut at, end) = (hole.start, hole.end.unwrap_or(WallTime(i64::MAX)));
    let mut parts = Vec::new();
    for gap in gaps.iter().filter(|gap| gap.start + SLACK < end) {
        if at + SLACK < gap.start {
            parts.push(Gap { start: at, end: Some(gap.start), ..hole.clone() });
        }
        at = at.max(gap.end.unwrap_or(end).min(end));
    }
    if at + SLACK < end {
        parts.push(Gap { start: at, ..hole });
    }
    parts
}

fn text(at: WallTime) -> String {
    at.text(&TimeZone::UTC)
}

/// The start of a run is settled only after the gap before it was told.
const SLACK: WallDuration = WallDuration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::recording::Flags;
    use crate::store::db::testing::recording;

    fn film(spans: &[(u32, i64, i64)]) -> Vec<Recording> {
        let stream = StreamId::new(1).unwrap();
        spans.iter().map(|&(number, start, secs)| recording(stream, number, number, start, secs)).collect()
    }

    fn gap(start: i64, end: Option<i64>) -> Gap {
        let at = |secs: i64| WallTime(secs * 90_000);
        Gap { start: at(start), end: end.map(at), cause: "camera silent".into(), detail: String::new() }
    }

    /// What is wrong, and the gap that should be, in seconds.
    fn told(film: &[Recording], gaps: &[Gap]) -> Vec<String> {
        let secs = |at: WallTime| at.0 / 90_000;
        let tell = |f: Finding| {
            let what = f.what.split("+00:00 ").skip(1).collect::<Vec<_>>().join("");
            let put = f.put.map(|g| format!("; put {}-{:?} {}", secs(g.start), g.end.map(secs), g.cause));
            format!("{what}{}", put.unwrap_or_default())
        };
        examine(film, gaps).into_iter().map(tell).collect()
    }

    #[test]
    fn a_hole_between_two_recordings_has_a_gap() {
        let film = film(&[(1, 0, 60), (2, 100, 60)]);
        assert_eq!(told(&film, &[gap(60, Some(100))]), [""; 0]);
        assert_eq!(told(&film, &[gap(60, Some(100)), gap(160, None)]), [""; 0]);
        let lost = "to 1970-01-01T00:01:40:00000has no cause; put 60-Some(100) film lost";
        assert_eq!(told(&film, &[]), [lost]);
        let mut silent = film.clone();
        silent[0].end_reason = Some("camera silent: 10 s".into());
        assert!(told(&silent, &[])[0].ends_with("camera silent"));
    }

    #[test]
    fn every_part_of_a_hole_has_a_gap() {
        let film = film(&[(1, 0, 60), (2, 100, 60)]);
        assert_eq!(told(&film, &[gap(60, Some(70)), gap(70, Some(100))]), [""; 0]);
        let lost = |start, end| {
            format!("to 1970-01-01T00:01:{:02}:00000has no cause; put {start}-Some({end}) film lost", end - 60)
        };
        assert_eq!(told(&film, &[gap(70, Some(100))]), [lost(60, 70)]);
        assert_eq!(told(&film, &[gap(60, Some(70)), gap(80, Some(90))]), [lost(70, 80), lost(90, 100)]);
    }

    #[test]
    fn film_that_was_deleted_left_no_gap() {
        assert_eq!(told(&film(&[(1, 0, 60), (5, 1000, 60)]), &[]), [""; 0]);
        assert_eq!(told(&film(&[(5, 1000, 60)]), &[gap(900, Some(1000))]), [""; 0]);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_hole() {
        let film = film(&[(1, 1000, 60), (2, 500, 60), (3, 600, 60)]);
        assert_eq!(told(&film, &[gap(1060, Some(1060)), gap(560, Some(600))]), [""; 0]);
    }

    #[test]
    fn imported_film_lies_in_holes_and_beside_film() {
        let mut film = film(&[(1, 0, 60), (2, 100, 10), (3, 200, 60), (4, -500, 60)]);
        for imported in [1, 3] {
            film[imported].flags = Flags::IMPORTED;
        }
        let right = [gap(-440, Some(0)), gap(60, Some(100)), gap(110, Some(200)), gap(260, None)];
        assert_eq!(told(&film, &right), [""; 0]);
        let without = |n: usize| [&right[..n], &right[n + 1..]].concat();
        assert!(told(&film, &without(0))[0].ends_with("put -440-Some(0) not told"));
        assert!(told(&film, &without(2))[0].ends_with("put 110-Some(200) film lost"));
        let over = [&without(1)[..], &[gap(60, Some(150))]].concat();
        assert_eq!(told(&film, &over), ["reaches into film; put 60-Some(100) camera silent"]);
        let before_the_import = [gap(-440, Some(0)), gap(60, Some(200)), gap(260, None)];
        assert_eq!(told(&film, &before_the_import).len(), 2);
        film.remove(0);
        assert_eq!(told(&film, &right[2..]), [""; 0], "something was deleted");
    }

    #[test]
    fn the_seam_of_runs_that_overlap_stays_when_the_first_is_deleted() {
        let overlapping = [(1, 0, 60), (2, 58, 60)];
        let [before, after] = [&overlapping[..], &overlapping[1..]].map(|rows| told(&film(rows), &[gap(60, Some(60))]));
        assert_eq!((before, after), (vec![], vec![]));
    }

    #[test]
    fn gaps_that_cannot_be_are_told() {
        let film = film(&[(1, 0, 60), (2, 60, 60), (3, 200, 60)]);
        let right = gap(120, Some(200));
        assert_eq!(told(&film, &[gap(30, Some(40)), right.clone()]), ["lies within film"]);
        assert_eq!(told(&film, &[gap(-9, Some(-20)), right.clone()]), ["ends before it begins"]);
        assert_eq!(told(&film, &[gap(120, None)]), ["has no end, and film goes on; put 120-Some(200) camera silent"]);
        assert_eq!(told(&film, &[gap(120, Some(250))]), ["reaches into film; put 120-Some(200) camera silent"]);
    }
}
