//! `Subscription`: one viewer's place in a stream.

use super::LiveFrame;
use super::channel::Channel;
use super::group::Cursor;
use std::sync::Arc;
use tokio::sync::watch;

/// Reads a stream's frames as they come. It holds a position and no frames: who reads slowly costs no memory.
#[derive(Debug)]
pub struct Subscription {
    channel: Arc<Channel>,
    bell: watch::Receiver<()>,
    cursor: Cursor,
    /// The silence that was told last, and is not over.
    told: Option<Arc<str>>,
}

/// What a viewer is told.
#[derive(Debug)]
pub enum News {
    /// The next frames, in order.
    Frames {
        /// So many before them were dropped, because they were not read in time: these begin with a key frame.
        dropped: u64,
        /// At least one; all of one stretch.
        frames: Vec<LiveFrame>,
    },
    /// For the moment there is no picture, and why. Frames follow as soon as there are some, from a key frame on.
    NoPicture(Arc<str>),
}

impl Subscription {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self { bell: channel.listen(), channel, cursor: Cursor::default(), told: None }
    }

    /// Waits for news. Nothing is lost when it is dropped before it is ready.
    pub async fn next(&mut self) -> News {
        loop {
            self.bell.mark_unchanged();
            if let Some(news) = self.look() {
                return news;
            }
            self.bell.changed().await.expect("the channel, which is held here, has the sender");
        }
    }

    /// What is new, if anything is.
    pub fn look(&mut self) -> Option<News> {
        let now = self.channel.lock();
        if let Some(read) = now.group.read(&mut self.cursor) {
            self.told = None;
            return Some(News::Frames { dropped: read.dropped, frames: read.frames });
        }
        let why = match &now.silence {
            Some(why) => why.clone(),
            None if now.group.has_no_beginning_for(&self.cursor) => Arc::from(LARGE_GROUP),
            None => return None,
        };
        drop(now);
        if self.told.as_ref() == Some(&why) {
            return None;
        }
        self.told = Some(why.clone());
        Some(News::NoPicture(why))
    }
}

const LARGE_GROUP: &str = "the camera's group of pictures is too large to be kept: waiting for its next key frame";
