//! `NewCamera` and `CameraEdit`: what the owner wants of a camera.

use crate::base::json::given;
use crate::base::{Secret, Transport};
use crate::store::camera::{OnvifLink, StreamKind};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use uuid::Uuid;

/// A camera to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCamera {
    /// See [`crate::store::Camera::name`]; blanks around it are taken off.
    pub name: String,
    /// See [`crate::store::Camera::username`].
    #[serde(default)]
    pub username: String,
    /// See [`crate::store::Camera::password`].
    #[serde(default)]
    pub password: Secret,
    /// Its streams; at least one.
    pub streams: PerKind<NewStream>,
    /// See [`crate::store::Camera::uuid`]; `None`: a new one.
    #[serde(skip)]
    pub uuid: Option<Uuid>,
    /// See [`crate::store::Camera::onvif`].
    #[serde(skip)]
    pub onvif: Option<OnvifLink>,
}

/// A stream to be added.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStream {
    /// See [`crate::store::Stream::source`].
    pub source: String,
    /// See [`crate::store::Stream::transport`].
    #[serde(default)]
    pub transport: Transport,
    /// See [`crate::store::Stream::record`].
    #[serde(default = "yes")]
    pub record: bool,
    /// See [`crate::store::Stream::retain_bytes`].
    #[serde(default, deserialize_with = "bytes")]
    pub retain_bytes: Option<u64>,
}

impl NewStream {
    /// A stream that is recorded over TCP into the pool.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), transport: Transport::Tcp, record: true, retain_bytes: None }
    }
}

fn yes() -> bool {
    true
}

/// What is to be changed of a camera; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CameraEdit {
    /// See [`crate::store::Camera::name`].
    #[serde(deserialize_with = "given")]
    pub name: Option<String>,
    /// See [`crate::store::Camera::username`].
    #[serde(deserialize_with = "given")]
    pub username: Option<String>,
    /// See [`crate::store::Camera::password`].
    #[serde(deserialize_with = "given")]
    pub password: Option<Secret>,
    /// Changes of its streams. One that the camera did not have is added, and needs a source.
    pub streams: PerKind<StreamEdit>,
}

/// What is to be changed of a stream; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StreamEdit {
    /// See [`crate::store::Stream::source`].
    #[serde(deserialize_with = "given")]
    pub source: Option<String>,
    /// See [`crate::store::Stream::transport`].
    #[serde(deserialize_with = "given")]
    pub transport: Option<Transport>,
    /// See [`crate::store::Stream::record`].
    #[serde(deserialize_with = "given")]
    pub record: Option<bool>,
    /// See [`crate::store::Stream::retain_bytes`]; `Some(None)`, in JSON `null`, gives the stream back to the pool.
    #[serde(deserialize_with = "even_null")]
    pub retain_bytes: Option<Option<u64>>,
}

/// A field that is there, be it `null`.
fn even_null<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<u64>>, D::Error> {
    bytes(d).map(Some)
}

/// A size that every program can read back, JavaScript too; `7.0` is 7, as JSON Schema has it.
fn bytes<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(d)? else { return Ok(None) };
    let whole = number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..=MAX_BYTES as f64).contains(f));
    let bytes = number.as_u64().or(whole.map(|f| f as u64)).filter(|&bytes| bytes <= MAX_BYTES);
    bytes.map(Some).ok_or_else(|| D::Error::custom(format!("{number} is no whole number up to {MAX_BYTES}")))
}

const MAX_BYTES: u64 = (1 << 53) - 1;

/// Something for the main stream, something for the sub stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct PerKind<T> {
    /// Of the main stream.
    #[serde(default = "none", deserialize_with = "given")]
    pub main: Option<T>,
    /// Of the sub stream.
    #[serde(default = "none", deserialize_with = "given")]
    pub sub: Option<T>,
}

impl<T> PerKind<T> {
    /// What there is, main first.
    pub fn iter(&self) -> impl Iterator<Item = (StreamKind, &T)> {
        let main = self.main.iter().map(|t| (StreamKind::Main, t));
        main.chain(self.sub.iter().map(|t| (StreamKind::Sub, t)))
    }
}

impl<T> Default for PerKind<T> {
    fn default() -> Self {
        Self { main: None, sub: None }
    }
}

fn none<T>() -> Option<T> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_camera_needs_little_json() {
        let json = r#"{"name": "porch", "streams": {"main": {"source": "rtsp://192.0.2.1/"}}}"#;
        let camera: NewCamera = serde_json::from_str(json).unwrap();
        let streams = PerKind { main: Some(NewStream::new("rtsp://192.0.2.1/")), sub: None };
        assert_eq!(camera, NewCamera { name: "porch".into(), streams, ..Default::default() });
        assert!(serde_json::from_str::<NewCamera>(r#"{"name": "a", "streams": {}, "uuid": 1}"#).is_err());
    }

    #[test]
    fn an_edit_tells_null_from_absent() {
        let edit = |json: &str| serde_json::from_str::<StreamEdit>(json).unwrap().retain_bytes;
        assert_eq!(edit("{}"), None);
        assert_eq!(edit(r#"{"retainBytes": null}"#), Some(None));
        assert_eq!(edit(r#"{"retainBytes": 7}"#), Some(Some(7)));
    }

    #[test]
    fn null_is_no_value_and_a_size_has_an_end() {
        for body in ["source", "transport", "record"].map(|name| format!("{{\"{name}\": null}}")) {
            assert!(serde_json::from_str::<StreamEdit>(&body).is_err(), "{body}");
        }
        for body in [r#"{"name": null}"#, r#"{"password": null}"#, r#"{"streams": {"main": null}}"#] {
            assert!(serde_json::from_str::<CameraEdit>(body).is_err(), "{body}");
        }
        assert_eq!(serde_json::from_str::<StreamEdit>(r#"{"retainBytes": 7.0}"#).unwrap().retain_bytes, Some(Some(7)));
        for size in ["-1", "7.5", "\"7\"", "1e300"].map(|size| format!("{{\"retainBytes\": {size}}}")) {
            assert!(serde_json::from_str::<StreamEdit>(&size).is_err(), "{size}");
        }
        let too_much = serde_json::from_str::<StreamEdit>(r#"{"retainBytes": 9007199254740992}"#).unwrap_err();
        assert!(
            too_much.to_string().starts_with("9007199254740992 is no whole number up to 9007199254740991"),
            "{too_much}"
        );
    }

    #[test]
    fn a_password_is_not_printed() {
        let camera = NewCamera { password: Secret::new("hunter2"), ..Default::default() };
        assert!(!format!("{camera:?}").contains("hunter2"));
    }
}
