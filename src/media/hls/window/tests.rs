//! Live playlists, one after the other.

use super::*;
use crate::media::hls::testing::recording;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The segments of recordings that begin a run each, so many of a second in each.
fn segments(counts: &[(u32, u32)]) -> Vec<MediaSegment> {
    let of = |&(number, count): &(u32, u32)| {
        let recording = recording(number, &[(90_000, true)]).recording;
        let at = |n: u32| MediaDuration::from_secs(n.into());
        (0..count).map(move |n| MediaSegment::new(&recording, at(n)..at(n + 1)))
    };
    counts.iter().flat_map(of).collect()
}

/// First number, discontinuities before, and the addresses.
fn told(window: &mut Window, all: &[MediaSegment]) -> (u64, u64, Vec<String>) {
    let playlist = window.slide(all).unwrap();
    let Kind::Live { sequence, discontinuities } = playlist.kind else { panic!("it is live") };
    (sequence, discontinuities, playlist.segments.iter().map(|s| s.part().to_string()).collect())
}

fn first(window: &mut Window, all: &[MediaSegment]) -> (u64, u64, usize) {
    let (sequence, discontinuities, listed) = told(window, all);
    (sequence, discontinuities, listed.len())
}

#[test]
fn numbers_stay_with_their_segments() {
    let mut window = Window::default();
    assert_eq!(first(&mut window, &segments(&[(5, 3)])), (640, 5, 3));
    assert_eq!(first(&mut window, &segments(&[(5, 14)])), (640, 5, 14));
    assert_eq!(first(&mut window, &segments(&[(5, 16), (6, 1)])), (642, 5, 15));
    assert_eq!(first(&mut window, &segments(&[(5, 16), (6, 1)])), (642, 5, 15));
    assert_eq!(first(&mut window, &segments(&[(5, 16), (6, 15)])), (656, 6, 15), "the discontinuity is gone");
    assert_eq!(first(&mut window, &segments(&[(6, 15), (8, 1)])), (657, 6, 15));
}

#[test]
fn what_is_deleted_leaves_and_the_rest_keeps_its_numbers() {
    let mut window = Window::default();
    first(&mut window, &segments(&[(1, 3), (2, 3), (3, 3)]));
    assert_eq!(first(&mut window, &segments(&[(2, 3), (3, 4)])), (131, 2, 7));
}

#[test]
fn after_a_long_time_or_a_restart_numbers_are_higher() {
    let mut window = Window::default();
    let (mut last, _, listed) = first(&mut window, &segments(&[(4, 15)]));
    last += listed as u64 - 1;
    let later = segments(&[(90, 20), (91, 1)]);
    let (sequence, discontinuities, _) = first(&mut window, &later);
    assert_eq!((sequence, discontinuities), (90 * 128 + 6, 90));
    assert!(sequence > last);
    assert_eq!(first(&mut Window::default(), &later).0, sequence);
    // Numbers of recordings began anew: the disk was replaced.
    assert!(first(&mut window, &segments(&[(1, 1)])).0 > sequence + 14);
}

#[test]
fn the_target_duration_is_always_the_same_and_no_segment_is_longer() {
    let long = |seconds: i64| {
        let recording = recording(1, &[(90_000, true)]).recording;
        [MediaSegment::new(&recording, MediaDuration::ZERO..MediaDuration::from_secs(seconds))]
    };
    let mut window = Window::default();
    for seconds in [4, 12, 1] {
        assert!(Window::takes(&long(seconds)[0]));
        assert_eq!(window.slide(&long(seconds)).unwrap().target_secs, 12);
        assert_eq!(Window::default().slide(&long(seconds)).unwrap().target_secs, 12);
    }
    assert!(!Window::takes(&long(13)[0]));
    assert!(Window::default().slide(&[]).is_none());
}

proptest! {
    /// RFC 8216 6.2.2, whatever is recorded and deleted between two looks, however many daemons there are.
    #[test]
    fn a_number_means_one_segment_for_ever(
        steps in prop::collection::vec((0u32..75, any::<bool>(), 0usize..12, prop::bool::weighted(0.1)), 1..40),
    ) {
        let mut window = Window::default();
        let mut recordings = vec![(1, 0)];
        let mut known = BTreeMap::new();
        let mut newest = (0, 0);
        for (more, begins, gone, restart) in steps {
            let last = recordings.last_mut().unwrap();
            last.1 = (last.1 + more).min(75);
            if begins {
                let number = last.0 + 1;
                recordings.push((number, more % 3));
            }
            recordings.drain(..gone.min(recordings.len() - 1));
            if restart {
                window = Window::default();
                // Another daemon may list again, under other numbers, what was listed.
                known.clear();
            }
            let from = recordings.len().saturating_sub(16);
            let all = segments(&recordings[from..]);
            if all.is_empty() {
                continue;
            }
            let (sequence, discontinuities, listed) = told(&mut window, &all);
            prop_assert!((sequence, discontinuities) >= newest, "{sequence} {discontinuities} after {newest:?}");
            newest = (sequence, discontinuities);
            prop_assert_eq!(listed.last().cloned(), all.last().map(|s| s.part().to_string()));
            for (number, address) in (sequence..).zip(listed) {
                prop_assert_eq!(known.entry(number).or_insert(address.clone()), &address);
            }
        }
    }
}
