//! `Publisher`: turns what a tape does into frames that know how long they last.

use super::channel::Channel;
use super::{LiveFrame, Stretch};
use crate::base::{MediaDuration, RecordingId};
use crate::media::SampleEntry;
use crate::media::growing::{Append, Close};
use std::sync::Arc;

/// Publishes one stream. Nothing here waits for those who watch.
///
/// A frame is published when the next one is there: only then is it known how long it lasts
/// (`docs/decisions/0080-one-frame-late.md`). Dropped, it tells that the stream is not recorded any more.
#[derive(Debug)]
pub struct Publisher {
    channel: Arc<Channel>,
    stretch: Option<Arc<Stretch>>,
    /// Media time of the run's recordings before this one.
    media_offset: MediaDuration,
    /// The newest frame: how long it lasts is not known yet.
    newest: Option<LiveFrame>,
    /// How long the frame before it lasts.
    last_duration: MediaDuration,
}

/// A recording that was begun.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Which one.
    pub id: RecordingId,
    /// It begins a run.
    pub starts_run: bool,
    /// The sum of the run's media durations so far.
    pub media_offset: MediaDuration,
    /// The sample entry's number in the store.
    pub sample_entry_id: i32,
    /// How to decode it.
    pub sample_entry: Arc<SampleEntry>,
}

impl Publisher {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        let (media_offset, last_duration) = (MediaDuration::ZERO, LONE_FRAME);
        Self { channel, stretch: None, media_offset, newest: None, last_duration }
    }

    /// The frames that follow are of this recording.
    pub fn open(&mut self, opened: Opened) {
        let Opened { id, starts_run, media_offset, sample_entry_id, sample_entry } = opened;
        self.media_offset = media_offset;
        let going_on = self.stretch.as_ref().filter(|_| !starts_run);
        if going_on.is_none_or(|stretch| stretch.sample_entry_id != sample_entry_id) {
            let run_start = going_on.map_or(id, |stretch| stretch.run_start);
            self.stretch = Some(Arc::new(Stretch { run_start, sample_entry_id, sample_entry }));
        }
        if starts_run {
            self.last_duration = LONE_FRAME;
        }
    }

    /// A frame was recorded; the one before it is published.
    pub fn append(&mut self, append: &Append) {
        let Some(stretch) = &self.stretch else { return };
        let progress = &append.progress;
        let frame = LiveFrame {
            data: append.data.clone(),
            is_key: append.is_key,
            media_time: self.media_offset + progress.media_duration,
            duration: MediaDuration::ZERO,
            composition: MediaDuration(append.composition_90k.into()),
            wall_time: progress.start + progress.media_duration.as_wall(),
            stretch: stretch.clone(),
        };
        self.settle(frame.media_time);
        self.newest = Some(frame);
    }

    /// The recording is at its end; its last frame is published.
    pub fn close(&mut self, close: &Close) {
        self.settle(self.media_offset + close.progress.media_duration);
    }

    /// Nothing is recorded for the moment, and why. A frame that was not published by now was not recorded.
    pub fn fall_silent(&mut self, why: &str) {
        self.newest = None;
        self.stretch = None;
        self.channel.fall_silent(why);
    }

    /// The newest frame lasts until `end`, and is published.
    fn settle(&mut self, end: MediaDuration) {
        let Some(mut frame) = self.newest.take() else { return };
        let duration = end - frame.media_time;
        // The last of a run is recorded with no duration; a playback shows it for as long as the one before it too.
        frame.duration = if duration > MediaDuration::ZERO { duration } else { self.last_duration };
        self.last_duration = frame.duration;
        self.channel.publish(frame);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.fall_silent("the stream is not being recorded");
    }
}

/// How long a frame with none before and none after it is shown.
const LONE_FRAME: MediaDuration = MediaDuration(3_000);
