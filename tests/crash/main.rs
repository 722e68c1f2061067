//! What is left of the film when the recorder dies, or the machine: see `docs/reference/reliability.md`.

#[path = "../support/mod.rs"]
mod support;

mod block_log;
mod disk;
mod kill;
mod lost_database;
mod luck;
mod power_cut;
mod stage;
mod told;
