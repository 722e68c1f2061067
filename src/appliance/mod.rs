//! The box itself: what only a machine of our image has.

pub mod settings;
pub mod setup_file;
