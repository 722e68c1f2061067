//! Film for the tests of this room.

use crate::base::{MediaDuration, StreamId, WallDuration, WallTime};
use crate::media::growing::{Append, Close, Head, IndexBytes, Progress};
use crate::media::recording::{Cause, EndReason, Flags};
use crate::media::sample_index::{Encoder, Sample};
use crate::store::closed::ClosedRecording;
use crate::store::trailer;
use bytes::Bytes;
use std::sync::Arc;

/// Frames of one recording, 1/10 s each, their bytes told from all others.
#[derive(Debug, Default)]
pub(crate) struct Script {
    encoder: Encoder,
    progress: Progress,
    last: Option<(u32, bool)>,
    /// All film so far.
    pub(crate) film: Vec<u8>,
}

const FRAME_90K: i64 = 9000;

impl Script {
    /// A recording that starts then.
    pub(crate) fn new(start: WallTime) -> Self {
        Self { progress: Progress { start, ..Progress::default() }, ..Self::default() }
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, is_key: bool, bytes: usize) -> Append {
        let index = self.settle(FRAME_90K);
        let data: Vec<u8> = (0..bytes).map(|i| (i + self.film.len() * 7) as u8).collect();
        self.film.extend_from_slice(&data);
        self.last = Some((bytes as u32, is_key));
        let (data, lists_before) = (Bytes::from(data), is_key && self.progress.video_samples > 0);
        Append { data, is_key, composition_90k: 0, lists_before, index, progress: self.progress }
    }

    /// So many frames, a key frame every five.
    pub(crate) fn frames(&mut self, n: usize) -> Vec<Append> {
        (0..n).map(|i| self.frame(i % 5 == 0, 100 + i)).collect()
    }

    /// The end, in good order: the run goes on.
    pub(crate) fn close(&mut self) -> Close {
        let index = self.settle(FRAME_90K);
        Close { index, progress: self.progress, flags: Flags::default(), end_reason: None }
    }

    /// The end of the run.
    pub(crate) fn end(&mut self) -> Close {
        let index = self.settle(0);
        let end_reason = Some(EndReason::new(Cause::Stopped, ""));
        Close { index, progress: self.progress, flags: Flags::TRAILING_ZERO, end_reason }
    }

    fn settle(&mut self, duration: i64) -> IndexBytes {
        let Some((bytes, is_key)) = self.last.take() else { return IndexBytes::default() };
        let p = &mut self.progress;
        p.media_duration += MediaDuration(duration);
        p.wall_duration += WallDuration(duration);
        p.sample_file_bytes += u64::from(bytes);
        p.video_samples += 1;
        p.video_sync_samples += u32::from(is_key);
        self.encoder.add(Sample { duration_90k: duration as i32, bytes, is_key, composition_90k: 0 })
    }
}

/// The head of a recording.
pub(crate) fn head(stream: StreamId, starts_run: bool, start: WallTime) -> Head {
    Head {
        stream,
        starts_run,
        media_offset: MediaDuration::ZERO,
        clock_offset: WallDuration(5),
        start,
        sample_entry: facts(1).sample_entry,
        flags: Flags::default(),
    }
}

/// What is known of a recording of stream 3 as it begins.
pub(crate) fn facts(number: u32) -> ClosedRecording {
    let mut facts = trailer::tests::example(number);
    Progress { start: facts.recording.start, ..Progress::default() }.put_into(&mut facts.recording);
    facts.recording.media_offset = MediaDuration::ZERO;
    facts.recording.end_reason = None;
    facts.recording.flags = Flags::default();
    facts.video_index = Arc::from([]);
    facts.blake3 = [0; 32];
    facts
}
