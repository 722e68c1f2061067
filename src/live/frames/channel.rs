//! `Channel`: one stream's group of pictures, its publisher's word on it, and the bell for those who wait.

use super::LiveFrame;
use super::group::Group;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What a stream's publisher and its subscriptions share.
#[derive(Debug)]
pub(super) struct Channel {
    now: Mutex<Now>,
    /// Rung after each change. It holds no value, so a slow listener misses nothing but rings.
    bell: watch::Sender<()>,
}

/// What there is to see. Locked for a few lines: the recorder's thread must not wait for those who watch.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) group: Group,
    /// Why no frames come, if none do.
    pub(super) silence: Option<Arc<str>>,
}

impl Default for Channel {
    fn default() -> Self {
        let silence = Some(Arc::from("the stream is not being recorded"));
        Self { now: Mutex::new(Now { group: Group::default(), silence }), bell: watch::Sender::new(()) }
    }
}

impl Channel {
    /// There is a new frame.
    pub(super) fn publish(&self, frame: LiveFrame) {
        let mut now = self.lock();
        now.silence = None;
        let outlived = now.group.push(frame);
        drop(now);
        // Whoever held these last frees them here, where no lock is held.
        drop(outlived);
        self.ring();
    }

    /// No frames come for the moment, and why.
    pub(super) fn fall_silent(&self, why: &str) {
        let mut now = self.lock();
        if now.silence.as_deref() == Some(why) {
            return;
        }
        now.silence = Some(Arc::from(why));
        let outlived = now.group.end();
        drop(now);
        drop(outlived);
        self.ring();
    }

    /// For a short look.
    pub(super) fn lock(&self) -> MutexGuard<'_, Now> {
        // Nothing is left half done under the lock.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    fn ring(&self) {
        self.bell.send_replace(());
    }
}
