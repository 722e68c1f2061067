//! What strangers' bytes are read as, for who tests that.

pub use super::service::mended;
pub use super::xml::Element;

use super::discovery::{Announced, News};
use super::soap::Fault;
use super::{events, names};
use crate::camera::Login;
use std::net::SocketAddr;

/// The devices that a datagram tells of.
pub fn datagram(bytes: &[u8]) -> Vec<Announced> {
    let here = |news| match news {
        News::Here(announced) => Some(announced),
        News::Gone(..) => None,
    };
    News::read(bytes, SocketAddr::from(([192, 0, 2, 1], 3702))).into_iter().filter_map(here).collect()
}

/// The words for a fault that a service answers with, and how many motions it tells of.
pub fn answer(bytes: &[u8]) -> (Option<String>, usize) {
    let Ok(envelope) = Element::parse(bytes) else { return (None, 0) };
    let Some(body) = names::SOAP.into_iter().find_map(|soap| envelope.child(soap, "Body")) else { return (None, 0) };
    let fault = names::SOAP.into_iter().find_map(|soap| body.child(soap, "Fault"));
    let meaning = fault.map(|fault| Fault::read(fault).meaning(&Login::default()).to_string());
    (meaning, body.children().first().map_or(0, |first| events::motions(first).len()))
}
