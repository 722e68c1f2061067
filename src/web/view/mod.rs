//! `view.mp4`: recordings become one file that exists only while it is read.

mod buffers;
mod chunks;
mod entity;
pub(super) mod fragments;
mod indexes;
mod parts;
mod plans;
mod ranges;
mod serving;

pub(super) use buffers::Buffers;
pub(super) use indexes::Indexes;
pub(super) use plans::Plans;
pub(super) use ranges::within;
pub(super) use serving::with_plain_ranges;

use crate::base::{Error, Kind, RecordingId, Result, StreamId};
use crate::media::mp4::{Builder, Plan, Style};
use crate::media::playing_order::runs_whole;
use crate::media::{Recording, Selection};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use crate::web::desks::patiently;
use crate::web::route::{Form, View, What};
use crate::web::segments::Segments;
use crate::web::slices;
use crate::web::state::blocking;
use entity::{Means, Mp4};
use http::{Request, Response, StatusCode};
use plans::Key;
use std::sync::Arc;

/// The film, whole or the asked ranges of it, or the list of its pieces.
pub(super) async fn show<B>(
    state: &Arc<State>,
    caller: &Caller,
    view: View,
    request: &Request<B>,
) -> Result<Response<Body>> {
    let stream = state.stream(view.stream)?.id;
    let key = Key { stream, what: view.what, gaps: view.gaps, ts: view.ts };
    let mp4 = Mp4::new(state.clone(), plan(state, key).await?, Means::of(caller.peer()));
    match view.form {
        Form::Text => state.desks.work(move || Ok(answer::text(StatusCode::OK, mp4.describe()))).await,
        Form::Mp4 => serving::serve(mp4, request).await,
    }
}

/// The layout of the file, made now or for a request before.
async fn plan(state: &Arc<State>, key: Key) -> Result<Arc<Plan>> {
    if let Some(plan) = kept(state, &key).await? {
        return Ok(plan);
    }
    let turn = patiently(state.plans.turn(&key)).await?;
    if let Some(plan) = kept(state, &key).await? {
        return Ok(plan);
    }
    let shared = state.clone();
    let work = move || {
        // It ends when the plan is kept, even if who asked has gone.
        let _turn = turn;
        let mark = shared.store.mark(key.stream)?;
        let plan = Arc::new(lay_out(&shared, &key)?);
        shared.plans.put(key, plan.clone(), mark);
        Ok(plan)
    };
    state.desks.work(work).await
}

/// The plan that was made before, where it still holds.
async fn kept(state: &Arc<State>, key: &Key) -> Result<Option<Arc<Plan>>> {
    if let Some(now) = state.store.mark_at_hand(key.stream) {
        return Ok(state.plans.get(&state.store, key, now));
    }
    let (state, key) = (state.clone(), key.clone());
    blocking(move || Ok(state.plans.get(&state.store, &key, state.store.mark(key.stream)?))).await
}

/// Lists the recordings and lays out the file. Blocks on the database.
fn lay_out(state: &State, key: &Key) -> Result<Plan> {
    let style = Style { gaps: key.gaps, subtitles: key.ts.then(|| state.zone.clone()) };
    let mut builder = Builder::new(style, |id| state.indexes.get(&state.store, id));
    for (recordings, mut selection) in listed(state, key.stream, &key.what, MAX_RECORDINGS)? {
        for recording in recordings {
            let sample_entry = state.store.sample_entry(recording.sample_entry_id)?;
            builder.add(&recording, &sample_entry, selection.next(&recording))?;
        }
    }
    builder.finish()
}

/// What is to be played, in order, and which part of it. More than `max` recordings are too many.
pub(super) fn listed(
    state: &State,
    stream: StreamId,
    what: &What,
    max: u64,
) -> Result<Vec<(Vec<Recording>, Selection)>> {
    match what {
        What::Span(span) => {
            let mut recordings = Vec::new();
            let mut slices = slices::cut(span.clone(), state.store.stream_stats(stream).days(), &state.zone);
            slices.reverse();
            for slice in slices {
                recordings.extend(slice.recordings(&state.store, stream)?);
                few_enough(recordings.len() as u64, max)?;
            }
            // What is lost is one more hole.
            recordings.retain(|r| !r.is_missing());
            runs_whole(&mut recordings);
            Ok(vec![(recordings, Selection::Span(span.clone()))])
        }
        What::Segments(all) => {
            few_enough(all.iter().map(Segments::count).sum(), max)?;
            let list = |s: &Segments| Ok((numbered(state, stream, s)?, s.selection()));
            all.iter().map(list).collect()
        }
    }
}

/// Says no before more is loaded than a file's tables have room for in any case.
fn few_enough(recordings: u64, max: u64) -> Result<()> {
    if recordings <= max {
        return Ok(());
    }
    let what = format!("more than {max} recordings, about {} days, at once: ask for less at a time", max / 1440);
    Err(Error::new(Kind::BadInput, what))
}

/// Six weeks of a recording a minute, with 20 MB to list and plan them. At 10 frames a second their tables are 430 MB;
/// at 30 a plan refuses what is beyond 34 days, where they are 1 GiB.
const MAX_RECORDINGS: u64 = 60_480;

/// All the recordings that are named, or why not.
fn numbered(state: &State, stream: StreamId, segments: &Segments) -> Result<Vec<Recording>> {
    let recordings = state.store.recordings_by_number(stream, segments.numbers.clone())?;
    let there = recordings.iter().filter(|r| !r.is_missing());
    let found = there.map(|r| Some(r.id.number())).chain(std::iter::repeat(None));
    match segments.numbers.clone().zip(found).find(|&(wanted, found)| found != Some(wanted)) {
        None => Ok(recordings),
        Some((number, _)) => {
            let what = format!("recording {}: it is not there (any more)", RecordingId::new(stream, number));
            Err(Error::new(Kind::NotFound, what))
        }
    }
}
