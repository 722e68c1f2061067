//! `Mp4`: a planned file as http-serve wants it, read chunk by chunk on blocking threads.

use crate::base::{RecordingId, Result};
use crate::media::mp4::{Piece, Planned};
use crate::store::{Film, Window};
use crate::web::State;
use crate::web::answer::Broken;
use crate::web::state::blocking;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream};
use http::header::{self, HeaderMap, HeaderValue};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that is made while it is read. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Mp4(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Arc<State>,
    plan: Arc<dyn Planned>,
}

/// Where a response is, and the sample file that it reads now.
struct Reader {
    mp4: Mp4,
    rest: Range<u64>,
    film: Option<Film>,
}

/// Small generated pieces are put together up to about this: fewer changes of thread, fewer writes.
const GENERATED_CHUNK: usize = 64 << 10;

impl Mp4 {
    pub(super) fn new(state: Arc<State>, plan: Arc<dyn Planned>) -> Self {
        Self(Arc::new(Shared { state, plan }))
    }

    /// For people: the length, the tag, then the pieces.
    pub(super) fn describe(&self) -> String {
        let plan = &self.0.plan;
        format!("{} bytes, tag {}\n{}", plan.file_len(), plan.etag(), plan.describe())
    }

    /// The bytes of a piece that is no film.
    fn generate(&self, piece: &Piece) -> Result<Bytes> {
        let Shared { state, plan } = &*self.0;
        match piece.indexed() {
            Some(recording) => {
                let index = state.indexes.get(&state.store, recording)?;
                plan.generate(piece, &index)
            }
            None => plan.generate(piece, &[]),
        }
    }
}

impl Reader {
    /// What comes next, at least a byte. Blocks on the disk; only called while something is left.
    fn next(&mut self) -> Result<Bytes> {
        let mp4 = self.mp4.clone();
        let mut generated = BytesMut::new();
        for (piece, wanted) in mp4.0.plan.pieces(self.rest.clone()) {
            if let Piece::Film { recording, bytes } = &piece {
                if generated.is_empty() {
                    return self.film(*recording, bytes.start + wanted.start..bytes.start + wanted.end);
                }
                break;
            }
            let part = mp4.generate(&piece)?.slice(wanted.start as usize..wanted.end as usize);
            self.rest.start += part.len() as u64;
            if generated.is_empty() && part.len() >= GENERATED_CHUNK {
                return Ok(part);
            }
            generated.extend_from_slice(&part);
            if generated.len() >= GENERATED_CHUNK {
                break;
            }
        }
        Ok(generated.freeze())
    }

    /// The first window of these bytes of a sample file, not copied: the map lives as long as the `Bytes`. At most
    /// [`Window::MAX`] of them, so that a response holds little memory however slow its reader is.
    fn film(&mut self, recording: RecordingId, bytes: Range<u64>) -> Result<Bytes> {
        let film = match self.film.take() {
            Some(film) if film.id() == recording => film,
            _ => self.mp4.0.state.store.film(recording)?,
        };
        let len = (bytes.end - bytes.start).min(Window::MAX as u64);
        let window = film.window(bytes.start, len as usize)?;
        self.film = Some(film);
        self.rest.start += len;
        Ok(Bytes::from_owner(window))
    }
}

impl http_serve::Entity for Mp4 {
    type Data = Bytes;
    type Error = Broken;

    fn len(&self) -> u64 {
        self.0.plan.file_len()
    }

    /// A chunk is fetched when the one before was handed over, on a blocking thread: a cold disk stalls this response
    /// and nothing else.
    fn get_range(&self, range: Range<u64>) -> Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send + Sync>> {
        let reader = Reader { mp4: self.clone(), rest: range, film: None };
        Box::pin(stream::try_unfold(reader, |mut reader| async move {
            if reader.rest.is_empty() {
                return Ok(None);
            }
            let fetched = blocking(move || reader.next().map(|chunk| (chunk, reader))).await;
            fetched.map(Some).map_err(|e| {
                // The status is gone already: cutting the connection is the only way to say it to the client.
                log::warn!("web: view.mp4 cut short: {e}");
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
