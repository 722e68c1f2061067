//! `Json`: JSON written by hand, where there is much of it or it is asked for often.

use bytes::Bytes;
use serde::Serialize;

/// A text that grows. What is written is as right as its writer: tests read it back.
#[derive(Debug, Default)]
pub(super) struct Json(Vec<u8>);

impl Json {
    /// Empty, with room.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Brackets, names and all that needs no escapes.
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.raw_bytes(text.as_bytes())
    }

    /// JSON that is written already.
    pub(super) fn raw_bytes(&mut self, json: &[u8]) -> &mut Self {
        self.0.extend_from_slice(json);
        self
    }

    /// A whole number.
    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    /// True or false.
    pub(super) fn truth(&mut self, truth: bool) -> &mut Self {
        self.raw(if truth { "true" } else { "false" })
    }

    /// Any text, with quotes and escapes; or null.
    pub(super) fn text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.value(text),
            None => self.raw("null"),
        }
    }

    /// What has a form already.
    pub(super) fn value(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        serde_json::to_writer(&mut self.0, value).expect("our answers have text keys, and memory takes all");
        self
    }

    /// What is written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl From<Json> for Bytes {
    fn from(json: Json) -> Self {
        json.0.into()
    }
}
