//! `Hole`: the time since a stream's film ended, until it goes on.

use super::clock::{STEP, set_by};
use crate::base::{StreamId, WallDuration, WallTime};
use crate::media::Anchor;
use crate::media::recording::{Cause, EndReason};
use crate::store::{self, Moment, Newest, SOFTWARE, Store};
use std::sync::Arc;

/// Tells the store of the hole that a stream is in, so that it is there to be asked for from its first second, and
/// while it lasts with the newest reason.
pub(super) struct Hole {
    store: Arc<Store>,
    stream: StreamId,
    /// None while film is recorded, and when there never was any.
    open: Option<store::Hole>,
    /// The one before the run that is recorded.
    ended: Option<store::Hole>,
    /// What the newest run is tied to, if it is of this boot.
    anchor: Option<Anchor>,
}

impl Hole {
    /// Of a stream whose session begins. Blocks on the disk: the hole began where the newest film ended.
    pub(super) fn before_session(store: Arc<Store>, stream: StreamId) -> Self {
        // A disk that does not answer is said elsewhere, and then nothing was recorded.
        let newest = store.newest(stream).ok().flatten();
        let anchor = newest.as_ref().and_then(|newest| {
            Some(Anchor { clock_offset: newest.clock_offset?, unproven: newest.end.unproven.is_some() })
        });
        let newest = newest.map(|newest| store::Hole { start: newest.end, end: None, reason: why_ended(&newest) });
        // Film may have been imported since.
        let later = lasting(&store, stream)
            .filter(|hole| newest.as_ref().is_none_or(|newest| hole.start.time > newest.start.time));
        let open = later.or(newest);
        Self { store, stream, open, ended: None, anchor }
    }

    /// The film ended.
    pub(super) fn begins(&mut self, at: Moment, reason: &EndReason) {
        self.tell(store::Hole { start: at, end: None, reason: reason.clone() });
    }

    /// The run that had ended it left no film: it lasts, and this is why now. False when there was none to go on with.
    pub(super) fn goes_on(&mut self, reason: &EndReason) -> bool {
        let Some(hole) = self.ended.take() else { return false };
        self.tell(store::Hole { end: None, reason: reason.clone(), ..hole });
        true
    }

    /// It lasts, and this is why now.
    pub(super) fn lasts(&mut self, reason: &EndReason) {
        if let Some(hole) = &self.open {
            self.tell(store::Hole { start: hole.start, end: None, reason: reason.clone() });
        }
    }

    /// Film goes on with a run that is tied to this. A run that starts before the one before it ended leaves a hole
    /// without a length.
    pub(super) fn ends(&mut self, at: Moment, anchor: Anchor) {
        let before = self.anchor.replace(anchor);
        self.ended = None;
        let Some(mut hole) = self.open.take() else { return };
        hole.end = Some(at);
        if let Some(moved) = self.moved(before, anchor, &hole) {
            let detail = format!("{moved}; before that: {}", hole.reason);
            hole.reason = EndReason::new(Cause::ClockMoved, detail);
        }
        self.store.hole(self.stream, hole.clone());
        self.ended = Some(hole);
    }

    /// When the film went on is better known now.
    pub(super) fn ended_at(&mut self, at: Moment) {
        if let Some(hole) = self.ended.as_mut().filter(|hole| hole.end != Some(at)) {
            hole.end = Some(at);
            self.store.hole(self.stream, hole.clone());
        }
    }

    /// The store has learned the time: a hole that it was told of before that may have an end of the old time only.
    pub(super) fn tell_again(&self) {
        if let Some(hole) = self.open.as_ref().or(self.ended.as_ref()) {
            self.store.hole(self.stream, hole.clone());
        }
    }

    /// How the clock was set between two runs, if both know the time: else it is told when they do.
    fn moved(&self, before: Option<Anchor>, now: Anchor, hole: &store::Hole) -> Option<String> {
        if now.unproven {
            return None;
        }
        match (before, self.store.clock_proof()) {
            (Some(Anchor { clock_offset, unproven: false }), _) | (Some(_), Some(clock_offset)) => {
                let step = now.clock_offset - clock_offset;
                (step.0.abs() >= STEP.0).then(|| format!("the recorder's clock was {}", set_by(step)))
            }
            // Over a restart of the machine there is nothing to compare but the film.
            (None, _) => {
                let back = hole.start.time - hole.end?.time;
                let words = || format!("this film begins {:.1} s before the film before it ended", back.as_secs_f64());
                (back >= OVERLAP).then(words)
            }
            _ => None,
        }
    }

    fn tell(&mut self, hole: store::Hole) {
        if self.open.as_ref() != Some(&hole) {
            self.store.hole(self.stream, hole.clone());
            self.open = Some(hole);
        }
    }
}

/// As it was told when the run ended.
fn why_ended(newest: &Newest) -> EndReason {
    let Some(words) = &newest.recording.end_reason else { return EndReason::new(Cause::PowerCut, "") };
    let (cause, detail) = words.split_once(": ").unwrap_or((words, ""));
    let reason = reason(cause, detail);
    match &newest.replaced {
        Some(before) if reason.cause == Cause::Stopped => {
            EndReason::new(Cause::Upgrade, format!("lunette {before} was stopped, and {SOFTWARE} goes on"))
        }
        _ => reason,
    }
}

/// The hole that a stream was in when all its film was deleted, or that film was imported into: it lasts until there is film
/// again.
fn lasting(store: &Store, stream: StreamId) -> Option<store::Hole> {
    let always = WallTime(i64::MIN)..WallTime(i64::MAX);
    let newest = store.newest_gaps(stream, always, 1).ok()?.pop().filter(|gap| gap.end.is_none())?;
    let start = Moment { time: newest.start, unproven: None };
    Some(store::Hole { start, end: None, reason: reason(&newest.cause, &newest.detail) })
}

fn reason(cause: &str, detail: &str) -> EndReason {
    match Cause::ALL.into_iter().find(|known| known.words() == cause) {
        Some(cause) => EndReason::new(cause, detail),
        None if detail.is_empty() => EndReason::new(Cause::Stopped, cause),
        None => EndReason::new(Cause::Stopped, format!("{cause}: {detail}")),
    }
}

/// A camera's own clock may be wrong by so much: see `media::run`.
const OVERLAP: WallDuration = WallDuration::from_secs(5);
