//! `Patch`: what film that is imported changes in the holes of its stream.

use crate::base::{WallDuration, WallTime};
use crate::media::recording::Cause;
use crate::store::gap::Gap;
use crate::store::stats::Piece;
use std::ops::Range;

/// Gaps that go, by their start, and gaps that come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) gone: Vec<WallTime>,
    pub(crate) come: Vec<Gap>,
}

impl Patch {
    /// Of film of this span, which is among the pieces already. What is left of a gap keeps its cause; what lies between the
    /// film and its neighbours and has none gets one.
    pub(crate) fn new(pieces: &[Piece], gaps: &[Gap], span: Range<WallTime>) -> Self {
        let is_cut = |gap: &&Gap| gap.start < span.end && gap.end.is_none_or(|end| end > span.start);
        let (cut, mut left): (Vec<_>, Vec<_>) = gaps.iter().partition::<Vec<&Gap>, _>(is_cut);
        let mut come = Vec::new();
        for gap in &cut {
            if gap.start < span.start {
                come.push(Gap { end: Some(span.start), ..(*gap).clone() });
            }
            if gap.end.is_none_or(|end| end > span.end) {
                come.push(Gap { start: span.end, ..(*gap).clone() });
            }
        }
        left.extend(&come);
        let (before, behind) = (before(pieces, &left, span.start), behind(pieces, &left, span.end));
        come.extend(before);
        come.extend(behind);
        Self { gone: cut.iter().map(|gap| gap.start).collect(), come }
    }
}

/// The hole without a cause that ends where the film begins.
fn before(pieces: &[Piece], gaps: &[&Gap], film: WallTime) -> Option<Gap> {
    let known = pieces.iter().filter(|piece| piece.start < film).map(|piece| piece.end);
    let known = known.max()?;
    let caused = gaps.iter().filter(|gap| gap.start < film).filter_map(|gap| gap.end);
    let start = caused.max().unwrap_or(known).max(known);
    (start + SLACK < film).then(|| untold(start, Some(film)))
}

/// The hole without a cause that begins where the film ends; there may be no film behind it.
fn behind(pieces: &[Piece], gaps: &[&Gap], film: WallTime) -> Option<Gap> {
    let next = pieces.iter().filter(|piece| piece.end > film).map(|piece| piece.start);
    let caused = gaps.iter().filter(|gap| gap.end.is_none_or(|end| end > film)).map(|gap| gap.start);
    let end = next.chain(caused).min();
    end.is_none_or(|end| end > film + SLACK).then(|| untold(film, end))
}

fn untold(start: WallTime, end: Option<WallTime>) -> Gap {
    Gap { start, end, cause: Cause::Untold.words().to_owned(), detail: "beside film that was imported".to_owned() }
}

/// As `check` sees it: film that begins so soon goes on.
const SLACK: WallDuration = WallDuration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// `from-to cause`, `from- cause` while it lasts.
    fn tell(gap: &Gap) -> String {
        let end = gap.end.map_or_else(String::new, |end| (end.0 / 90_000).to_string());
        format!("{}-{end} {}", gap.start.0 / 90_000, gap.cause)
    }

    fn patched(film: &[(i64, i64)], gaps: &[(i64, Option<i64>)], new: (i64, i64)) -> String {
        let at = |secs: i64| WallTime(secs * 90_000);
        let piece = |&(start, end): &(i64, i64)| Piece {
            first: 1,
            last: 1,
            start: at(start),
            end: at(end),
            sample_file_bytes: 9,
        };
        let pieces: Vec<_> = film.iter().chain([&new]).map(piece).collect();
        let gap = |&(start, end): &(i64, Option<i64>)| Gap {
            start: at(start),
            end: end.map(at),
            cause: "old".into(),
            detail: String::new(),
        };
        let gaps: Vec<_> = gaps.iter().map(gap).collect();
        let patch = Patch::new(&pieces, &gaps, at(new.0)..at(new.1));
        let kept = gaps.iter().filter(|gap| !patch.gone.contains(&gap.start));
        let mut all: Vec<_> = kept.chain(&patch.come).collect();
        all.sort_by_key(|gap| gap.start);
        all.into_iter().map(tell).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn film_cuts_the_hole_that_it_is_in() {
        let film = [(0, 100), (200, 300)];
        let gaps = [(100, Some(200)), (300, None)];
        assert_eq!(patched(&film, &gaps, (120, 150)), "100-120 old, 150-200 old, 300- old");
        assert_eq!(patched(&film, &gaps, (100, 200)), "300- old");
        assert_eq!(patched(&film, &gaps, (50, 250)), "300- old");
        assert_eq!(patched(&film, &gaps, (400, 500)), "100-200 old, 300-400 old, 500- old");
        assert_eq!(patched(&film, &[(100, Some(130)), (130, Some(200))], (120, 150)), "100-120 old, 150-200 old");
    }

    #[test]
    fn a_hole_without_a_cause_gets_one() {
        assert_eq!(patched(&[], &[], (10, 20)), "20- not told");
        assert_eq!(patched(&[(50, 60)], &[(60, None)], (10, 20)), "20-50 not told, 60- old");
        assert_eq!(patched(&[(50, 60)], &[], (100, 120)), "60-100 not told, 120- not told");
        assert_eq!(
            patched(&[(0, 9), (50, 60)], &[(9, Some(20)), (60, None)], (30, 50)),
            "9-20 old, 20-30 not told, 60- old"
        );
        assert_eq!(
            patched(&[(0, 30), (50, 60)], &[(40, Some(50)), (60, None)], (30, 35)),
            "35-40 not told, 40-50 old, 60- old"
        );
    }
}
