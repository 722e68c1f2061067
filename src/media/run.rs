//! `Run`: one unbroken session with a camera, cut into recordings.

mod open;

use crate::base::{MediaDuration, MonoTime, StreamId, WallDuration, WallTime};
use crate::media::anchor::shift;
use crate::media::growing::{Append, Close, Head, IndexBytes, Step};
use crate::media::picture::Pictures;
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::reorder::Reorder;
use crate::media::{Frame, SampleEntry};
use open::{LastFrame, Open};
use std::sync::Arc;

/// A run: is told of frames and answers what the store has to do. When it refuses a frame it has ended; call
/// [`Run::finish`] with the reason and begin another.
#[derive(Debug)]
pub struct Run {
    terms: Terms,
    /// The right difference of real and monotonic time, known since the recording that is open began.
    proven: Option<WallDuration>,
    /// Media time of the recordings that are closed.
    media_offset: MediaDuration,
    /// Where the next recording starts; `None` for the first: it starts where its frames tell.
    next_start: Option<WallTime>,
    /// Since when a key frame is waited for, before the first.
    waiting_since: Option<MonoTime>,
    /// Where the newest key frame that left `reorder` was decoded.
    last_key_90k: i64,
    /// The newest key frame that came is the first of the run: leading pictures that refer to earlier ones cannot be
    /// decoded. `None` while there is none.
    key_starts_run: Option<bool>,
    reorder: Reorder,
    /// What the parameter sets of this entry say was told to it.
    reorder_told_by: Option<Arc<SampleEntry>>,
    least_depth: usize,
    /// The frame that was not taken: the run is over.
    refused: Option<Frame>,
    open: Option<Open>,
}

/// What holds for a whole run.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The stream it is of.
    pub stream: StreamId,
    /// Realtime − monotonic at its start; from then on only the monotonic clock counts.
    pub clock_offset: WallDuration,
    /// The system clock is not known to be right.
    pub unproven: bool,
}

impl Run {
    /// A run whose first frame is still to come.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            proven: None,
            media_offset: MediaDuration::ZERO,
            next_start: None,
            waiting_since: None,
            last_key_90k: 0,
            key_starts_run: None,
            reorder: Reorder::default(),
            reorder_told_by: None,
            least_depth: 0,
            refused: None,
            open: None,
        }
    }

    /// The same where frames are known to change places by so many, though the stream may not say so; see
    /// [`Self::reorder_seen`].
    pub fn with_reorder(self, least_depth: usize) -> Self {
        Self { least_depth, ..self }
    }

    /// By how many places B-frames were seen to move. When that is more than the stream had said the run has ended, and
    /// the next one should know it.
    pub fn reorder_seen(&self) -> usize {
        self.reorder.seen().max(self.least_depth)
    }

    /// Takes the next frame, in decoding order, and adds what is to be done to `steps`: of a stream that has B-frames, for
    /// frames that came earlier. A frame that comes before the first key frame, or that cannot be decoded after it, is
    /// passed over.
    ///
    /// An error means that a frame was not taken and the run is over. After [`Cause::CameraClock`] nothing is wrong
    /// with it: [`Self::take_held`] begins the next run.
    pub fn push(&mut self, frame: &Frame, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        match self.key_starts_run {
            None if !frame.is_key => {
                let since = *self.waiting_since.get_or_insert(frame.arrived);
                return check_key_wait((frame.arrived - since).0);
            }
            Some(true) if frame.is_skipped_leading => return Ok(()),
            _ => {}
        }
        if frame.is_key {
            self.key_starts_run = Some(self.key_starts_run.is_none());
            self.mind_reordering(&frame.sample_entry);
        }
        self.reorder.push(frame.clone());
        self.take_certain(steps)
    }

    /// The frames that came and were not taken.
    pub fn take_held(&mut self) -> Vec<Frame> {
        let held = self.reorder.take_held();
        self.refused.take().into_iter().chain(held).collect()
    }

    /// Other parameter sets may let frames move by more places.
    fn mind_reordering(&mut self, entry: &Arc<SampleEntry>) {
        if self.reorder_told_by.as_ref().is_some_and(|told| Arc::ptr_eq(told, entry)) {
            return;
        }
        let told = Pictures::new(entry).map_or(0, |pictures| pictures.reorder_depth());
        self.reorder.set_depth(told.max(self.least_depth));
        self.reorder_told_by = Some(entry.clone());
    }

    fn take_certain(&mut self, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        while let Some((frame, decode_90k)) = self.reorder.pop() {
            if let Err(reason) = self.take(&frame, decode_90k, steps) {
                self.refused = Some(frame);
                return Err(reason);
            }
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame, decode_90k: i64, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        let bytes = u32::try_from(frame.data.len()).ok().filter(|&n| (1..=MAX_FRAME_BYTES).contains(&n));
        let bytes =
            bytes.ok_or_else(|| EndReason::new(Cause::BadVideo, format!("a frame of {} bytes", frame.data.len())))?;
        let composition_90k = i32::try_from(frame.pts_90k - decode_90k);
        let composition_90k = composition_90k.map_err(|_| EndReason::new(Cause::BadTimestamps, "hours astray"))?;
        let new = LastFrame { decode_90k, composition_90k, bytes, is_key: frame.is_key };
        let Some(open) = &mut self.open else {
            self.open(frame, new, steps);
            self.last_key_90k = decode_90k;
            return Ok(());
        };
        let duration = open.duration_until(frame, decode_90k, self.reorder.depth())?;
        self.mind_key_frames(frame, decode_90k, duration)?;
        let open = self.open.as_mut().expect("it was open above");
        let index = open.settle_last(duration);
        let arrived = frame.arrived_at(self.terms.clock_offset);
        let new_parameters =
            !Arc::ptr_eq(&open.sample_entry, &frame.sample_entry) && open.sample_entry != frame.sample_entry;
        if frame.is_key && (new_parameters || open.is_due()) {
            self.rotate(index, steps)?;
            self.open(frame, new, steps);
        } else {
            open.hear(arrived);
            open.last = new;
            let lists_before = frame.is_key && open.start.is_some();
            if lists_before {
                open.listed = open.media_duration;
            }
            let (data, is_key, progress) = (frame.data.clone(), frame.is_key, open.progress());
            steps.push(Step::Append(Append { data, is_key, composition_90k, lists_before, index, progress }));
        }
        if frame.is_key {
            self.last_key_90k = decode_90k;
        }
        Ok(())
    }

    /// The system's clock is known to be right now, and this is realtime − monotonic. An unproven run goes on in proven
    /// time with its next recording. The one that is open is told in the run's own time to its end, and moved by whoever
    /// keeps it. A run that was proven stays as it is.
    pub fn prove(&mut self, clock_offset: WallDuration) {
        if !self.terms.unproven {
            return;
        }
        self.proven = Some(clock_offset);
        if self.open.is_none() {
            self.enter_proven_time();
        }
    }

    /// Is told in a time that is not known to be right.
    pub fn is_unproven(&self) -> bool {
        self.terms.unproven
    }

    fn enter_proven_time(&mut self) {
        let Some(clock_offset) = self.proven.take() else { return };
        let shift = shift(self.terms.clock_offset, clock_offset);
        self.next_start = self.next_start.map(|start| start + shift);
        self.terms.clock_offset += shift;
        self.terms.unproven = false;
    }

    /// Ends the run. Its last frame gets no duration, because no frame followed.
    pub fn finish(&mut self, reason: EndReason, steps: &mut Vec<Step>) {
        if self.refused.is_none() {
            self.reorder.flush();
            // What cannot be taken any more is lost with the run.
            let _ = self.take_certain(steps);
        }
        let Some(mut open) = self.open.take() else { return };
        let index = open.settle_last(0);
        let flags = open.flags(&self.terms).with(Flags::TRAILING_ZERO);
        steps.push(Step::Close(Close { index, progress: open.closing_progress(), flags, end_reason: Some(reason) }));
    }

    fn mind_key_frames(&self, frame: &Frame, decode_90k: i64, duration_90k: i32) -> Result<(), EndReason> {
        let open = self.open.as_ref().expect("only asked while a recording is open");
        if open.media_duration.0 + i64::from(duration_90k) > MAX_RECORDING_90K {
            return Err(EndReason::new(Cause::NoKeyFrame, "the recording would grow over 5 minutes"));
        }
        if frame.is_key {
            return Ok(());
        }
        if *open.sample_entry != *frame.sample_entry {
            return Err(EndReason::new(Cause::BadVideo, "parameter sets changed without a key frame"));
        }
        check_key_wait(decode_90k - self.last_key_90k)
    }

    /// Closes the recording that is open. An error when the clocks are too far apart to go on in this run.
    fn rotate(&mut self, index: IndexBytes, steps: &mut Vec<Step>) -> Result<(), EndReason> {
        let open = self.open.take().expect("only an open recording rotates");
        let progress = open.closing_progress();
        let error = open.error_at_end(&progress);
        let reason = (error.0.abs() > MAX_CLOCK_ERROR_90K).then(|| {
            let seconds = error.as_secs_f64();
            EndReason::new(Cause::CameraClock, format!("its time is {seconds:+.1} s from the recorder's"))
        });
        self.media_offset += progress.media_duration;
        self.next_start = Some(progress.start + progress.wall_duration);
        let flags = open.flags(&self.terms);
        steps.push(Step::Close(Close { index, progress, flags, end_reason: reason.clone() }));
        self.enter_proven_time();
        reason.map_or(Ok(()), Err)
    }

    fn open(&mut self, frame: &Frame, new: LastFrame, steps: &mut Vec<Step>) {
        let start = self.next_start;
        let open = Open::begin(&self.terms, start, frame, new, self.reorder.depth() > 0);
        let (progress, flags) = (open.progress(), open.flags(&self.terms));
        steps.push(Step::Open(Head {
            stream: self.terms.stream,
            starts_run: start.is_none(),
            media_offset: self.media_offset,
            clock_offset: self.terms.clock_offset,
            start: progress.start,
            sample_entry: frame.sample_entry.clone(),
            flags,
        }));
        let composition_90k = new.composition_90k;
        let (data, index) = (frame.data.clone(), IndexBytes::default());
        steps.push(Step::Append(Append { data, is_key: true, composition_90k, lists_before: false, index, progress }));
        self.open = Some(open);
    }
}

impl Terms {
    fn flags(&self) -> Flags {
        if self.unproven { Flags::UNPROVEN_TIME } else { Flags::default() }
    }
}

impl Frame {
    /// When it arrived by the wall clock of a run.
    fn arrived_at(&self, clock_offset: WallDuration) -> WallTime {
        WallTime(self.arrived.0 + clock_offset.0)
    }
}

fn check_key_wait(waited_90k: i64) -> Result<(), EndReason> {
    if waited_90k <= MAX_KEY_WAIT_90K {
        return Ok(());
    }
    Err(EndReason::new(Cause::NoKeyFrame, "none in 4 minutes"))
}

/// Without a key frame for longer the run ends (a camera that refreshes by stripes never sends one).
const MAX_KEY_WAIT_90K: i64 = MediaDuration::from_secs(240).0;
/// No recording is longer than 5 minutes, so that a query may look back just so far.
const MAX_RECORDING_90K: i64 = MediaDuration::from_secs(299).0;
/// Local start and start may differ by this much at a rotation.
const MAX_CLOCK_ERROR_90K: i64 = WallDuration::from_secs(2).0;
/// A picture larger than this is a broken stream, not a picture.
const MAX_FRAME_BYTES: u32 = 16 << 20;

#[cfg(test)]
mod tests;
