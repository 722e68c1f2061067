//! Films of every kind, made by the real binary out of clips whose pictures carry their number, before readers that we
//! did not write: ffmpeg and ffprobe, the crates mp4parse and re_mp4, npm's mp4box, and VLC.

#[path = "../support/mod.rs"]
mod support;

mod cinema;
mod day;
mod judge;
mod kinds;
mod readers;
mod reordered;
mod subtitles;
