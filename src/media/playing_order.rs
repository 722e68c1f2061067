//! The order in which the recordings of a span are played.

use crate::base::{RecordingId, WallTime};
use crate::media::Recording;
use std::collections::HashMap;

/// Sorts what was listed by start so that runs are played whole, in the order of their (start, sequence). Where the
/// clock was set back, or a camera came back at once, two runs overlap: that stretch is shown twice, each unbroken.
///
/// When a run started is told by any of its recordings, so that the order is not a matter of where a span begins.
pub fn runs_whole(recordings: &mut [Recording]) {
    if are_whole(recordings) {
        return;
    }
    let mut runs = HashMap::new();
    for r in &*recordings {
        runs.entry(r.run_start).or_insert_with(|| run(r));
    }
    recordings.sort_by_key(|r| (runs[&r.run_start], r.id));
}

/// When its run started, then the order of opening, then which it is.
fn run(r: &Recording) -> (WallTime, u64, RecordingId) {
    (WallTime(r.start.0.saturating_sub(r.media_offset.0)), r.sequence, r.run_start)
}

/// Nearly always: then nothing is to be done.
fn are_whole(recordings: &[Recording]) -> bool {
    let in_run = |a: &Recording, b: &Recording| a.run_start == b.run_start && a.id < b.id;
    recordings.chunk_by(in_run).map(|of_run| run(&of_run[0])).is_sorted_by(|a, b| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{MediaDuration, StreamId, WallDuration};
    use crate::media::recording::Flags;
    use crate::media::sample_index;

    /// Runs by their start, each of minutes without a hole, listed by start as the store does; what is played, as
    /// numbers of the stream.
    fn played(runs: &[(i64, u32)], from: i64) -> Vec<u32> {
        let mut all = Vec::new();
        let mut number = 0;
        for &(start, count) in runs {
            let run_start = number + 1;
            for minute in 0..i64::from(count) {
                number += 1;
                all.push(recording(number, run_start, start + 60 * minute, 60 * minute));
            }
        }
        all.retain(|r| r.end() > WallTime(90_000 * from));
        all.sort_by_key(|r| (r.start, r.sequence));
        runs_whole(&mut all);
        all.iter().map(|r| r.id.number()).collect()
    }

    fn recording(number: u32, run_start: u32, start: i64, offset: i64) -> Recording {
        let id = |number| RecordingId::new(StreamId::new(1).unwrap(), number);
        Recording {
            id: id(number),
            sequence: number.into(),
            open_id: 1,
            run_start: id(run_start),
            start: WallTime(90_000 * start),
            wall_duration: WallDuration::from_secs(60),
            media_duration: MediaDuration::from_secs(60),
            media_offset: MediaDuration::from_secs(offset),
            local_delta: WallDuration::ZERO,
            sample_file_bytes: 1,
            video_samples: 1,
            video_sync_samples: 1,
            sample_entry_id: 1,
            index_format: sample_index::FORMAT,
            flags: Flags::default(),
            growing: false,
            end_reason: None,
        }
    }

    #[test]
    fn runs_that_do_not_overlap_stay_as_they_are() {
        assert_eq!(played(&[(0, 2), (120, 1), (500, 2)], 0), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn recordings_of_overlapping_runs_do_not_mix() {
        assert_eq!(played(&[(0, 4), (130, 3)], 0), [1, 2, 3, 4, 5, 6, 7]);
        // The clock was set back to before the first run.
        assert_eq!(played(&[(1000, 3), (990, 4)], 0), [4, 5, 6, 7, 1, 2, 3]);
        // Two that started together go by their sequence.
        assert_eq!(played(&[(0, 3), (0, 3)], 0), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_order_is_the_same_wherever_the_span_begins() {
        // From second 170 on the second run's recording is listed before the first run's.
        let runs = [(0, 5), (110, 4)];
        assert_eq!(played(&runs, 0), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(played(&runs, 181), [4, 5, 7, 8, 9]);
        assert_eq!(played(&runs, 235), [4, 5, 8, 9]);
    }
}
