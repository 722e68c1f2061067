//! What is happening now: the state, rate and last trouble of each stream.

pub mod health;
mod meter;

pub use health::{Health, State, Status};
