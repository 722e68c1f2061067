//! Who may enter: first boot, sessions, tokens and roles, before the real recorder.

mod backup;
mod console;
mod place;
mod roles;
mod secrets;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
mod tls;
