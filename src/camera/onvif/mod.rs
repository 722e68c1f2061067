//! ONVIF: finding cameras, and asking them what they are and where their pictures are.
//!
//! What a device says is a stranger's: all of it is bounded, and nothing but the address that answered is talked to.
//! `docs/decisions/0115-onvif.md`.

mod client;
pub mod device;
pub mod discovery;
mod events;
mod media;
mod names;
pub mod reading;
mod service;
mod soap;
pub mod xml;

pub use client::{Picture, picture};
pub use device::{Device, Identity, Looked, Video};
pub use discovery::{Announced, Interfaces, News, Search};
pub use events::{Motion, Subscription};
pub use media::Profile;
pub use service::{host_of, mended};
