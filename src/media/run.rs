//! `Run`: one unbroken session with a camera, cut into recordings.

use crate::base::MediaDuration;
use crate::base::MonoTime;
use crate::base::StreamId;
use crate::base::WallDuration;
use crate::base::WallTime;
use crate::media::Frame;
use crate::media::SampleEntry;
use crate::media::anchor::shift;
use crate::media::growing::{Append, Close, Head, IndexBytes, Progress, Step};
use crate::media::picture::Pictures;
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::reorder::Reorder;
use crate::media::sample_index::{Encoder, Sample};
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

/// The recording that is open.
#[derive(Debug)]
struct Open {
    /// Settled: for good. `None` while the first recording of a run is younger than [`SETTLING`], and in doubt.
    start: Option<WallTime>,
    /// When its first frame arrived.
    first_arrived: WallTime,
    /// The least, over its frames, of arrival − media duration of the frames before.
    local_start: WallTime,
    /// The same over each [`STRETCH_90K`] of its media time.
    stretches: Vec<WallTime>,
    rotate_at: WallTime,
    sample_entry: Arc<SampleEntry>,
    encoder: Encoder,
    media_duration: MediaDuration,
    /// How much of that may have been listed.
    listed: MediaDuration,
    bytes: u64,
    samples: u32,
    sync_samples: u32,
    /// Frames may change places.
    is_reordered: bool,
    /// The newest frame: how long it lasts is not known yet.
    last: LastFrame,
}

#[derive(Clone, Copy, Debug)]
struct LastFrame {
    decode_90k: i64,
    composition_90k: i32,
    bytes: u32,
    is_key: bool,
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
        let local_start = frame.arrived_at(self.terms.clock_offset);
        let start = self.next_start;
        let open = Open {
            start,
            first_arrived: local_start,
            local_start,
            stretches: vec![local_start],
            rotate_at: rotate_at(self.terms.stream, start.unwrap_or(local_start), start.is_none()),
            sample_entry: frame.sample_entry.clone(),
            encoder: Encoder::default(),
            media_duration: MediaDuration::ZERO,
            listed: MediaDuration::ZERO,
            bytes: 0,
            samples: 0,
            sync_samples: 0,
            is_reordered: self.reorder.depth() > 0,
            last: new,
        };
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

impl Open {
    /// How long the newest frame lasts, now that the next one is there.
    fn duration_until(&self, next: &Frame, decode_90k: i64, reorder: usize) -> Result<i32, EndReason> {
        let duration = decode_90k.saturating_sub(self.last.decode_90k);
        let seconds = duration as f64 / MediaDuration::from_secs(1).0 as f64;
        let detail = match duration {
            i64::MIN..=0 if next.is_bidirectional => {
                let what = format!("the stream said that frames change places by {reorder} at most");
                return Err(EndReason::new(Cause::BFrames, what));
            }
            i64::MIN..0 => format!("went back by {:.3} s", -seconds),
            0 => "repeated".to_owned(),
            1..=MAX_DURATION_90K => return Ok(duration as i32),
            _ => format!("went ahead by {seconds:.3} s"),
        };
        Err(EndReason::new(Cause::BadTimestamps, detail))
    }

    /// A frame arrived: where the recording starts is told by the least delayed one, as long as it is not settled. What
    /// later ones tell is the clock's drift, and corrected as such.
    fn hear(&mut self, arrived: WallTime) {
        let local_start = arrived - self.media_duration.as_wall();
        self.local_start = self.local_start.min(local_start);
        let stretch = usize::try_from(self.media_duration.0 / STRETCH_90K).unwrap_or(0);
        if stretch >= self.stretches.len() {
            self.stretches.resize(stretch + 1, local_start);
        }
        self.stretches[stretch] = self.stretches[stretch].min(local_start);
        if self.start.is_none() && arrived - self.first_arrived >= SETTLING {
            self.start = Some(self.local_start);
        }
    }

    /// Counts the newest frame with its duration; its index entry is the answer.
    fn settle_last(&mut self, duration_90k: i32) -> IndexBytes {
        let LastFrame { bytes, is_key, composition_90k, .. } = self.last;
        self.media_duration += MediaDuration(i64::from(duration_90k));
        self.bytes += u64::from(bytes);
        self.samples += 1;
        self.sync_samples += u32::from(is_key);
        self.encoder.add(Sample { duration_90k, bytes, is_key, composition_90k })
    }

    fn flags(&self, terms: &Terms) -> Flags {
        if self.is_reordered { terms.flags().with(Flags::REORDERED) } else { terms.flags() }
    }

    /// Its rotation second has come.
    fn is_due(&self) -> bool {
        self.start.unwrap_or(self.local_start) + self.media_duration.as_wall() >= self.rotate_at
    }

    /// So far. The clock is corrected at the end alone: until then a moment of the recording stays the same frame.
    fn progress(&self) -> Progress {
        let start = self.start.unwrap_or(self.local_start);
        Progress {
            start,
            wall_duration: self.media_duration.as_wall(),
            media_duration: self.media_duration,
            local_delta: self.local_start - start,
            sample_file_bytes: self.bytes,
            video_samples: self.samples,
            video_sync_samples: self.sync_samples,
        }
    }

    /// How far the next recording would be off if it started where this one ends; or the local delta, where that is more.
    ///
    /// The local delta tells where a camera was whose clock runs fast: its frames come ever earlier. Of one that runs slow it
    /// tells the beginning. Where that is depends on the least delayed of the first half and of the second: a network that
    /// holds up a few frames moves neither.
    fn error_at_end(&self, closing: &Progress) -> WallDuration {
        let half = self.stretches.len() / 2;
        let least = |stretches: &[WallTime]| stretches.iter().min().copied();
        let (first, second) = self.stretches.split_at(half);
        let (Some(first), Some(second)) = (least(first), least(second)) else { return closing.local_delta };
        // Slow: each half is least delayed at its beginning, so the end is further on by as much again.
        let between = half as i64 * STRETCH_90K;
        let rest = self.media_duration.0 - between;
        let slower = i128::from((second - first).0.max(0)) * i128::from(rest) / i128::from(between);
        let corrected = closing.wall_duration - closing.media_duration.as_wall();
        let at_end = second - closing.start + WallDuration(slower as i64) - corrected;
        if at_end.0.abs() > closing.local_delta.0.abs() { at_end } else { closing.local_delta }
    }

    /// All of it, with the clock corrected. What was listed of it stays inside.
    fn closing_progress(&self) -> Progress {
        let progress = self.progress();
        let limit = self.media_duration.0 / DRIFT_CORRECTION_LIMIT;
        let correction = WallDuration(progress.local_delta.0.clamp(-limit, limit));
        let wall_duration = (progress.wall_duration + correction).max(self.listed.as_wall());
        Progress { wall_duration, ..progress }
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

/// When a recording that starts at `start` is due to end: at its stream's own second of the minute, so that several
/// streams do not close their files at once. The first of a run lasts one to two minutes, the others half of one to
/// one and a half.
fn rotate_at(stream: StreamId, start: WallTime, starts_run: bool) -> WallTime {
    let period = WallDuration::from_secs(60).0;
    // Steps of 37 s visit all 60 seconds before one comes again, and neighbours are far apart.
    let second = WallDuration::from_secs(i64::from(stream.get()) * 37 % 60).0;
    let earliest = start.0 + if starts_run { period } else { period / 2 };
    WallTime(earliest + (second - earliest).rem_euclid(period))
}

fn check_key_wait(waited_90k: i64) -> Result<(), EndReason> {
    if waited_90k <= MAX_KEY_WAIT_90K {
        return Ok(());
    }
    Err(EndReason::new(Cause::NoKeyFrame, "none in 4 minutes"))
}

/// After so long a burst of frames that a camera had buffered is over, and among those that came live since, a few were
/// hardly delayed. Until then nothing of a run is listed; see `docs/decisions/0012-start-settles.md`.
const SETTLING: WallDuration = WallDuration::from_secs(3);
/// A frame may last this long.
const MAX_DURATION_90K: i64 = MediaDuration::from_secs(60).0;
/// Without a key frame for longer the run ends (a camera that refreshes by stripes never sends one).
const MAX_KEY_WAIT_90K: i64 = MediaDuration::from_secs(240).0;
/// No recording is longer than 5 minutes, so that a query may look back just so far.
const MAX_RECORDING_90K: i64 = MediaDuration::from_secs(299).0;
/// Short enough to tell the halves of a recording apart, long enough to have frames that were hardly delayed.
const STRETCH_90K: i64 = MediaDuration::from_secs(15).0;
/// Local start and start may differ by this much at a rotation.
const MAX_CLOCK_ERROR_90K: i64 = WallDuration::from_secs(2).0;
/// At most one part in so many of a recording's length is corrected: 500 ppm.
const DRIFT_CORRECTION_LIMIT: i64 = 2000;
/// A picture larger than this is a broken stream, not a picture.
const MAX_FRAME_BYTES: u32 = 16 << 20;

#[cfg(test)]
mod tests;
