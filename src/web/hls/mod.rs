//! `vod.m3u8` and `live.m3u8`: HLS playlists of media segments that `view.m4s` serves.

mod lists;

pub(super) use lists::Lists;

use crate::base::{Error, Kind, MediaDuration, Result, StreamId, WallDuration, WallTime};
use crate::camera::clock;
use crate::media::hls::{self, LIVE_TARGET_SECS, MediaSegment, Playlist, Window};
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
    let now = clock::wall_now();
    let state = state.clone();
    let text = blocking(move || {
        let window = state.lists.window(stream);
        // Held while it is looked what there is: of two lists at once none shows less than the other did before.
        let mut window = lists::lock(&window);
        let newest = newest_segments(&state, stream, now)?;
        match window.slide(&newest.segments) {
            Some(playlist) => Ok(playlist.write(&state.zone)),
            None => Err(Error::new(Kind::NotFound, newest.why_none())),
        }
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

/// What a live list may show.
#[derive(Default)]
struct Newest {
    segments: Vec<MediaSegment>,
    /// There are recordings of these minutes.
    is_recent: bool,
    /// Some was left out, because a segment is too long.
    has_long: bool,
}

impl Newest {
    fn why_none(&self) -> String {
        match self {
            Self { has_long: true, .. } => {
                format!("the camera's key frames are more than {LIVE_TARGET_SECS} s apart: too far for a live playlist")
            }
            Self { is_recent: true, .. } => "no media segment is whole yet".to_owned(),
            _ => format!("nothing was recorded in the last {} minutes", RECENT.0 / WallDuration::from_secs(60).0),
        }
    }
}

/// The media segments of the newest recordings that will stay what they are. Blocks on the database.
fn newest_segments(state: &State, stream: StreamId, now: WallTime) -> Result<Newest> {
    let mut found = Newest::default();
    let Some(newest) = state.store.stream_stats(stream).newest() else { return Ok(found) };
    let numbers = newest.saturating_sub(NEWEST_RECORDINGS - 1)..=newest;
    let recordings: Vec<Recording> = state.store.recordings_by_number(stream, numbers)?;
    // Film may be newer than now: the clock was set back.
    let recent = now - RECENT..=now + RECENT;
    for recording in recordings.iter().filter(|r| !r.is_missing() && recent.contains(&(r.start + r.wall_duration))) {
        found.is_recent = true;
        let cuts = state.lists.cuts(&state.store, recording)?;
        for part in cuts.settled(recording.growing) {
            let segment = MediaSegment::new(recording, part);
            if !Window::takes(&segment) {
                found.has_long = true;
                break;
            }
            found.segments.push(segment);
        }
    }
    Ok(found)
}

/// What ended longer ago is not live: a camera that is gone, or imported film.
const RECENT: WallDuration = WallDuration::from_secs(5 * 60);

/// Enough for a list, even of a camera that breaks off again and again.
const NEWEST_RECORDINGS: u32 = 16;
