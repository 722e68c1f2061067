//! The JSON API, one resource a file.

pub(super) mod backup;
mod camera_json;
pub(super) mod cameras;
pub(super) mod diagnostics;
pub(super) mod discovery;
pub(super) mod events;
pub(super) mod firmware;
pub(super) mod gaps;
pub(super) mod health;
mod json;
mod person_json;
mod probe;
pub(super) mod protected;
pub(super) mod recordings;
pub(super) mod restore;
pub(super) mod session;
pub(super) mod snapshot;
pub(super) mod storage;
pub(super) mod system;
pub(super) mod test;
pub(super) mod time;
pub(super) mod tokens;
pub(super) mod top;
pub(super) mod users;

pub(super) use camera_json::CameraTexts;
