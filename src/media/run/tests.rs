//! The rules of a run, in plain values.

mod simulations;

use super::*;
use crate::media::growing::Progress;
use crate::media::sample_index::{self, Sample};
use bytes::Bytes;
use open::{DRIFT_CORRECTION_LIMIT, SETTLING};

const SECOND: i64 = 90_000;
/// Realtime − monotonic of all runs here.
const OFFSET: i64 = 1_000_000 * SECOND;

fn entry(name: &'static str) -> Arc<SampleEntry> {
    SampleEntry::example(name.as_bytes())
}

/// A camera that is told what to send, and the run that listens to it.
struct Camera {
    run: Run,
    entry: Arc<SampleEntry>,
    now: i64,
    steps: Vec<Step>,
}

impl Camera {
    fn new() -> Self {
        let stream = StreamId::new(60).unwrap(); // rotates at second 0
        let terms = Terms { stream, clock_offset: WallDuration(OFFSET), unproven: false };
        Self { run: Run::new(terms), entry: entry("a"), now: 0, steps: Vec::new() }
    }

    fn frame(&self, pts_90k: i64, is_key: bool) -> Frame {
        Frame {
            pts_90k,
            arrived: MonoTime(self.now),
            is_key,
            is_skipped_leading: false,
            is_bidirectional: false,
            data: Bytes::from_static(if is_key { b"keyframe" } else { b"other" }),
            sample_entry: self.entry.clone(),
            lost_packets: 0,
        }
    }

    fn send(&mut self, pts_90k: i64, is_key: bool) -> Result<(), EndReason> {
        let frame = self.frame(pts_90k, is_key);
        self.run.push(&frame, &mut self.steps)
    }

    /// So many frames, 10 a second, a key frame every 15; each arrives so long after it was captured.
    fn delayed(&mut self, frames: i64, delay: impl Fn(i64) -> i64) {
        self.delayed_from(0, frames, delay);
    }

    /// The same, beginning with this one.
    fn delayed_from(&mut self, first: i64, frames: i64, delay: impl Fn(i64) -> i64) {
        for n in first..first + frames {
            let captured = n * SECOND / 10;
            self.now = self.now.max(captured + delay(n));
            self.send(captured, n % 15 == 0).unwrap();
        }
    }

    /// One frame a second for that long, a key frame every two, arriving when they are captured.
    fn seconds(&mut self, seconds: std::ops::Range<i64>) {
        for s in seconds {
            self.now = s * SECOND;
            self.send(s * SECOND, s % 2 == 0).unwrap();
        }
    }

    fn stop(mut self) -> String {
        self.run.finish(EndReason::new(Cause::Stopped, ""), &mut self.steps);
        story(&self.steps)
    }
}

/// The recordings as text, one line each: where they start and how long they are, in seconds from the offset.
fn story(steps: &[Step]) -> String {
    let mut lines = Vec::new();
    let mut index = Vec::new();
    for step in steps {
        match step {
            Step::Open(head) => {
                index.clear();
                let run = if head.starts_run { "run" } else { "goes on" };
                lines.push(format!("{run} at media {:.1}", head.media_offset.as_secs_f64()));
            }
            Step::Append(append) => index.extend_from_slice(&append.index),
            Step::Close(close) => {
                index.extend_from_slice(&close.index);
                let p = &close.progress;
                let samples: Vec<Sample> = sample_index::samples(&index).map(Result::unwrap).collect();
                assert_eq!(samples.len(), p.video_samples as usize);
                assert_eq!(samples.iter().map(|s| i64::from(s.duration_90k)).sum::<i64>(), p.media_duration.0);
                assert_eq!(samples.iter().map(|s| u64::from(s.bytes)).sum::<u64>(), p.sample_file_bytes);
                let zero = if close.flags.contains(Flags::TRAILING_ZERO) { " trailing zero" } else { "" };
                let end = close.end_reason.as_ref().map(|r| format!("; {r}")).unwrap_or_default();
                *lines.last_mut().unwrap() += &format!(
                    ": {:.3} + {:.3} wall, {:.3} media, {} samples {} keys{zero}{end}",
                    (p.start.0 - OFFSET) as f64 / 90_000.0,
                    p.wall_duration.as_secs_f64(),
                    p.media_duration.as_secs_f64(),
                    p.video_samples,
                    p.video_sync_samples,
                );
            }
        }
    }
    lines.join("\n")
}

#[test]
fn a_minute_each_after_a_longer_first_one() {
    let mut camera = Camera::new();
    camera.seconds(0..200);
    assert_eq!(
        camera.stop(),
        "run at media 0.0: 0.000 + 80.000 wall, 80.000 media, 80 samples 40 keys\n\
         goes on at media 80.0: 80.000 + 60.000 wall, 60.000 media, 60 samples 30 keys\n\
         goes on at media 140.0: 140.000 + 59.000 wall, 59.000 media, 60 samples 30 keys trailing zero; recorder stopped"
    );
}

#[test]
fn a_rotation_waits_for_a_key_frame() {
    let mut camera = Camera::new();
    camera.seconds(0..79);
    for s in 79..91 {
        camera.now = s * SECOND;
        camera.send(s * SECOND, s == 90).unwrap();
    }
    assert!(camera.stop().starts_with("run at media 0.0: 0.000 + 90.000 wall"));
}

#[test]
fn frames_before_the_first_key_frame_are_passed_over() {
    let mut camera = Camera::new();
    camera.send(5, false).unwrap();
    camera.send(3, false).unwrap(); // their order does not matter either
    camera.send(9 * SECOND, true).unwrap();
    assert_eq!(
        camera.stop(),
        "run at media 0.0: 0.000 + 0.000 wall, 0.000 media, 1 samples 1 keys trailing zero; recorder stopped"
    );
}

#[test]
fn a_burst_at_the_start_does_not_move_the_start() {
    // Four seconds were buffered by the camera and arrive at once; then frames arrive when captured.
    let mut camera = Camera::new();
    camera.now = 4 * SECOND;
    for s in 0..4 {
        camera.send(s * SECOND, s % 2 == 0).unwrap();
    }
    camera.seconds(4..10);
    assert!(camera.stop().starts_with("run at media 0.0: 0.000 + 9.000 wall"));
}

/// For each recording: all that was ever listed of it, its end last, counted from the offset.
fn listed(steps: &[Step]) -> Vec<Vec<Progress>> {
    let mut recordings = Vec::new();
    for step in steps {
        let of_newest = |recordings: &mut Vec<Vec<Progress>>, p: Progress| {
            let p = Progress { start: WallTime(p.start.0 - OFFSET), ..p };
            recordings.last_mut().unwrap().push(p);
        };
        match step {
            Step::Open(_) => recordings.push(Vec::new()),
            Step::Append(append) if append.lists_before => of_newest(&mut recordings, append.progress),
            Step::Append(_) => {}
            Step::Close(close) => of_newest(&mut recordings, close.progress),
        }
    }
    recordings
}

/// For each recording how long its film is, and how much later than captured it is said to start. Of frames captured
/// from the offset on.
fn errors(recordings: &[Vec<Progress>]) -> Vec<(i64, i64)> {
    let mut captured = 0;
    let ends = recordings.iter().map(|told| *told.last().unwrap());
    ends.map(|end| {
        let error = end.start.0 - captured;
        captured += end.media_duration.0;
        (end.media_duration.0, error)
    })
    .collect()
}

#[test]
fn a_start_that_was_listed_never_moves() {
    let burst = 4 * SECOND;
    // Each frame a little less delayed than the one before, or at random, or both; and a burst, or none.
    let falling = |n: i64| SECOND / 2 - n.min(4_000) * 10;
    let random = |n: i64| (n.wrapping_mul(2_654_435_761) >> 8) % (SECOND / 5);
    let both = |n: i64| falling(n) + random(n) / 20;
    for delay in [&falling as &dyn Fn(i64) -> i64, &random, &both] {
        for buffered in [0, burst] {
            let mut camera = Camera::new();
            let first_arrived = buffered.max(delay(0));
            camera.delayed(3_000, |n| (buffered - n * SECOND / 10).max(delay(n)));
            camera.run.finish(EndReason::new(Cause::Stopped, ""), &mut camera.steps);
            let recordings = listed(&camera.steps);
            assert_eq!(recordings.len(), 5);
            assert!(recordings[0].len() > 20);
            let captured = recordings[0][0].media_duration.0;
            assert!(captured >= first_arrived + SETTLING.0 - SECOND / 2, "the newest frame is not delayed by more");
            let errors = errors(&recordings);
            assert!(errors.iter().all(|(_, error)| (0..=SECOND / 2).contains(error)), "{errors:?}: above the delay");
            for told in recordings {
                let end = told.last().unwrap();
                for p in &told {
                    assert_eq!(p.start, end.start);
                    assert!(p.media_duration == end.media_duration || p.wall_duration <= end.wall_duration);
                }
            }
        }
    }
}

#[test]
fn nothing_is_listed_before_the_start_is_settled() {
    let first_listed = |delay: &dyn Fn(i64) -> i64| {
        let mut camera = Camera::new();
        camera.delayed(100, delay);
        let listed = listed(&camera.steps)[0][0];
        (listed.media_duration.0 * 10 / SECOND, listed.start.0)
    };
    // The third key frame is the first after three seconds.
    assert_eq!(first_listed(&|_| 0), (30, 0));
    assert_eq!(first_listed(&|n| if n == 29 { 5 } else { 10 }), (30, 5));
    assert_eq!(first_listed(&|n| if n == 31 { 5 } else { 10 }), (30, 10), "too late: it is drift");
    // Four seconds came at once: three later seven are there.
    assert_eq!(first_listed(&|n| (4 * SECOND - n * SECOND / 10).max(7)), (75, 7));
}

#[test]
fn a_recording_that_closes_before_has_its_start_at_once() {
    let mut camera = Camera::new();
    camera.delayed(10, |n| 1_000 - n);
    camera.entry = entry("b");
    camera.delayed_from(15, 60, |_| 100);
    camera.run.finish(EndReason::new(Cause::Stopped, ""), &mut camera.steps);
    let recordings = listed(&camera.steps);
    assert_eq!((recordings[0].len(), recordings[0][0].start.0), (1, 991));
    let [first, .., last] = &recordings[1][..] else { panic!("the second is listed as it grows") };
    assert_eq!((first.media_duration.0, first.start, last.start), (15 * SECOND / 10, first.start, first.start));
}

#[test]
fn what_comes_less_delayed_later_is_drift() {
    // Half a second less from the fifth second on.
    let mut camera = Camera::new();
    camera.delayed(3_000, |n| if n < 50 { SECOND / 2 } else { 0 });
    let errors = errors(&listed(&camera.steps));
    assert!(errors.len() > 3 && errors[0].1 == SECOND / 2, "{errors:?}");
    for pair in errors.windows(2) {
        assert_eq!(pair[1].1, pair[0].1 - pair[0].0 / DRIFT_CORRECTION_LIMIT, "{errors:?}");
    }

    // A burst that lasts too long: a new run, nothing lost.
    let mut camera = Camera::new();
    let refused = (0..2_000).find_map(|n| {
        let captured = n * SECOND / 10;
        camera.now = captured + (6 * SECOND - n * SECOND / 20).max(0);
        camera.send(captured, n % 15 == 0).err()
    });
    assert_eq!(refused.unwrap().to_string(), "camera clock: its time is -3.0 s from the recorder's");
}

#[test]
fn the_correction_leaves_in_what_was_listed() {
    // All key frames: the last listed moment is one frame from the end, and the clock says 40 ms less.
    let mut camera = Camera::new();
    for n in 0..2_000 {
        camera.now = n * 3_000 + if n < 200 { SECOND / 2 } else { 0 };
        camera.send(n * 3_000, true).unwrap();
    }
    camera.run.finish(EndReason::new(Cause::Stopped, ""), &mut camera.steps);
    let told = listed(&camera.steps).remove(0);
    let [.., listed, end] = &told[..] else { panic!("it is listed as it grows") };
    assert_eq!(listed.media_duration.0, end.media_duration.0);
    assert_eq!(listed.wall_duration, end.wall_duration);
}

#[test]
fn drift_is_corrected_by_at_most_500_ppm() {
    // A camera whose clock is 1 % slow: a frame it calls 1 s arrives after 1.01 s.
    let mut camera = Camera::new();
    for s in 0..141 {
        camera.now = s * SECOND * 101 / 100;
        camera.send(s * SECOND, s % 2 == 0).unwrap();
    }
    assert_eq!(
        camera.stop(),
        "run at media 0.0: 0.000 + 80.000 wall, 80.000 media, 80 samples 40 keys\n\
         goes on at media 80.0: 80.000 + 60.030 wall, 60.000 media, 60 samples 30 keys\n\
         goes on at media 140.0: 140.030 + 0.000 wall, 0.000 media, 1 samples 1 keys trailing zero; recorder stopped"
    );
}

#[test]
fn clocks_too_far_apart_begin_a_new_run_and_lose_no_frame() {
    let mut camera = Camera::new();
    let mut ended = None;
    for s in 0..400 {
        camera.now = s * SECOND * 101 / 100;
        if let Err(reason) = camera.send(s * SECOND, s % 2 == 0) {
            ended = Some((s, reason.to_string()));
            break;
        }
    }
    let (s, reason) = ended.unwrap();
    assert_eq!((s, reason.as_str()), (260, "camera clock: its time is +2.5 s from the recorder's"));
    let mut next = Run::new(Terms { clock_offset: WallDuration(OFFSET), ..camera.run.terms });
    next.push(&camera.frame(s * SECOND, true), &mut camera.steps).unwrap();
    assert!(!matches!(camera.steps.last(), Some(Step::Close(_))));
    camera.run = next;
    let story = camera.stop();
    let last: Vec<&str> = story.lines().rev().take(2).collect();
    assert!(last[1].ends_with("camera clock: its time is +2.5 s from the recorder's"), "{story}");
    assert!(!last[1].contains("trailing zero"), "{story}");
    assert!(last[0].starts_with("run at media 0.0: 262.600 + 0.000"), "{story}");
}

#[test]
fn bad_timestamps_end_the_run_with_their_reason() {
    let refused = |pts: i64, bidirectional: bool| {
        let mut camera = Camera::new();
        camera.seconds(0..3);
        let frame = Frame { is_bidirectional: bidirectional, ..camera.frame(pts, false) };
        camera.run.push(&frame, &mut camera.steps).unwrap_err().to_string()
    };
    assert_eq!(refused(2 * SECOND, false), "bad timestamps: repeated");
    assert_eq!(refused(SECOND / 2, false), "bad timestamps: went back by 1.500 s");
    assert_eq!(refused(62 * SECOND + 1, false), "bad timestamps: went ahead by 60.000 s");
    assert_eq!(refused(i64::MAX, false).split(" by").next(), Some("bad timestamps: went ahead"));
    assert_eq!(refused(SECOND, true), "unexpected B-frames: the stream said that frames change places by 0 at most");
}

#[test]
fn new_parameter_sets_begin_a_recording_of_the_same_run() {
    let mut camera = Camera::new();
    camera.seconds(0..4);
    camera.entry = entry("a"); // the same words said again change nothing
    camera.seconds(4..6);
    camera.entry = entry("b");
    camera.seconds(6..8);
    let again = camera.frame(8 * SECOND, false);
    camera.run.push(&Frame { sample_entry: entry("c"), ..again }, &mut camera.steps).unwrap_err();
    assert_eq!(
        camera.stop(),
        "run at media 0.0: 0.000 + 6.000 wall, 6.000 media, 6 samples 3 keys\n\
         goes on at media 6.0: 6.000 + 1.000 wall, 1.000 media, 2 samples 1 keys trailing zero; recorder stopped"
    );
}

#[test]
fn four_minutes_without_a_key_frame_end_the_run() {
    let mut camera = Camera::new();
    camera.send(0, true).unwrap();
    let refused = (1..).find_map(|s| camera.send(s * SECOND, false).err().map(|e| (s, e.to_string())));
    assert_eq!(refused, Some((241, "no key frame: none in 4 minutes".to_owned())));

    let mut camera = Camera::new();
    camera.seconds(0..79);
    for s in [130, 180, 230, 280, 320] {
        camera.now = s * SECOND;
        let refused = camera.send(s * SECOND, s == 320).err().map(|e| e.to_string());
        assert_eq!(refused.is_some(), s == 320, "{s} s: {refused:?}");
    }

    let mut camera = Camera::new();
    camera.seconds(0..79); // one second before it is due
    let refused = (79..).find_map(|s| camera.send(s * SECOND, false).err().map(|e| (s, e.to_string())));
    assert_eq!(refused, Some((300, "no key frame: the recording would grow over 5 minutes".to_owned())));
}

#[test]
fn leading_pictures_are_dropped_only_after_the_first_key_frame() {
    let mut camera = Camera::new();
    camera.send(10 * SECOND, true).unwrap();
    let leading = Frame { is_skipped_leading: true, ..camera.frame(9 * SECOND, false) };
    camera.run.push(&leading, &mut camera.steps).unwrap();
    camera.send(11 * SECOND, true).unwrap();
    camera.run.push(&leading, &mut camera.steps).unwrap_err();
}

#[test]
fn empty_and_monstrous_frames_are_refused() {
    let mut camera = Camera::new();
    let empty = Frame { data: Bytes::new(), ..camera.frame(0, true) };
    assert_eq!(camera.run.push(&empty, &mut camera.steps).unwrap_err().to_string(), "bad video: a frame of 0 bytes");
}

#[test]
fn a_run_goes_on_in_proven_time_with_its_next_recording() {
    let day = WallDuration::from_secs(86_400);
    let mut camera = Camera::new();
    camera.run = Run::new(Terms { unproven: true, ..camera.run.terms });
    camera.seconds(0..40);
    camera.run.prove(WallDuration(OFFSET) + day);
    camera.seconds(40..90);
    camera.run.prove(WallDuration(OFFSET) + day + day); // once is enough
    camera.seconds(90..150);
    let heads = camera.steps.iter().filter_map(|step| match step {
        Step::Open(head) => Some((head.start.0, head.clock_offset.0 - OFFSET, head.flags.0, head.starts_run)),
        _ => None,
    });
    let expected = [(OFFSET, 0, 2, true), (OFFSET + day.0 + 80 * SECOND, day.0, 0, false)];
    assert_eq!(heads.collect::<Vec<_>>()[..2], expected);
    assert!(camera.stop().starts_with(
        "run at media 0.0: 0.000 + 80.000 wall, 80.000 media, 80 samples 40 keys\n\
         goes on at media 80.0: 86480.000 + 60.000 wall, 60.000 media, 60 samples 30 keys"
    ));
}

#[test]
fn a_clock_that_was_right_all_the_time_is_proven_without_a_step() {
    let mut camera = Camera::new();
    camera.run = Run::new(Terms { unproven: true, ..camera.run.terms });
    camera.run.prove(WallDuration(OFFSET + 7));
    assert!(!camera.run.is_unproven(), "nothing is open, so nothing waits");
    camera.seconds(0..3);
    assert!(matches!(&camera.steps[0], Step::Open(head) if head.start.0 == OFFSET && head.flags == Flags::default()));
}

/// What is recorded of frames that come in this order, a tenth of a second each, those after the first two B-frames where they
/// are shown earlier than another before them: the decode and presentation times of each, in tenths.
fn reordered(depth: usize, places: &[i64]) -> (Vec<(i64, i64)>, Option<String>) {
    let mut camera = Camera::new();
    camera.run = camera.run.with_reorder(depth);
    let mut end = None;
    for (n, &place) in (0..).zip(places) {
        camera.now = n * SECOND / 10;
        let is_bidirectional = places[..n as usize].iter().any(|&before| before > place);
        let frame = Frame { is_bidirectional, ..camera.frame(place * SECOND / 10, n == 0 || place % 100 == 0) };
        if let Err(reason) = camera.run.push(&frame, &mut camera.steps) {
            end = Some(reason.to_string());
            break;
        }
    }
    camera.run.finish(EndReason::new(Cause::Stopped, ""), &mut camera.steps);
    let mut index = Vec::new();
    for step in &camera.steps {
        match step {
            Step::Append(append) => index.extend_from_slice(&append.index),
            Step::Close(close) => index.extend_from_slice(&close.index),
            Step::Open(head) => assert_eq!(head.flags.contains(Flags::REORDERED), depth > 0),
        }
    }
    let mut at = 0;
    let tenths = |units: i64| units * 10 / SECOND;
    let samples = sample_index::samples(&index).map(|s| {
        let s = s.unwrap();
        at += i64::from(s.duration_90k);
        let decoded = at - i64::from(s.duration_90k);
        (tenths(decoded), tenths(decoded + i64::from(s.composition_90k)))
    });
    (samples.collect(), end)
}

#[test]
fn frames_are_decoded_at_the_sorted_times_and_shown_at_their_own() {
    let places = [0, 4, 2, 1, 3, 8, 6, 5, 7, 100, 102, 101];
    let (samples, end) = reordered(2, &places);
    assert_eq!(end, None);
    let sorted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 101, 102];
    assert_eq!(samples, sorted.into_iter().zip(places).collect::<Vec<_>>());
    // More patience than needed changes nothing.
    assert_eq!(reordered(9, &places).0, samples);
    // The end comes amid frames that change places.
    assert_eq!(reordered(2, &[0, 4, 2]).0, [(0, 0), (2, 4), (4, 2)]);
}

#[test]
fn frames_that_move_further_than_told_end_the_run_and_the_next_one_knows() {
    let places = [0, 4, 2, 1, 3, 8, 6, 5, 7];
    let mut told = Vec::new();
    let mut run = Camera::new().run;
    let mut depth = 0;
    loop {
        let (_, end) = reordered(depth, &places);
        let Some(end) = end else { break };
        told.push(end);
        let mut camera = Camera::new();
        camera.run = run.with_reorder(depth);
        for (n, &place) in (0..).zip(&places) {
            let is_bidirectional = places[..n].iter().any(|&before| before > place);
            let frame = Frame { is_bidirectional, ..camera.frame(place * SECOND / 10, n == 0) };
            if camera.run.push(&frame, &mut camera.steps).is_err() {
                break;
            }
        }
        depth = camera.run.reorder_seen();
        run = Camera::new().run;
    }
    let words = |n| format!("unexpected B-frames: the stream said that frames change places by {n} at most");
    assert_eq!((depth, told), (2, vec![words(0), words(1)]));
}
