//! `Site`: what is at our addresses: the front, and once the film's disk is there, all else.

use crate::base::Result;
use crate::store::Store;
use crate::web::waiting::Waiting;
use crate::web::{Front, State};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

/// A front with a store that may come late, or go.
#[derive(Debug)]
pub struct Site {
    front: Arc<Front>,
    /// Locked for a few lines.
    state: RwLock<Option<Arc<State>>>,
}

impl Site {
    /// Without a store yet, for this reason.
    pub fn waiting(front: Arc<Front>, why: Waiting) -> Arc<Self> {
        front.set_waiting(Some(why));
        Arc::new(Self { front, state: RwLock::default() })
    }

    /// All is there.
    pub fn open(state: Arc<State>) -> Arc<Self> {
        Arc::new(Self { front: state.front.clone(), state: RwLock::new(Some(state)) })
    }

    /// From now on this store says who may enter. Blocks on the disk.
    pub fn read_users(&self, store: &Arc<Store>) -> Result<()> {
        self.front.doors.open(store.clone())
    }

    /// All that is asked is answered from this store, whose users were read.
    pub fn came(&self, store: Arc<Store>) {
        let mut state = self.lock_state();
        *state = Some(State::behind(self.front.clone(), store));
        self.front.set_waiting(None);
    }

    /// There is no store yet, for this reason.
    pub fn wait(&self, why: Waiting) {
        let state = self.lock_state();
        if state.is_none() {
            self.front.set_waiting(Some(why));
        }
    }

    /// What is always there.
    pub fn front(&self) -> &Arc<Front> {
        &self.front
    }

    /// What is there with the store.
    pub(super) fn state(&self) -> Option<Arc<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock_state(&self) -> RwLockWriteGuard<'_, Option<Arc<State>>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
