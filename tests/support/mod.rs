//! The harness: starts the real daemon, real and simulated cameras, and looks at what was recorded.

#![allow(dead_code, reason = "each test crate uses a part of it")]

pub(crate) mod cameras;
pub(crate) mod daemon;
pub(crate) mod disk;
pub(crate) mod film;
pub(crate) mod http;
pub(crate) mod numbers;
pub(crate) mod process;
pub(crate) mod sent;
pub(crate) mod small_disk;
pub(crate) mod sockets;
pub(crate) mod vlc;
pub(crate) mod wait;
pub(crate) mod websocket;
