//! `Tape`: a stream's run and the recording it writes, kept in step.

use super::hole::Hole;
use crate::base::{Error, Kind, MonoTime, RecordingId, StreamId, WallDuration, WallTime};
use crate::live::frames::{Opened, Publisher};
use crate::media::Anchor;
use crate::media::Frame;
use crate::media::anchor::shift;
use crate::media::growing::{Append, Close, Head, Step};
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::run::{Run, Terms};
use crate::store::{Growing, Moment, Store};
use std::sync::Arc;

/// Takes frames and does what the run says. Whatever ends a run, the recording that was open is closed.
pub(super) struct Tape {
    store: Arc<Store>,
    stream: StreamId,
    /// Who it is, for the log.
    label: String,
    run: Option<Run>,
    /// By how many places the stream's frames were seen to move; it may not say so itself.
    reorder: usize,
    growing: Option<Growing>,
    /// Who watches sees what is recorded.
    publisher: Publisher,
    hole: Hole,
    /// Where the film ends so far.
    film_end: Moment,
    /// Realtime − monotonic by which the recording is told that is open, if that is not known to be right.
    unproven: Option<WallDuration>,
    /// The recording that is open is the first of its run.
    is_first: bool,
    /// Realtime − monotonic of this boot, once it is known and the run was told of it.
    proof: Option<WallDuration>,
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
            reorder: 0,
            growing: None,
            publisher,
            film_end: Moment { time: WallTime(0), unproven: None },
            unproven: None,
            is_first: false,
            proof: None,
            retry_at: None,
            steps: Vec::new(),
        }
    }

    /// Records a frame; when a run begins with it, the run is tied to `anchor`. An error means that the camera's stream
    /// cannot go on.
    pub(super) fn push(&mut self, frame: &Frame, anchor: Anchor) -> Result<Taken, EndReason> {
        if self.retry_at.is_some_and(|at| frame.arrived < at) {
            return Ok(Taken::Waiting);
        }
        self.mind_proof();
        let terms = Terms { stream: self.stream, clock_offset: anchor.clock_offset, unproven: anchor.unproven };
        let reorder = self.reorder;
        let new = || Run::new(terms).with_reorder(reorder);
        let run = self.run.get_or_insert_with(new);
        let mut pushed = run.push(frame, &mut self.steps);
        self.reorder = run.reorder_seen();
        if matches!(&pushed, Err(reason) if reason.cause == Cause::CameraClock) {
            let held = run.take_held();
            *run = new();
            pushed = held.iter().try_for_each(|frame| run.push(frame, &mut self.steps));
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

    /// An unproven run learns the time as soon as the store has moved what there was of it.
    fn mind_proof(&mut self) {
        let Some(run) = self.run.as_mut().filter(|run| run.is_unproven()) else { return };
        let Some(proof) = self.store.clock_proof() else { return };
        run.prove(proof);
        if self.proof.replace(proof).is_none() {
            self.hole.tell_again();
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
            && let Some(growing) = self.growing.take()
        {
            let none = self.is_first && growing.left_nothing();
            if !(none && self.hole.goes_on(refused)) {
                self.hole.begins(self.film_end, refused);
            }
        }
        done
    }

    fn carry_out_one(&mut self, step: Step) -> Result<(), EndReason> {
        match step {
            Step::Open(head) => {
                let Head { start, starts_run, media_offset, clock_offset, flags, .. } = head;
                let sample_entry = head.sample_entry.clone();
                let begun = self.store.begin(head).map_err(|e| EndReason::new(cause(&e), e.to_string()))?;
                let (id, sample_entry_id) = (begun.id(), begun.sample_entry_id());
                self.publisher.open(Opened { id, starts_run, media_offset, sample_entry_id, sample_entry });
                self.growing = Some(begun);
                self.unproven = flags.contains(Flags::UNPROVEN_TIME).then_some(clock_offset);
                self.is_first = starts_run;
                if starts_run {
                    let unproven = self.unproven.is_some();
                    self.hole.ends(self.moment(start), Anchor { clock_offset, unproven });
                }
            }
            Step::Append(append) => {
                let progress = append.progress;
                if self.growing.is_some() && self.is_first {
                    self.hole.ended_at(self.moment(progress.start));
                }
                self.film_end = self.moment(progress.start + progress.wall_duration);
                if let Some(growing) = &mut self.growing {
                    match self.unproven.zip(self.proof) {
                        Some((own, proof)) => self.publisher.append(&moved(&append, shift(own, proof))),
                        None => self.publisher.append(&append),
                    }
                    growing.append(append)?;
                }
            }
            Step::Close(close) => {
                if let Some(growing) = self.growing.take() {
                    self.publisher.close(&close);
                    self.film_end = self.moment(close.progress.start + close.progress.wall_duration);
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

    /// A time as the recording that is open tells it.
    fn moment(&self, time: WallTime) -> Moment {
        Moment { time, unproven: self.unproven }
    }
}

/// For those who watch, who are told the time as it is known by now.
fn moved(append: &Append, shift: WallDuration) -> Append {
    let mut moved = append.clone();
    moved.progress.start = moved.progress.start + shift;
    moved
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
mod tests;
