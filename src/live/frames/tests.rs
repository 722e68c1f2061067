//! Those of the whole room: what a tape does, and what those who watch read of it.

use super::*;
use crate::base::WallDuration;
use crate::media::growing::{Append, Close, IndexBytes, Progress};
use crate::media::recording::Flags;
use futures::FutureExt;

const FRAME: i64 = 9_000;
/// When the tests' run starts.
const START: WallTime = WallTime(1_000_000_000);

/// A camera of ten frames a second and the publisher of its stream.
struct Camera {
    frames: Frames,
    publisher: Publisher,
    number: u32,
    /// Where in the recording the next frame begins.
    at: MediaDuration,
    media_offset: MediaDuration,
}

fn stream() -> StreamId {
    StreamId::new(3).unwrap()
}

impl Camera {
    fn new() -> Self {
        let frames = Frames::default();
        let publisher = frames.publisher(stream());
        let mut camera =
            Self { frames, publisher, number: 0, at: MediaDuration::ZERO, media_offset: MediaDuration::ZERO };
        camera.open(true, 1);
        camera
    }

    fn open(&mut self, starts_run: bool, sample_entry_id: i32) {
        self.media_offset = if starts_run { MediaDuration::ZERO } else { self.media_offset + self.at };
        self.at = MediaDuration::ZERO;
        self.number += 1;
        let id = RecordingId::new(stream(), self.number);
        let sample_entry = SampleEntry::example(format!("entry {sample_entry_id}"));
        let media_offset = self.media_offset;
        self.publisher.open(Opened { id, starts_run, media_offset, sample_entry_id, sample_entry });
    }

    /// Adds a frame that lasts as usual.
    fn frame(&mut self, is_key: bool, bytes: usize) {
        let (progress, index) = (self.progress(), IndexBytes::default());
        self.publisher.append(&Append {
            data: vec![0x65; bytes].into(),
            is_key,
            composition_90k: 0,
            lists_before: false,
            index,
            progress,
        });
        self.at += MediaDuration(FRAME);
    }

    /// Adds a key frame and so many others, small ones.
    fn group(&mut self, others: usize) {
        self.frame(true, 100);
        (0..others).for_each(|_| self.frame(false, 10));
    }

    /// Ends the recording, and the run with it if there is a reason.
    fn close(&mut self, reason: Option<&str>) {
        if reason.is_some() {
            self.at = self.at - MediaDuration(FRAME);
        }
        let (progress, index) = (self.progress(), IndexBytes::default());
        self.publisher.close(&Close { index, progress, flags: Flags::default(), end_reason: None });
        if let Some(reason) = reason {
            self.publisher.fall_silent(reason);
        }
    }

    fn progress(&self) -> Progress {
        let start = START + self.media_offset.as_wall();
        Progress { start, wall_duration: self.at.as_wall(), media_duration: self.at, ..Progress::default() }
    }

    fn watch(&self) -> Subscription {
        self.frames.subscribe(stream())
    }
}

/// All that there is to read, as text: `-3` dropped, `K` a key frame, `.` another, `|` a change of stretch.
fn read(subscription: &mut Subscription) -> String {
    let mut said = String::new();
    let mut last: Option<Arc<Stretch>> = None;
    while let Some(news) = subscription.next().now_or_never() {
        match news {
            News::NoPicture(why) => said += &format!("({why})"),
            News::Frames { dropped, frames } => {
                if dropped > 0 {
                    said += &format!("-{dropped}");
                }
                for frame in frames {
                    if last.as_ref().is_some_and(|last| *last != frame.stretch) {
                        said.push('|');
                    }
                    last = Some(frame.stretch);
                    said.push(if frame.is_key { 'K' } else { '.' });
                }
            }
        }
    }
    said
}

#[test]
fn a_viewer_begins_with_the_newest_key_frame_and_reads_along() {
    let mut camera = Camera::new();
    camera.group(4);
    camera.group(3);
    let mut viewer = camera.watch();
    assert_eq!(read(&mut viewer), "K..", "the newest frame waits for its duration");
    assert_eq!(read(&mut viewer), "");
    camera.group(2);
    assert_eq!(read(&mut viewer), ".K.");
}

#[test]
fn frames_know_their_place_in_the_run_and_on_the_wall() {
    let mut camera = Camera::new();
    camera.group(1);
    let mut viewer = camera.watch();
    let mut told = Vec::new();
    let Some(News::Frames { frames, .. }) = viewer.look() else { panic!("no frames") };
    told.extend(frames.iter().map(|f| (f.media_time.0, f.duration.0, f.wall_time - START)));
    camera.close(None);
    camera.open(false, 1);
    camera.group(2);
    camera.close(Some("camera silent"));
    while let Some(News::Frames { frames, .. }) = viewer.look() {
        told.extend(frames.iter().map(|f| (f.media_time.0, f.duration.0, f.wall_time - START)));
    }
    let expected: Vec<_> = (0..5).map(|n| (n * FRAME, FRAME, WallDuration(n * FRAME))).collect();
    assert_eq!(told, expected, "the last of a run lasts as long as the one before it");
}

#[test]
fn viewers_share_the_bytes() {
    let mut camera = Camera::new();
    camera.group(20);
    let mut all = Vec::new();
    for _ in 0..50 {
        let Some(News::Frames { frames, .. }) = camera.watch().look() else { panic!("no frames") };
        assert_eq!(frames.len(), 20);
        all.push(frames.iter().map(|f| f.data.as_ptr()).collect::<Vec<_>>());
    }
    all.dedup();
    assert_eq!(all.len(), 1);
}

#[test]
fn a_slow_viewer_is_moved_to_the_newest_key_frame_and_told() {
    let mut camera = Camera::new();
    camera.group(30);
    let mut slow = camera.watch();
    let mut quick = camera.watch();
    let beginning = format!("K{}", ".".repeat(29));
    assert_eq!((read(&mut slow), read(&mut quick)), (beginning.clone(), beginning));
    camera.group(30);
    assert_eq!(read(&mut quick), format!(".K{}", ".".repeat(29)));
    camera.group(4);
    assert_eq!(read(&mut quick), ".K...");
    assert_eq!(read(&mut slow), "-32K...", "the rest of its group, and all of the next");
}

#[test]
fn who_is_a_moment_late_skips_nothing() {
    let mut camera = Camera::new();
    camera.group(30);
    let mut viewer = camera.watch();
    read(&mut viewer);
    (0..5).for_each(|_| camera.frame(false, 10));
    camera.group(1);
    assert_eq!(read(&mut viewer), "......K");
}

#[test]
fn a_large_group_loses_its_beginning_and_newcomers_wait() {
    let mut camera = Camera::new();
    camera.frame(true, 3 << 20);
    let mut early = camera.watch();
    let mut slow = camera.watch();
    for _ in 0..20 {
        camera.frame(false, 1 << 20);
        read(&mut early);
        let held: usize = held(&camera).iter().sum();
        assert!(held <= MAX_BYTES, "{held}");
    }
    let mut late = camera.watch();
    let wait = "(the camera's group of pictures is too large to be kept: waiting for its next key frame)";
    assert_eq!(read(&mut late), wait);
    assert_eq!(read(&mut slow), wait, "it never began");
    assert_eq!(read(&mut early), "");
    camera.frame(true, 100);
    camera.frame(false, 100);
    assert_eq!((read(&mut late), read(&mut slow), read(&mut early)), ("K".into(), "K".into(), ".K".into()));
}

/// Sizes of the frames in memory.
fn held(camera: &Camera) -> Vec<usize> {
    camera.frames.channel(stream()).lock().group.frames().map(|frame| frame.data.len()).collect()
}

#[test]
fn new_parameters_and_new_runs_begin_another_stretch() {
    let mut camera = Camera::new();
    let mut viewer = camera.watch();
    assert_eq!(read(&mut viewer), "(the stream is not being recorded)");
    camera.group(2);
    assert_eq!(read(&mut viewer), "K.");
    camera.close(None);
    camera.open(false, 1);
    camera.group(1);
    camera.close(None);
    camera.open(false, 2);
    camera.group(1);
    camera.close(Some("camera clock: its time is +2.1 s from the recorder's"));
    camera.open(true, 2);
    camera.group(1);
    camera.close(None);
    assert_eq!(read(&mut viewer), ".K.|K.|K.");
}

#[test]
fn a_camera_that_goes_is_told_and_one_that_comes_back_goes_on() {
    let mut camera = Camera::new();
    camera.group(2);
    let mut viewer = camera.watch();
    assert_eq!(read(&mut viewer), "K.");
    camera.close(Some("camera silent"));
    assert_eq!(read(&mut viewer), ".(camera silent)");
    let mut newcomer = camera.watch();
    assert_eq!(read(&mut newcomer), "(camera silent)");
    camera.publisher.fall_silent("camera silent");
    assert_eq!(read(&mut viewer), "", "it knows");
    camera.publisher.fall_silent("camera unreachable");
    assert_eq!(
        (read(&mut viewer), read(&mut newcomer)),
        ("(camera unreachable)".into(), "(camera unreachable)".into())
    );
    camera.open(true, 1);
    camera.group(2);
    assert_eq!((read(&mut viewer), read(&mut newcomer)), ("K.".into(), "K.".into()));
    drop(std::mem::replace(&mut camera.publisher, Frames::default().publisher(stream())));
    assert_eq!(read(&mut viewer), "(the stream is not being recorded)");
}

#[test]
fn a_frame_that_the_disk_refused_is_not_shown() {
    let mut camera = Camera::new();
    camera.group(2);
    let mut viewer = camera.watch();
    assert_eq!(read(&mut viewer), "K.");
    camera.publisher.fall_silent("disk behind");
    assert_eq!(read(&mut viewer), "(disk behind)");
}

#[tokio::test]
async fn who_waits_is_woken() {
    let mut camera = Camera::new();
    let mut viewer = camera.watch();
    read(&mut viewer);
    let waiting = tokio::spawn(async move { viewer.next().await });
    tokio::task::yield_now().await;
    camera.group(1);
    assert!(matches!(waiting.await.unwrap(), News::Frames { dropped: 0, .. }));
}
