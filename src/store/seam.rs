//! Seams: a hole begins where the film on file ends. Who tells of it knows only what it sent; what the disk did not take of
//! that is found out later.

use crate::base::{Result, WallDuration, WallTime};
use crate::media::Recording;
use crate::store::db::{Batch, Database};
use crate::store::gap::Gap;
use crate::store::patch::Patch;
use crate::store::unflushed::Unflushed;

/// Moves the gaps that begin later than the film on file ended before them: of the film and the gaps of this batch, which
/// is written. Blocks on the disk.
pub(crate) fn settle(db: &Database, unflushed: &Unflushed, batch: &Batch) -> Result<()> {
    let closed = batch.closed.iter().map(|closed| &closed.recording);
    let mut film: Vec<Recording> = closed.filter(|r| r.end_reason.is_some()).cloned().collect();
    for (stream, gap) in &batch.gaps {
        film.extend(db.recordings(*stream, gap.start - AT_MOST..gap.start)?);
    }
    for recording in film.iter().filter(|recording| !recording.is_imported()) {
        let (stream, end) = (recording.id.stream(), recording.end());
        let goes_on = unflushed.start_after(recording.id).unwrap_or(WallTime(i64::MAX));
        let gaps = db.gaps(stream, end..goes_on.min(end + AT_MOST).max(end))?;
        let gaps: Vec<_> = gaps.into_iter().filter(|gap| gap.start >= end).collect();
        let Some((from, gap)) = moved(end, &gaps) else { continue };
        // What was recorded next, film that was imported, or film that a clock of another time stamped ends a hole too.
        if db.recordings(stream, gap.start..from)?.is_empty() {
            db.patch_gaps(stream, &Patch { gone: vec![from], come: vec![gap] })?;
        }
    }
    // One that was moved, and whose film was deleted before it was told again, would last for ever.
    let mut lasting = batch.gaps.iter().filter(|(_, gap)| gap.end.is_none());
    lasting.try_for_each(|(stream, gap)| db.end_gaps_before(*stream, gap.start))
}

/// Which of the gaps behind the end of some film has to move, by its start, and what it is then: the first begins there, and
/// each other where the one before it ended.
fn moved(film_end: WallTime, gaps: &[Gap]) -> Option<(WallTime, Gap)> {
    let late = match gaps {
        // It was moved before, and was told again.
        [before, again, ..] if before.start == film_end && before.end.is_none_or(|end| again.start < end) => again,
        [first, ..] if first.start > film_end => first,
        [first, rest @ ..] => return moved(first.end?, rest),
        [] => return None,
    };
    Some((late.start, Gap { start: film_end, ..late.clone() }))
}

/// More than any disk is behind.
const AT_MOST: WallDuration = WallDuration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::Fixture;
    use jiff::tz::TimeZone;
    use std::sync::Arc;

    fn gap(start: i64, end: Option<i64>) -> Gap {
        let at = |secs: i64| WallTime(secs * 90_000);
        Gap { start: at(start), end: end.map(at), cause: "disk failed".into(), detail: String::new() }
    }

    /// Film of these numbers, starts and lengths in seconds is a row, then these gaps are told, one batch each.
    fn told(film: &[(u32, i64, i64)], gaps: &[Gap]) -> Vec<(i64, Option<i64>)> {
        let f = Fixture::new();
        let closed: Vec<_> = film.iter().map(|&(number, start, secs)| f.closed(number, 1, start, secs)).collect();
        f.insert(closed);
        let unflushed = Unflushed::new(TimeZone::UTC);
        for gap in gaps {
            let batch = Batch { gaps: vec![(f.main, gap.clone())], ..Batch::default() };
            f.db.commit(&batch).unwrap();
            settle(&f.db, &unflushed, &batch).unwrap();
        }
        let secs = |at: WallTime| at.0 / 90_000;
        f.db.all_gaps(f.main).unwrap().iter().map(|g| (secs(g.start), g.end.map(secs))).collect()
    }

    #[test]
    fn a_gap_begins_where_the_film_on_file_ended() {
        assert_eq!(told(&[(1, 0, 60)], &[gap(70, None)]), [(60, None)]);
        assert_eq!(told(&[(1, 0, 60)], &[gap(70, None), gap(70, None), gap(70, Some(90))]), [(60, Some(90))]);
        assert_eq!(
            told(&[(1, 0, 60), (2, 90, 60)], &[gap(70, Some(90)), gap(151, None)]),
            [(60, Some(90)), (150, None)]
        );
    }

    #[test]
    fn what_follows_another_gap_or_is_far_off_stays() {
        let film = [(1, 0, 60)];
        assert_eq!(told(&film, &[gap(60, Some(70)), gap(70, None)]), [(60, Some(70)), (70, None)]);
        assert_eq!(told(&film, &[gap(60, Some(70)), gap(80, None)]), [(60, Some(70)), (70, None)]);
        assert_eq!(told(&film, &[gap(1000, None)]), [(1000, None)]);
        assert_eq!(told(&[], &[gap(70, None)]), [(70, None)]);
    }

    #[test]
    fn a_gap_whose_film_was_deleted_ends_where_the_next_that_lasts_begins() {
        assert_eq!(told(&[], &[gap(60, None), gap(70, None), gap(70, Some(90))]), [(60, Some(70)), (70, Some(90))]);
        assert_eq!(told(&[(2, 80, 10)], &[gap(60, None), gap(90, None)]), [(60, Some(80)), (90, None)]);
    }

    #[test]
    fn film_that_has_no_row_yet_is_film() {
        let f = Fixture::new();
        f.insert([f.closed(1, 1, 0, 60)]);
        let unflushed = Unflushed::new(TimeZone::UTC);
        let waits = f.closed(2, 1, 60, 5);
        unflushed.begin(&waits);
        let late = Batch { gaps: vec![(f.main, gap(70, None))], ..Batch::default() };
        f.db.commit(&late).unwrap();
        settle(&f.db, &unflushed, &late).unwrap();
        assert_eq!(f.db.all_gaps(f.main).unwrap(), [gap(70, None)]);
        let ended = Recording { end_reason: Some("disk failed".into()), ..waits.recording.clone() };
        let closed = Arc::new(crate::store::ClosedRecording { recording: ended, ..waits });
        let late = Batch { closed: vec![closed.clone()], ..Batch::default() };
        f.db.commit(&late).unwrap();
        unflushed.became_rows([closed.recording.id]);
        settle(&f.db, &unflushed, &late).unwrap();
        assert_eq!(f.db.all_gaps(f.main).unwrap(), [gap(65, None)]);
    }
}
