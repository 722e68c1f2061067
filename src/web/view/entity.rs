//! `Mp4`: a planned file as http-serve wants it.

use super::chunks::Chunks;
use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::mp4::{Piece, Planned};
use crate::store::Film;
use crate::web::answer::Broken;
use crate::web::state::blocking;
use crate::web::{Peer, State};
use bytes::Bytes;
use futures::stream::{Stream, TryStreamExt};
use http::header::{self, HeaderMap, HeaderValue};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that is made while it is read. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Mp4(Arc<Shared>);

/// How film leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// In windows that the kernel sends as they are, or answers for when it cannot.
    Mapped,
    /// In copies, for who looks at the bytes: to touch a window of a file that was cut would be the end of the recorder.
    Copied,
}

impl Means {
    /// To whom it goes.
    pub(super) fn of(peer: Peer) -> Self {
        if peer.is_secure() { Self::Copied } else { Self::Mapped }
    }
}

#[derive(Debug)]
struct Shared {
    state: Arc<State>,
    plan: Arc<dyn Planned>,
    means: Means,
    /// The first sample files that were looked at, [`KEPT_OPEN`] of them, open already for who sends them.
    opened: Mutex<Vec<Film>>,
}

/// An hour of recordings of a minute: with what is in memory, to open and stat them takes half a millisecond.
const LOOKED_AT: usize = 64;

/// A player's range rarely lies in more than two recordings, and each viewer holds as many.
const KEPT_OPEN: usize = 2;

impl Mp4 {
    pub(super) fn new(state: Arc<State>, plan: Arc<dyn Planned>, means: Means) -> Self {
        Self(Arc::new(Shared { state, plan, means, opened: Mutex::default() }))
    }

    pub(super) fn state(&self) -> &State {
        &self.0.state
    }

    pub(super) fn plan(&self) -> &dyn Planned {
        &*self.0.plan
    }

    pub(super) fn means(&self) -> Means {
        self.0.means
    }

    /// A sample file that [`Self::look`] has open: who sends it need not open it again. Does not block.
    pub(super) fn take_opened(&self, recording: RecordingId) -> Option<Film> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().position(|film| film.id() == recording).map(|at| opened.swap_remove(at))
    }

    /// For people: the length, the tag, then the pieces.
    pub(super) fn describe(&self) -> String {
        let plan = &self.0.plan;
        format!("{} bytes, tag {}\n{}", plan.file_len(), plan.etag(), plan.describe())
    }

    /// Its entity tag, quotes included.
    pub(super) fn tag(&self) -> &str {
        self.0.plan.etag()
    }

    /// Looks whether the sample files under a range are there and long enough, the first [`LOOKED_AT`] of them: once the
    /// status is sent, nobody can be told. Blocks on the disk; does nothing where there is no film.
    pub(super) async fn look(&self, range: Range<u64>) -> Result<()> {
        if range.end <= self.0.plan.film_offset() {
            return Ok(());
        }
        if self.look_at(&range, KEPT_OPEN, |id| Ok(self.0.state.store.film_at_hand(id)))? {
            return Ok(());
        }
        let file = self.clone();
        blocking(move || file.look_at(&range, LOOKED_AT, |id| file.0.state.store.film(id).map(Some)).map(drop)).await
    }

    /// Looks at the first `most` of them, as `open` gives them; whether there are no more of these.
    fn look_at(
        &self,
        range: &Range<u64>,
        most: usize,
        open: impl Fn(RecordingId) -> Result<Option<Film>>,
    ) -> Result<bool> {
        let Shared { plan, opened, .. } = &*self.0;
        let film = range.start.max(plan.film_offset())..range.end;
        let mut left = most;
        for (piece, wanted) in plan.pieces(film).take(LOOKED_AT) {
            let Piece::Film { recording, bytes } = piece else { continue };
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            let Some(film) = open(recording)? else { return Ok(false) };
            let needs = bytes.start + wanted.end;
            let has = film.len_to(needs)?;
            if has < needs {
                let what = format!("recording {recording}: its sample file has {has} bytes, {needs} are expected");
                return Err(Error::new(Kind::Corrupt, what));
            }
            let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
            if opened.len() < KEPT_OPEN && opened.iter().all(|film| film.id() != recording) {
                opened.push(film);
            }
        }
        Ok(true)
    }
}

impl http_serve::Entity for Mp4 {
    type Data = Bytes;
    type Error = Broken;

    fn len(&self) -> u64 {
        self.0.plan.file_len()
    }

    fn get_range(&self, range: Range<u64>) -> Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send + Sync>> {
        Box::pin(Chunks::new(self.clone(), range).stream().map_err(|e| {
            // The status is gone already: cutting the connection is the only way to say it to the client.
            log::error!("web: a film is cut short: {e}");
            e.into()
        }))
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    }

    fn etag(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.0.plan.etag()).ok()
    }

    fn last_modified(&self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.0.plan.modified().unix_seconds()).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}
