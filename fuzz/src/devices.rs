//! What devices on the network send.

use lunette::camera::onvif::reading::{Element, answer, datagram, mended};

/// The bytes as a datagram of discovery, as the answer of a service and as a URL in one: what is understood keeps to its
/// bounds, and what is written of it is read alike.
pub fn onvif(data: &[u8]) {
    for announced in datagram(data) {
        assert!(announced.endpoint.len() <= 256 && announced.services.len() <= 8);
        for name in [&announced.name, &announced.hardware, &announced.maker] {
            assert!(name.chars().count() <= 64 && !name.chars().any(char::is_control));
        }
    }
    answer(data);
    if let Ok(element) = Element::parse(data) {
        let written = element.to_xml();
        let again = Element::parse(written.as_bytes()).expect("our own XML");
        assert_eq!((again.name(), again.children().len()), (element.name(), element.children().len()));
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(url) = mended(text, [192, 0, 2, 1].into())
    {
        assert_eq!(url.host_str(), Some("192.0.2.1"));
    }
}
