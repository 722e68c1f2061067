//! Planned mp4 files, byte for byte: boxes, ranges, tags, and what ffmpeg says of them.

// What fails in a helper fails its test.
#![allow(clippy::unwrap_used)]

mod clip;
mod cursor;
mod fragments;
mod holds;
mod layout;
mod library;
mod ranges;
mod spans;
mod subtitles;
mod tag;
