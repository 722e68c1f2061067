//! `camera::Session` against GStreamer's RTSP server, against our own demo camera with its faults, and on byte streams.
//!
//! `cargo test` builds the demo camera; after `cargo test --test camera` alone it may be missing or old.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod byte_streams;
mod faults;
mod gstreamer;
mod watching;
