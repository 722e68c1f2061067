//! `view.m4s`: a stretch of one run as a media segment; and the initialisation segments that go before.

use super::entity::{Means, Mp4};
use super::serving::serve;
use super::{MAX_RECORDINGS, listed, numbered};
use crate::base::{MediaDuration, Result, StreamId, WallDuration};
use crate::media::hls;
use crate::media::mp4::fragments::Start;
use crate::media::mp4::{self, Fragments};
use crate::media::{MediaPart, Recording, Segment};
use crate::web::State;
use crate::web::answer::Body;
use crate::web::auth::Caller;
use crate::web::fixed::Fixed;
use crate::web::route::{Excerpt, StreamName};
use crate::web::segments::Segments;
use crate::web::state::blocking;
use http::header::{HeaderMap, HeaderName};
use http::{Request, Response};
use std::ops::Range;
use std::sync::Arc;

/// The media segment, whole or the asked ranges of it.
pub(in crate::web) async fn show<B>(
    state: &Arc<State>,
    caller: &Caller,
    stream: StreamName,
    excerpt: Excerpt,
    request: &Request<B>,
) -> Result<Response<Body>> {
    let stream = state.stream(stream)?.id;
    let shared = state.clone();
    let file = Arc::new(state.desks.work(move || lay_out(&shared, stream, &excerpt)).await?);
    let start = *file.start();
    let file = Mp4::new(state.clone(), file, Means::of(caller.peer()));
    let mut answer = serve(file, request).await?;
    tell(&start, answer.headers_mut());
    Ok(answer)
}

/// The initialisation segment of a sample entry. It may be kept, but the tag must be asked for: a database that was rebuilt
/// from the disk numbers its entries anew.
pub(in crate::web) async fn show_init<B>(state: &Arc<State>, id: i32, request: &Request<B>) -> Result<Response<Body>> {
    let shared = state.clone();
    let bytes = blocking(move || Ok(mp4::init(&shared.store.sample_entry(id)?))).await?;
    Ok(Fixed { media_type: "video/mp4", bytes }.serve("private, no-cache", request))
}

/// Where it begins, for programs that put media segments together.
fn tell(start: &Start, headers: &mut HeaderMap) {
    for (name, number) in [
        ("x-leading-media-duration", start.leading.0),
        ("x-media-time", start.decode_time.0),
        ("x-start-time-90k", start.wall.0),
        ("x-run-start-id", start.run.number().into()),
        ("x-video-sample-entry-id", start.sample_entry_id.into()),
    ] {
        headers.insert(HeaderName::from_static(name), number.into());
    }
}

/// Lists the recordings and lays out the file. Blocks on the database.
fn lay_out(state: &State, stream: StreamId, excerpt: &Excerpt) -> Result<Fragments> {
    let wanted = wanted(state, stream, excerpt)?;
    let mut parts = Vec::with_capacity(wanted.len());
    for (recording, wanted) in wanted {
        let index = || state.indexes.get(&state.store, recording.id);
        let segment = match wanted {
            Wanted::Wall(wanted) => Segment::of(&recording, wanted, index),
            Wanted::Media(wanted) => Segment::of_media(&recording, wanted, index),
        };
        let lasting = segment.and_then(|segment| segment.map(|s| s.lasting(index)).transpose());
        if let Some(segment) = lasting.map_err(|e| e.on(format!("recording {}", recording.id)))? {
            parts.push((recording, segment));
        }
    }
    let base = match (excerpt, parts.first()) {
        (Excerpt::Media(_), Some((recording, _))) => hls::decode_time_base(recording.run_start),
        _ => MediaDuration::ZERO,
    };
    Fragments::of(&parts, base)
}

/// A part of a recording, counted from its start.
enum Wanted {
    Wall(Range<WallDuration>),
    Media(Range<MediaDuration>),
}

/// What is to be played, in order, and which part of it.
fn wanted(state: &State, stream: StreamId, excerpt: &Excerpt) -> Result<Vec<(Recording, Wanted)>> {
    match excerpt {
        Excerpt::Of(what) => {
            let mut wanted = Vec::new();
            for (recordings, mut selection) in listed(state, stream, what, MAX_RECORDINGS)? {
                wanted.extend(recordings.into_iter().map(|r| {
                    let part = Wanted::Wall(selection.next(&r));
                    (r, part)
                }));
            }
            Ok(wanted)
        }
        Excerpt::Media(MediaPart { number, media }) => {
            let recordings = numbered(state, stream, &Segments::whole(*number))?;
            Ok(recordings.into_iter().map(|r| (r, Wanted::Media(media.clone()))).collect())
        }
    }
}
