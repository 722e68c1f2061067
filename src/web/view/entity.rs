//! `Mp4`: a planned file as http-serve wants it, read chunk by chunk on blocking threads.

use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::mp4::{Piece, Planned};
use crate::store::{Film, Window};
use crate::web::State;
use crate::web::answer::Broken;
use crate::web::state::blocking;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::header::{self, HeaderMap, HeaderValue};
use std::collections::HashMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that is made while it is read. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Mp4(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Arc<State>,
    plan: Arc<dyn Planned>,
    /// The first sample file that was looked at, open already for who sends it.
    opened: Mutex<Option<Film>>,
}

/// Where a response is, and the sample file that it reads now.
struct Reader {
    mp4: Mp4,
    rest: Range<u64>,
    film: Option<Film>,
}

/// Generated pieces are put together up to about this: fewer changes of thread, fewer writes. Below what hyper takes
/// before it writes, so that a chunk is made while the one before is sent.
const GENERATED_CHUNK: u64 = 256 << 10;

/// An hour of recordings of a minute: with what is in memory, to open and stat them takes half a millisecond.
const LOOKED_AT: usize = 64;

impl Mp4 {
    pub(super) fn new(state: Arc<State>, plan: Arc<dyn Planned>) -> Self {
        Self(Arc::new(Shared { state, plan, opened: Mutex::default() }))
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
        let file = self.clone();
        blocking(move || file.look_now(range)).await
    }

    fn look_now(&self, range: Range<u64>) -> Result<()> {
        let Shared { state, plan, opened } = &*self.0;
        let film = range.start.max(plan.film_offset())..range.end;
        for (piece, wanted) in plan.pieces(film).take(LOOKED_AT) {
            let Piece::Film { recording, bytes } = piece else { continue };
            let film = state.store.film(recording)?;
            let (has, needs) = (film.file_len()?, bytes.start + wanted.end);
            if has < needs {
                let what = format!("recording {recording}: its sample file has {has} bytes, {needs} are expected");
                return Err(Error::new(Kind::Corrupt, what));
            }
            opened.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(film);
        }
        Ok(())
    }
}

impl Reader {
    /// Goes on with the sample file that was opened to be looked at; who is done with it then closes it.
    fn take_opened(&mut self) {
        if self.film.is_none() {
            self.film = self.mp4.0.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    /// What comes next, if no disk has to be asked.
    fn at_hand(&mut self) -> Result<Option<Bytes>> {
        let (Some(film), Some((piece, place))) = (&self.film, self.mp4.0.plan.piece_at(self.rest.start)) else {
            return Ok(None);
        };
        match piece {
            Piece::Film { recording, bytes } if recording == film.id() => {
                let offset = bytes.start + (self.rest.start - place.start);
                let len = self.window_len(place.end);
                let window = film.cached_window(offset, len)?;
                self.rest.start += if window.is_some() { len as u64 } else { 0 };
                Ok(window.map(Bytes::from_owner))
            }
            _ => Ok(None),
        }
    }

    /// What comes next, at least a byte. Blocks on the disk; only called while something is left.
    fn next(&mut self) -> Result<Bytes> {
        let mp4 = self.mp4.clone();
        let first = mp4.0.plan.piece_at(self.rest.start);
        match first {
            Some((Piece::Film { recording, bytes }, place)) => {
                let offset = bytes.start + (self.rest.start - place.start);
                self.film(recording, offset, self.window_len(place.end))
            }
            _ => self.generated(),
        }
    }

    /// As much of a piece that ends there as one window holds, so that a response holds little memory however slow its
    /// reader is.
    fn window_len(&self, end: u64) -> usize {
        (end.min(self.rest.end) - self.rest.start).min(Window::MAX as u64) as usize
    }

    /// A window of a sample file, not copied: the map lives as long as the `Bytes`.
    fn film(&mut self, recording: RecordingId, offset: u64, len: usize) -> Result<Bytes> {
        let film = match self.film.take() {
            Some(film) if film.id() == recording => film,
            _ => self.mp4.0.state.store.film(recording)?,
        };
        let window = film.window(offset, len)?;
        self.film = Some(film);
        self.rest.start += len as u64;
        Ok(Bytes::from_owner(window))
    }

    /// What comes before the next film, or the beginning of it.
    fn generated(&mut self) -> Result<Bytes> {
        let Shared { state, plan, .. } = &*self.mp4.0;
        let mut pieces = Vec::new();
        let mut len = 0;
        for (piece, wanted) in plan.pieces(self.rest.clone()) {
            if len >= GENERATED_CHUNK || matches!(piece, Piece::Film { .. }) {
                break;
            }
            len += wanted.end - wanted.start;
            pieces.push((piece, wanted));
        }
        let mut ids: Vec<RecordingId> = pieces.iter().filter_map(|(piece, _)| piece.indexed()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut indexes = HashMap::new();
        state.indexes.visit(&state.store, &ids, |id, index| _ = indexes.insert(id, index))?;
        let mut generated = Vec::with_capacity(len as usize);
        for (piece, wanted) in &pieces {
            let index = piece.indexed().and_then(|id| indexes.get(&id)).map_or(&[][..], |index| index);
            let before = generated.len();
            if wanted.start == 0 {
                plan.generate_into(piece, index, &mut generated)?;
                generated.truncate(before + wanted.end as usize);
            } else {
                let part = plan.generate(piece, index)?;
                generated.extend_from_slice(&part[wanted.start as usize..wanted.end as usize]);
            }
        }
        self.rest.start += len;
        Ok(generated.into())
    }
}

impl http_serve::Entity for Mp4 {
    type Data = Bytes;
    type Error = Broken;

    fn len(&self) -> u64 {
        self.0.plan.file_len()
    }

    /// A chunk is fetched when the one before was handed over; on a blocking thread, unless it is a window that is in
    /// the page cache: a cold disk stalls this response and nothing else.
    fn get_range(&self, range: Range<u64>) -> Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send + Sync>> {
        let reader = Reader { mp4: self.clone(), rest: range, film: None };
        Box::pin(stream::try_unfold(reader, |mut reader| async move {
            if reader.rest.is_empty() {
                return Ok(None);
            }
            // Not before: it is looked at when the answer is made already.
            reader.take_opened();
            let fetched = match reader.at_hand() {
                Ok(Some(chunk)) => Ok((chunk, reader)),
                Ok(None) => blocking(move || reader.next().map(|chunk| (chunk, reader))).await,
                Err(e) => Err(e),
            };
            fetched.map(Some).map_err(|e| {
                // The status is gone already: cutting the connection is the only way to say it to the client.
                log::error!("web: a film is cut short: {e}");
                e.into()
            })
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
