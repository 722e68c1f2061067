//! `Verification`: how far all film has been read again, told from memory.

use crate::base::WallTime;
use crate::store::db::Place;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What reading all film again in the background does, and how far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// What it does just now.
    pub activity: Activity,
    /// How many times all film was read.
    pub rounds: u64,
    /// When this round began; `None` before the first.
    pub began: Option<WallTime>,
    /// What the film of this round weighs, without what was deleted since it began.
    pub bytes: u64,
    /// Of that: what is still to be read.
    pub left_bytes: u64,
    /// How fast it goes on average, from now on.
    pub bytes_per_second: u64,
    /// Recordings read since the start.
    pub read_recordings: u64,
    /// Bytes read since the start.
    pub read_bytes: u64,
    /// How often film was read wrong once and right 10 s later: memory, a cable or the disk cannot be relied on.
    pub unsteady: u64,
    /// Why it does not go on.
    pub trouble: Option<String>,
}

/// What a verification does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Nothing: the time for the next recording has not come.
    #[default]
    Resting,
    /// A recording is read.
    Reading,
    /// Somebody else waits for the disk.
    GivingWay,
    /// The disk, or the database, is not there or does not answer.
    Waiting,
}

/// The board where the verifier tells it. Locked for a few lines.
#[derive(Debug, Default)]
pub(crate) struct Verified(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    told: Option<Verification>,
    place: Option<Place>,
    /// The place has no row yet.
    is_news: bool,
}

impl Verified {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database tells this place; from now on there is something to tell.
    pub(super) fn begin(&self, place: Option<Place>) {
        *self.lock() = Inner { told: Some(Verification::default()), place, is_news: false };
        self.move_to_place();
    }

    /// Changes what is told.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Verification)) {
        if let Some(told) = &mut self.lock().told {
            change(told);
        }
    }

    /// `None` where nothing is verified.
    pub(crate) fn told(&self) -> Option<Verification> {
        self.lock().told.clone()
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.lock().place
    }

    /// It goes on from here.
    pub(super) fn set_place(&self, place: Place) {
        let mut inner = self.lock();
        inner.is_news |= inner.place != Some(place);
        inner.place = Some(place);
        drop(inner);
        self.move_to_place();
    }

    fn move_to_place(&self) {
        let place = self.place();
        self.tell(|told| {
            told.rounds = place.map_or(0, |place| place.rounds);
            told.began = place.map(|place| place.began);
        });
    }

    /// The place, if it is to be written.
    pub(crate) fn news(&self) -> Option<Place> {
        let inner = self.lock();
        inner.place.filter(|_| inner.is_news)
    }

    /// This place has its row.
    pub(crate) fn written(&self, place: Place) {
        let mut inner = self.lock();
        inner.is_news &= inner.place != Some(place);
    }
}
