//! Who may enter: first boot, sessions, tokens and roles, before the real recorder.

mod place;
mod roles;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
