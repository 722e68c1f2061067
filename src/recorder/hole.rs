//! `Hole`: the time since a stream's film ended, until it goes on.

use crate::base::{StreamId, WallTime};
use crate::media::Recording;
use crate::media::recording::{Cause, EndReason};
use crate::store::{Gap, Store};
use std::sync::Arc;

/// Tells the store of the hole that a stream is in, so that it is there to be asked for from its first second, and
/// while it lasts with the newest reason.
pub(super) struct Hole {
    store: Arc<Store>,
    stream: StreamId,
    /// None while film is recorded, and when there never was any.
    open: Option<Gap>,
}

impl Hole {
    /// Of a stream whose session begins. Blocks on the disk: the hole began where the newest film ended.
    pub(super) fn before_session(store: Arc<Store>, stream: StreamId) -> Self {
        let open = newest_film(&store, stream).map(|newest| {
            let cut = Cause::PowerCut.words().to_owned();
            let words = newest.end_reason.clone().unwrap_or(cut);
            let (cause, detail) = words.split_once(": ").unwrap_or((&words, ""));
            Gap { start: newest.end(), end: None, cause: cause.to_owned(), detail: detail.to_owned() }
        });
        Self { store, stream, open }
    }

    /// The film ended.
    pub(super) fn begins(&mut self, at: WallTime, reason: &EndReason) {
        self.tell(Gap::new(at, reason));
    }

    /// It lasts, and this is why now.
    pub(super) fn lasts(&mut self, reason: &EndReason) {
        if let Some(gap) = &self.open {
            self.tell(Gap::new(gap.start, reason));
        }
    }

    /// Film goes on. A run that starts before the one before it ended leaves no hole.
    pub(super) fn ends(&mut self, at: WallTime) {
        if let Some(gap) = self.open.take() {
            self.store.gap(self.stream, Gap { end: Some(at.max(gap.start)), ..gap });
        }
    }

    fn tell(&mut self, gap: Gap) {
        if self.open.as_ref() != Some(&gap) {
            self.store.gap(self.stream, gap.clone());
            self.open = Some(gap);
        }
    }
}

/// What was recorded last. A disk that does not answer is said elsewhere, and then nothing was recorded.
fn newest_film(store: &Store, stream: StreamId) -> Option<Recording> {
    let end = store.stream_stats(stream).last()?;
    let mut there = store.recordings(stream, end - JUST_BEFORE..end).ok()?;
    let newest = there.iter().enumerate().max_by_key(|(_, r)| r.end()).map(|(at, _)| at)?;
    Some(there.swap_remove(newest))
}

/// A moment of the newest recording: one unit before its end.
const JUST_BEFORE: crate::base::WallDuration = crate::base::WallDuration(1);
