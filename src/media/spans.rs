//! Spans of wall time that neither touch nor overlap: put together, and cut.

use crate::base::WallTime;
use std::ops::Range;

/// These spans and one more, ascending; what touches is one.
pub fn joined(spans: &[Range<WallTime>], more: Range<WallTime>) -> Vec<Range<WallTime>> {
    let apart = |s: &&Range<WallTime>| s.end < more.start || more.end < s.start;
    let touching = spans.iter().filter(|s| !apart(s));
    let one = touching.fold(more.clone(), |one, s| one.start.min(s.start)..one.end.max(s.end));
    let mut all: Vec<_> = spans.iter().filter(apart).cloned().chain([one]).collect();
    all.sort_by_key(|s| s.start);
    all
}

/// What is left of these spans without another, ascending.
pub fn without(spans: &[Range<WallTime>], hole: Range<WallTime>) -> Vec<Range<WallTime>> {
    let sides = spans.iter().flat_map(|s| [s.start..s.end.min(hole.start), s.start.max(hole.end)..s.end]);
    sides.filter(|s| !s.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(start: i64, end: i64) -> Range<WallTime> {
        WallTime(start)..WallTime(end)
    }

    #[test]
    fn what_touches_is_joined_and_what_is_cut_may_leave_two() {
        let three = [span(0, 10), span(20, 30), span(40, 50)];
        assert_eq!(joined(&three, span(10, 25)), [span(0, 30), span(40, 50)]);
        assert_eq!(joined(&three, span(12, 15)), [span(0, 10), span(12, 15), span(20, 30), span(40, 50)]);
        assert_eq!(without(&three, span(5, 22)), [span(0, 5), span(22, 30), span(40, 50)]);
        assert_eq!(without(&three, span(42, 44)), [span(0, 10), span(20, 30), span(40, 42), span(44, 50)]);
    }

    proptest! {
        #[test]
        fn every_moment_is_where_it_was_put(changes in prop::collection::vec((any::<bool>(), 0i64..60, 1i64..20), 0..20)) {
            let (mut spans, mut moments) = (Vec::new(), [false; 80]);
            for (add, start, len) in changes {
                let change = span(start, start + len);
                spans = if add { joined(&spans, change) } else { without(&spans, change) };
                moments[start as usize..(start + len) as usize].fill(add);
            }
            for (moment, &there) in moments.iter().enumerate() {
                prop_assert_eq!(spans.iter().any(|s| s.contains(&WallTime(moment as i64))), there);
            }
            prop_assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
