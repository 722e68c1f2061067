//! `vod.m3u8` and `live.m3u8`: HLS playlists of media segments that `view.m4s` serves.

mod lists;

pub(super) use lists::Lists;

use crate::base::{Error, Kind, MediaDuration, Result, StreamId, WallTime};
use crate::media::hls::{self, MediaSegment, Playlist};
use crate::media::{Recording, Segment};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::route::{StreamName, What};
use crate::web::state::blocking;
use crate::web::view;
use http::{Response, StatusCode};
use std::ops::Range;
use std::sync::Arc;

/// All that was recorded in a span, as a film that is at its end.
pub(super) async fn vod(state: &Arc<State>, stream: StreamName, span: Range<WallTime>) -> Result<Response<Body>> {
    let stream = state.stream(stream)?.id;
    let shared = state.clone();
    let text = state.desks.work(move || {
        let (segments, hidden) = span_segments(&shared, stream, span)?;
        let target_secs = hls::playlist::target_secs(&segments);
        Ok(Playlist { kind: hls::Kind::Vod(hidden), target_secs, segments: &segments }.write(&shared.zone))
    });
    Ok(playlist(text.await?))
}

/// What was recorded last, and goes on.
pub(super) async fn live(state: &Arc<State>, stream: StreamName) -> Result<Response<Body>> {
    let stream = state.stream(stream)?.id;
    let state = state.clone();
    let text = blocking(move || {
        let window = state.lists.window(stream);
        // Held while it is looked what there is: of two lists at once none shows less than the other did before.
        let mut window = lists::lock(&window);
        let segments = newest_segments(&state, stream)?;
        let playlist = window.slide(&segments);
        let playlist = playlist.ok_or_else(|| Error::new(Kind::NotFound, "no media segment is whole yet"))?;
        Ok(playlist.write(&state.zone))
    });
    Ok(playlist(text.await?))
}

fn playlist(text: String) -> Response<Body> {
    answer::typed(StatusCode::OK, "application/vnd.apple.mpegurl", text.into_bytes())
}

/// The media segments of a span, and how far it begins behind the first. Blocks on the database.
fn span_segments(state: &State, stream: StreamId, span: Range<WallTime>) -> Result<(Vec<MediaSegment>, MediaDuration)> {
    let mut segments = Vec::new();
    let mut hidden = MediaDuration::ZERO;
    for (recordings, mut selection) in view::listed(state, stream, &What::Span(span), MAX_RECORDINGS)? {
        for recording in recordings {
            let index = || state.indexes.get(&state.store, recording.id);
            let segment = Segment::of(&recording, selection.next(&recording), index);
            let Some(segment) = segment.map_err(|e| e.on(format!("recording {}", recording.id)))? else { continue };
            let cuts = state.lists.cuts(&state.store, &recording)?;
            let is_last = segment.samples.end == recording.video_samples && segment.last_duration_90k.is_none();
            let end = if is_last { cuts.end() } else { segment.start + segment.duration };
            if segments.is_empty() {
                hidden = segment.hidden;
            }
            segments.extend(cuts.split(segment.start..end).map(|part| MediaSegment::new(&recording, part)));
        }
    }
    match segments.is_empty() {
        true => Err(Error::new(Kind::NotFound, "nothing was recorded in this span")),
        false => Ok((segments, hidden)),
    }
}

/// Four days: the list is 5 MB then, and players go through all of it.
const MAX_RECORDINGS: u64 = 5_760;

/// The media segments of the newest recordings that will stay what they are. Blocks on the database.
fn newest_segments(state: &State, stream: StreamId) -> Result<Vec<MediaSegment>> {
    let Some(newest) = state.store.stream_stats(stream).newest() else { return Ok(Vec::new()) };
    let numbers = newest.saturating_sub(NEWEST_RECORDINGS - 1)..=newest;
    let recordings: Vec<Recording> = state.store.recordings_by_number(stream, numbers)?;
    let mut segments = Vec::new();
    for recording in recordings.iter().filter(|r| !r.is_missing()) {
        let cuts = state.lists.cuts(&state.store, recording)?;
        segments.extend(cuts.settled(recording.growing).map(|part| MediaSegment::new(recording, part)));
    }
    Ok(segments)
}

/// Enough for a list, even of a camera that breaks off again and again.
const NEWEST_RECORDINGS: u32 = 16;
