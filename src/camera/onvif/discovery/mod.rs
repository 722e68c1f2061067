//! Finding devices on the networks that this machine is in: WS-Discovery, 1.0 as ONVIF asks for it, and 1.1.

mod interfaces;
pub mod message;
mod search;

pub use interfaces::Interfaces;
pub use message::{Announced, News};
pub use search::Search;
