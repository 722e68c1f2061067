//! Lunette records the cameras of a house as they are and plays any span of time back as one mp4.
//!
//! This is the map; `docs/architecture.md` has the drawing. A module imports only from floors below its own, and
//! `tests/layers.rs` keeps it so.
//!
//! | floor | rooms |
//! |---|---|
//! | 5 | [`cmd`]: arguments, signals, putting the parts together |
//! | 4 | [`recorder`]: camera → disk · [`web`]: disk → browser |
//! | 3 | [`camera`]: talking to cameras · [`live`]: what is happening now · [`store`]: files and SQLite · [`appliance`]: the box itself |
//! | 2 | [`media`]: bytes and arithmetic, no I/O, no clock |
//! | 1 | [`base`]: words that all floors speak |

pub mod appliance;
pub mod base;
pub mod camera;
pub mod cmd;
pub mod live;
pub mod media;
pub mod recorder;
pub mod store;
pub mod web;
