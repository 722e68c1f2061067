//! `Chunks`: the bytes of a planned file, read in windows and made ahead on blocking threads.

use super::entity::{Means, Mp4};
use crate::base::{Error, Kind, RecordingId, Result};
use crate::media::mp4::Piece;
use crate::store::{Film, Window};
use crate::web::reactors::spawn_blocking;
use crate::web::state::blocking;
use bytes::Bytes;
use futures::stream::{self, Stream};
use std::collections::HashMap;
use std::ops::Range;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What is sent of a file: a window of film is fetched when the one before was handed over, on a blocking thread unless
/// it is in the page cache, so that a cold disk stalls this response and nothing else. What is generated is made some
/// chunks ahead, while others are sent. No thread waits for a client.
pub(super) struct Chunks {
    /// Who makes them; not here while it does.
    reader: Option<Reader>,
    job: Option<JoinHandle<Result<Reader>>>,
    /// What was made ahead, [`AHEAD`] of them; a reader that finds it full stops.
    made: mpsc::Receiver<Bytes>,
}

/// Where a response is, and the sample file that it reads now.
struct Reader {
    mp4: Mp4,
    rest: Range<u64>,
    film: Option<Film>,
    ahead: mpsc::Sender<Bytes>,
}

/// Generated pieces are put together up to about this: below what hyper takes before it writes, and two of them stay in
/// the cache of a small processor from their making to their sending.
const GENERATED_CHUNK: u64 = 128 << 10;

/// Enough that a thread is changed for every few chunks only.
const AHEAD: usize = 4;

impl Chunks {
    /// Of this range of the file.
    pub(super) fn new(mp4: Mp4, range: Range<u64>) -> Self {
        let (ahead, made) = mpsc::channel(AHEAD);
        Self { reader: Some(Reader { mp4, rest: range, film: None, ahead }), job: None, made }
    }

    /// Until the end or the first error.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes>> + Send + Sync {
        stream::try_unfold(self, |mut chunks| async move { Ok(chunks.next().await?.map(|chunk| (chunk, chunks))) })
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(job) = &mut self.job {
                tokio::select! {
                    biased;
                    Some(chunk) = self.made.recv() => return Ok(Some(chunk)),
                    done = job => {
                        self.job = None;
                        self.reader = Some(done.map_err(|e| Error::caused(Kind::Internal, "a worker thread", e))??);
                    }
                }
            }
            let Some(mut reader) = self.reader.take() else { continue };
            if self.made.len() <= AHEAD / 2 && reader.is_to_generate() {
                self.job = Some(spawn_blocking(move || reader.make_ahead().map(|()| reader)));
                continue;
            }
            let chunk = match self.made.try_recv() {
                Ok(made) => Some(made),
                Err(_) if reader.rest.is_empty() => None,
                Err(_) => match reader.at_hand()? {
                    Some(window) => Some(window),
                    None => {
                        let (read, back) = blocking(move || reader.window().map(|window| (window, reader))).await?;
                        reader = back;
                        Some(read)
                    }
                },
            };
            self.reader = Some(reader);
            return Ok(chunk);
        }
    }
}

impl Reader {
    /// Something is left, and no film comes next.
    fn is_to_generate(&self) -> bool {
        !self.rest.is_empty() && !matches!(self.mp4.plan().piece_at(self.rest.start), Some((Piece::Film { .. }, _)))
    }

    /// Makes chunks until film comes, nobody wants more or there are enough. Blocks on the disk.
    fn make_ahead(&mut self) -> Result<()> {
        while self.is_to_generate() {
            let Ok(place) = self.ahead.clone().try_reserve_owned() else { break };
            place.send(self.generated()?);
        }
        Ok(())
    }

    /// The film that comes next: whose, where in its file, and how much, at most a window, so that a response holds little
    /// memory however slow its reader is.
    fn film(&self) -> Result<(RecordingId, u64, usize)> {
        match self.mp4.plan().piece_at(self.rest.start) {
            Some((Piece::Film { recording, bytes }, place)) => {
                let len = (place.end.min(self.rest.end) - self.rest.start).min(Window::MAX as u64);
                Ok((recording, bytes.start + (self.rest.start - place.start), len as usize))
            }
            _ => Err(Error::new(Kind::Internal, "no film where film was expected")),
        }
    }

    /// The film that comes next, if no disk has to be asked. It is not copied: the map lives as long as the `Bytes`.
    fn at_hand(&mut self) -> Result<Option<Bytes>> {
        if self.mp4.means() == Means::Copied {
            return Ok(None);
        }
        let (recording, offset, len) = self.film()?;
        let open = self.film.take().filter(|film| film.id() == recording);
        let open = open.or_else(|| self.mp4.take_opened(recording));
        let Some(film) = open.or_else(|| self.mp4.state().store.film_at_hand(recording)) else { return Ok(None) };
        let window = film.cached_window(offset, len)?;
        self.film = Some(film);
        self.rest.start += if window.is_some() { len as u64 } else { 0 };
        Ok(window.map(Bytes::from_owner))
    }

    /// The same from wherever it is. Blocks on the disk.
    fn window(&mut self) -> Result<Bytes> {
        let (recording, offset, len) = self.film()?;
        let film = match self.film.take() {
            Some(film) if film.id() == recording => film,
            _ => match self.mp4.take_opened(recording) {
                Some(film) => film,
                None => self.mp4.state().store.film(recording)?,
            },
        };
        let window = match self.mp4.means() {
            Means::Copied => film.copy(offset, len)?,
            // Pages that are there need not be mapped one by one.
            Means::Mapped => match film.cached_window(offset, len)? {
                Some(window) => window,
                None => film.window(offset, len)?,
            },
        };
        self.film = Some(film);
        self.rest.start += len as u64;
        Ok(Bytes::from_owner(window))
    }

    /// What comes before the next film, or the beginning of it. Blocks on the disk.
    fn generated(&mut self) -> Result<Bytes> {
        let (state, plan) = (self.mp4.state(), self.mp4.plan());
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
        let mut buffer = state.buffers.get(len as usize);
        let mut room = buffer.room();
        let end = self.rest.start + len;
        let is_cut = end == self.rest.end;
        let last = pieces.len();
        for (number, (piece, wanted)) in (1..).zip(&pieces) {
            let index = piece.indexed().and_then(|id| indexes.get(&id)).map_or(&[][..], |index| index);
            let out = room.split_off_mut(..(wanted.end - wanted.start) as usize).expect("there is room for all pieces");
            if wanted.start > 0 || (is_cut && number == last) {
                let whole = plan.generate(piece, index)?;
                out.copy_from_slice(&whole[wanted.start as usize..wanted.end as usize]);
            } else {
                plan.generate_into(piece, index, out)?;
            }
        }
        self.rest.start = end;
        Ok(buffer.share())
    }
}
