//! The namespaces of what cameras speak.

/// SOAP 1.2, which ONVIF asks for, and SOAP 1.1, which some answer in.
pub(super) const SOAP: [&str; 2] =
    ["http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"];
/// WS-Addressing, as WS-Discovery 1.0 and 1.1 have it.
pub(super) const ADDRESSING: [&str; 2] =
    ["http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://www.w3.org/2005/08/addressing"];
/// WS-Discovery 1.0 and 1.1, in the order of [`ADDRESSING`].
pub(super) const DISCOVERY: [&str; 2] =
    ["http://schemas.xmlsoap.org/ws/2005/04/discovery", "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"];
/// What WS-Discovery 1.0 and 1.1 call everybody.
pub(super) const EVERYBODY: [&str; 2] =
    ["urn:schemas-xmlsoap-org:ws:2005:04:discovery", "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01"];

/// The types of devices.
pub(super) const NETWORK: &str = "http://www.onvif.org/ver10/network/wsdl";
/// The device service.
pub(super) const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
/// The media service.
pub(super) const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
/// The newer media service, which knows H.265.
pub(super) const MEDIA2: &str = "http://www.onvif.org/ver20/media/wsdl";
/// The event service.
pub(super) const EVENTS: &str = "http://www.onvif.org/ver10/events/wsdl";
/// The types that services share.
pub(super) const SCHEMA: &str = "http://www.onvif.org/ver10/schema";
/// The subcodes of faults.
pub(super) const ERROR: &str = "http://www.onvif.org/ver10/error";
/// The topics of events.
pub(super) const TOPICS: &str = "http://www.onvif.org/ver10/topics";
/// WS-BaseNotification.
pub(super) const NOTIFICATION: &str = "http://docs.oasis-open.org/wsn/b-2";

/// WS-Security.
pub(super) const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// The times of WS-Security.
pub(super) const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// How a password is told.
pub(super) const PASSWORD_DIGEST: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
/// How a nonce is written.
pub(super) const BASE64: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// How a scope of an ONVIF device begins.
pub(super) const SCOPE: &str = "onvif://www.onvif.org/";
