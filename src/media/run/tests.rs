//! The rules of a run, in plain values.

use super::*;
use crate::media::sample_index;
use bytes::Bytes;

const SECOND: i64 = 90_000;
/// Realtime − monotonic of all runs here.
const OFFSET: i64 = 1_000_000 * SECOND;

fn entry(name: &'static str) -> Arc<SampleEntry> {
    Arc::new(SampleEntry {
        data: Bytes::from_static(name.as_bytes()),
        width: 640,
        height: 360,
        pixel_aspect: (1, 1),
        rfc6381_codec: "avc1.4d401e".to_owned(),
    })
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
fn rotation_seconds_are_spread_and_wait_for_a_key_frame() {
    let due =
        |stream, start| rotate_at(StreamId::new(stream).unwrap(), WallTime(start * SECOND), false).0 / SECOND % 60;
    let mut seconds: Vec<i64> = (1..=60).map(|stream| due(stream, 0)).collect();
    seconds.sort_unstable();
    assert_eq!(seconds, (0..60).collect::<Vec<_>>());

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
    assert_eq!((s, reason.as_str()), (320, "camera clock: its time is +2.5 s from the recorder's"));
    let mut next = Run::new(Terms { clock_offset: WallDuration(OFFSET), ..camera.run.terms });
    next.push(&camera.frame(s * SECOND, true), &mut camera.steps).unwrap();
    assert!(!matches!(camera.steps.last(), Some(Step::Close(_))));
    camera.run = next;
    let story = camera.stop();
    let last: Vec<&str> = story.lines().rev().take(2).collect();
    assert!(last[1].ends_with("camera clock: its time is +2.5 s from the recorder's"), "{story}");
    assert!(!last[1].contains("trailing zero"), "{story}");
    assert!(last[0].starts_with("run at media 0.0: 323.200 + 0.000"), "{story}");
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
    assert_eq!(refused(SECOND, true), "B-frames not yet supported");
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
