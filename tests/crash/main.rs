//! What is left of the film when the recorder dies, or the machine: see `docs/reference/reliability.md`.

#[path = "../support/mod.rs"]
mod support;

mod kill;
mod luck;
mod stage;
mod told;
