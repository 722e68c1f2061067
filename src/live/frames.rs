//! `Frames`: the newest group of pictures of each stream, in memory once for all who watch.

mod channel;
mod group;
mod publisher;
mod subscription;

pub use group::MAX_BYTES;
pub use publisher::{Opened, Publisher};
pub use subscription::{News, Subscription};

use crate::base::{MediaDuration, RecordingId, StreamId, WallTime};
use crate::media::SampleEntry;
use bytes::Bytes;
use channel::Channel;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the recorder's frames meet those who watch. Each stream holds at most [`MAX_BYTES`], however many watch it;
/// a stream that was never published or watched holds nothing, and one that is not recorded any more next to nothing.
#[derive(Debug, Default)]
pub struct Frames {
    channels: Mutex<BTreeMap<StreamId, Arc<Channel>>>,
}

/// A recorded frame, as those who watch get it. A clone shares the bytes.
#[derive(Clone, Debug)]
pub struct LiveFrame {
    /// The bytes that went to the disk.
    pub data: Bytes,
    /// Decoding can begin with it.
    pub is_key: bool,
    /// Media time since the start of its run to when it is decoded: what `tfdt` says of it, live and recorded.
    pub media_time: MediaDuration,
    /// Until the next frame is decoded. The last of a run has no next: it is said to last as long as the one before it.
    pub duration: MediaDuration,
    /// From then to when it is shown; not 0 only where frames change places.
    pub composition: MediaDuration,
    /// When it was captured, as far as is known by now: in its first seconds the start of a run may still move, and a
    /// recording's end may be corrected.
    pub wall_time: WallTime,
    /// What it is a part of.
    pub stretch: Arc<Stretch>,
}

/// Frames that one initialisation segment and one time line serve: a run, or the part of it with the same parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first recording of the run.
    pub run_start: RecordingId,
    /// The sample entry's number in the store.
    pub sample_entry_id: i32,
    /// How to decode it.
    pub sample_entry: Arc<SampleEntry>,
}

impl Frames {
    /// The right to publish a stream's frames. A stream has one publisher at a time.
    pub fn publisher(&self, stream: StreamId) -> Publisher {
        Publisher::new(self.channel(stream))
    }

    /// Watches a stream from its newest key frame on.
    pub fn subscribe(&self, stream: StreamId) -> Subscription {
        Subscription::new(self.channel(stream))
    }

    fn channel(&self, stream: StreamId) -> Arc<Channel> {
        // Nothing is left half done under the lock.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).entry(stream).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
