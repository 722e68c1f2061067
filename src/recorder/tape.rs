//! `Tape`: a stream's run and the recording it writes, kept in step.

use super::hole::Hole;
use crate::base::{Error, Kind, MonoTime, RecordingId, StreamId, WallDuration, WallTime};
use crate::live::frames::{Opened, Publisher};
use crate::media::Frame;
use crate::media::growing::{Close, Head, Step};
use crate::media::recording::{Cause, EndReason};
use crate::media::run::{Run, Terms};
use crate::store::{Growing, Store};
use std::sync::Arc;

/// Takes frames and does what the run says. Whatever ends a run, the recording that was open is closed.
pub(super) struct Tape {
    store: Arc<Store>,
    stream: StreamId,
    /// Who it is, for the log.
    label: String,
    run: Option<Run>,
    growing: Option<Growing>,
    /// Who watches sees what is recorded.
    publisher: Publisher,
    hole: Hole,
    /// Where the film ends so far.
    film_end: WallTime,
    /// Until then the disk, which refused, is left alone.
    retry_at: Option<MonoTime>,
    /// Always empty between calls; kept for its memory.
    steps: Vec<Step>,
}

/// What became of a frame.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is recorded.
    Yes,
    /// A recording waits for its first key frame.
    Waiting,
    /// The disk did not take it. Nothing is wrong with the camera: go on.
    Refused(EndReason),
}

impl Tape {
    /// An empty one. Blocks on the disk.
    pub(super) fn new(store: Arc<Store>, publisher: Publisher, stream: StreamId, label: &str) -> Self {
        Self {
            hole: Hole::before_session(store.clone(), stream),
            store,
            stream,
            label: label.to_owned(),
            run: None,
            growing: None,
            publisher,
            film_end: WallTime(0),
            retry_at: None,
            steps: Vec::new(),
        }
    }

    /// Records a frame; `clock_offset` is realtime − monotonic now, used when a run begins with it. An error means
    /// that the camera's stream cannot go on.
    pub(super) fn push(&mut self, frame: &Frame, clock_offset: WallDuration) -> Result<Taken, EndReason> {
        if self.retry_at.is_some_and(|at| frame.arrived < at) {
            return Ok(Taken::Waiting);
        }
        // `unproven` comes with the clock's state, which nobody can tell yet.
        let terms = Terms { stream: self.stream, clock_offset, unproven: false };
        let mut pushed = self.run.get_or_insert_with(|| Run::new(terms)).push(frame, &mut self.steps);
        if matches!(&pushed, Err(reason) if reason.cause == Cause::CameraClock) {
            pushed = self.run.insert(Run::new(terms)).push(frame, &mut self.steps);
        }
        self.retry_at = None;
        if let Err(refused) = self.carry_out() {
            self.end(refused.clone());
            self.hole.lasts(&refused);
            self.retry_at = Some(frame.arrived + DISK_REST);
            return Ok(Taken::Refused(refused));
        }
        match pushed {
            Ok(()) if self.growing.is_some() => Ok(Taken::Yes),
            Ok(()) => Ok(Taken::Waiting),
            Err(reason) => {
                self.end(reason.clone());
                Err(reason)
            }
        }
    }

    /// The hole lasts, and this is why now.
    pub(super) fn still_nothing(&mut self, reason: &EndReason) {
        self.hole.lasts(reason);
        self.publisher.fall_silent(&reason.to_string());
    }

    /// Ends the run, if there is one.
    pub(super) fn end(&mut self, reason: EndReason) {
        let words = reason.to_string();
        if let Some(mut run) = self.run.take() {
            run.finish(reason, &mut self.steps);
        }
        if let Err(refused) = self.carry_out() {
            log::debug!("{}: its end was not written either: {refused}", self.label);
        }
        self.growing = None;
        self.publisher.fall_silent(&words);
    }

    /// Does what the run said. After a refusal nothing is open any more, and the rest is left undone.
    fn carry_out(&mut self) -> Result<(), EndReason> {
        let mut steps = std::mem::take(&mut self.steps);
        let done = steps.drain(..).try_for_each(|step| self.carry_out_one(step));
        self.steps = steps;
        if let Err(refused) = &done
            && self.growing.take().is_some()
        {
            self.hole.begins(self.film_end, refused);
        }
        done
    }

    fn carry_out_one(&mut self, step: Step) -> Result<(), EndReason> {
        match step {
            Step::Open(head) => {
                let Head { start, starts_run, media_offset, .. } = head;
                let sample_entry = head.sample_entry.clone();
                let begun = self.store.begin(head).map_err(|e| EndReason::new(cause(&e), e.to_string()))?;
                let (id, sample_entry_id) = (begun.id(), begun.sample_entry_id());
                self.publisher.open(Opened { id, starts_run, media_offset, sample_entry_id, sample_entry });
                self.growing = Some(begun);
                if starts_run {
                    self.hole.ends(start);
                }
            }
            Step::Append(append) => {
                if let Some(growing) = &mut self.growing {
                    self.film_end = append.progress.start + append.progress.wall_duration;
                    self.publisher.append(&append);
                    growing.append(append)?;
                }
            }
            Step::Close(close) => {
                if let Some(growing) = self.growing.take() {
                    self.publisher.close(&close);
                    self.film_end = close.progress.start + close.progress.wall_duration;
                    if let Some(reason) = &close.end_reason {
                        self.hole.begins(self.film_end, reason);
                    }
                    log_close(&self.label, growing.id(), &close);
                    growing.close(close);
                }
            }
        }
        Ok(())
    }
}

/// Why the store does not begin a recording, as the cause of a hole.
fn cause(refusal: &Error) -> Cause {
    match refusal.kind() {
        Kind::Busy => Cause::DiskBehind,
        _ => Cause::DiskFailed,
    }
}

/// After a refusal; a disk that is full or gone is not asked at every key frame of every camera.
const DISK_REST: WallDuration = WallDuration::from_secs(5);

fn log_close(label: &str, id: RecordingId, close: &Close) {
    let seconds = close.progress.media_duration.as_secs_f64();
    let megabytes = close.progress.sample_file_bytes as f64 / 1e6;
    match &close.end_reason {
        None => log::info!("{label}: recording {} closed, {seconds:.1} s, {megabytes:.1} MB", id.number()),
        Some(reason) => {
            log::info!("{label}: recording {} closed, {seconds:.1} s, {megabytes:.1} MB: {reason}", id.number());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Frames;
    use crate::media::SampleEntry;
    use crate::store::Options;
    use crate::store::camera::{NewCamera, NewStream, PerKind};
    use bytes::Bytes;

    const SECOND: i64 = 90_000;

    /// A store of one camera on a disk of its own, and the tape of its main stream.
    fn tape(disk: &tempfile::TempDir) -> (Arc<Store>, Tape) {
        let store =
            Store::open(Options::new(disk.path().join("db"), disk.path().join("film"), || WallTime(0))).unwrap();
        let main = Some(NewStream::new("rtsp://127.0.0.1/"));
        let porch = NewCamera { name: "porch".into(), streams: PerKind { main, sub: None }, ..Default::default() };
        let stream = store.add_camera(&porch).unwrap().streams[0].id;
        (store.clone(), other_tape(store, stream, "porch/main"))
    }

    /// A tape that nobody watches.
    fn other_tape(store: Arc<Store>, stream: StreamId, label: &str) -> Tape {
        Tape::new(store, Frames::default().publisher(stream), stream, label)
    }

    fn frame(second: i64, arrived: i64, entry: &Arc<SampleEntry>) -> Frame {
        Frame {
            pts_90k: second * SECOND,
            arrived: MonoTime(arrived),
            is_key: true,
            is_skipped_leading: false,
            is_bidirectional: false,
            data: Bytes::from_static(b"\0\0\0\x01\x65"),
            sample_entry: entry.clone(),
            lost_packets: 0,
        }
    }

    fn entry() -> Arc<SampleEntry> {
        SampleEntry::example(&b"\0\0\0\x08avc1"[..])
    }

    /// What the store has of the stream: when it starts, how many frames, why it ended.
    fn recorded(store: &Store, stream: StreamId) -> Vec<(i64, u32, Option<String>)> {
        store.flush().unwrap();
        let all = store.recordings(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
        all.into_iter().map(|r| (r.start.0 / SECOND, r.video_samples, r.end_reason)).collect()
    }

    #[test]
    fn what_the_run_says_is_done() {
        let disk = tempfile::tempdir().unwrap();
        let (store, mut tape) = tape(&disk);
        let entry = entry();
        for second in 0..10 {
            let taken = tape.push(&frame(second, second * SECOND, &entry), WallDuration(0)).unwrap();
            assert!(matches!(taken, Taken::Yes));
        }
        let reason = tape.push(&frame(9, 10 * SECOND, &entry), WallDuration(0)).unwrap_err();
        assert_eq!(reason.cause, Cause::BadTimestamps);
        tape.push(&frame(20, 20 * SECOND, &entry), WallDuration(0)).unwrap();
        tape.end(EndReason::new(Cause::Stopped, ""));
        let stopped = Some("recorder stopped".to_owned());
        let bad = Some("bad timestamps: repeated".to_owned());
        assert_eq!(recorded(&store, tape.stream), [(0, 10, bad), (20, 1, stopped)]);
    }

    #[test]
    fn a_hole_is_told_while_it_lasts_and_when_it_ends() {
        let disk = tempfile::tempdir().unwrap();
        let (store, mut tape) = tape(&disk);
        let entry = entry();
        let holes = |store: &Store, stream| {
            let gaps = store.gaps(stream, WallTime(i64::MIN)..WallTime(i64::MAX)).unwrap();
            let tell = |g: crate::store::Gap| (g.start.0 / SECOND, g.end.map(|end| end.0 / SECOND), g.cause);
            gaps.into_iter().map(tell).collect::<Vec<_>>()
        };
        for second in 0..5 {
            tape.push(&frame(second, second * SECOND, &entry), WallDuration(0)).unwrap();
        }
        tape.end(EndReason::new(Cause::Closed, ""));
        assert_eq!(holes(&store, tape.stream), [(4, None, "camera closed the stream".to_owned())]);
        tape.still_nothing(&EndReason::new(Cause::Unreachable, "no route"));
        assert_eq!(holes(&store, tape.stream), [(4, None, "camera unreachable".to_owned())]);
        store.flush().unwrap();

        // Another session finds the hole that it begins in.
        let mut tape = other_tape(store.clone(), tape.stream, "porch/main");
        tape.push(&frame(0, 20 * SECOND, &entry), WallDuration(0)).unwrap();
        store.flush().unwrap();
        assert_eq!(holes(&store, tape.stream), [(4, Some(20), "camera closed the stream".to_owned())]);
    }

    #[test]
    fn clocks_too_far_apart_begin_a_new_run_with_the_same_frame() {
        let disk = tempfile::tempdir().unwrap();
        let (store, mut tape) = tape(&disk);
        let entry = entry();
        let mut frames = 0;
        for second in 0..400 {
            // 2 % slow: three seconds behind after two and a half minutes.
            tape.push(&frame(second, second * SECOND * 102 / 100, &entry), WallDuration(0)).unwrap();
            frames += 1;
            if second % 10 == 0 {
                store.flush().unwrap(); // days in a moment are more than a disk keeps up with
            }
        }
        tape.end(EndReason::new(Cause::Stopped, ""));
        let recorded = recorded(&store, tape.stream);
        assert_eq!(recorded.iter().map(|r| r.1).sum::<u32>(), frames, "{recorded:?}");
        let ends: Vec<_> = recorded.iter().filter_map(|r| r.2.as_deref()).map(|r| &r[..12]).collect();
        assert!(ends.len() >= 2 && ends[..ends.len() - 1].iter().all(|&end| end == "camera clock"), "{recorded:?}");
    }

    #[test]
    fn a_stream_that_is_gone_is_refused_and_the_camera_goes_on() {
        let disk = tempfile::tempdir().unwrap();
        let (store, tape) = tape(&disk);
        let mut other = other_tape(store, StreamId::new(77).unwrap(), "gone/main");
        let taken = other.push(&frame(0, 0, &entry()), WallDuration(0)).unwrap();
        assert!(matches!(taken, Taken::Refused(_)), "{taken:?}");
        drop(tape);
    }
}
