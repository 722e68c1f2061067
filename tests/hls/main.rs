//! Media segments and playlists of the real daemon, as ffmpeg reads them.

// What fails in a helper fails its test.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod listing;
mod live;
mod media_segments;
mod reordered;
mod stage;
mod vod;
