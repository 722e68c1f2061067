//! `Json`: JSON written by hand, where there is much of it or it is asked for often.

use bytes::Bytes;

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
            Some(text) => {
                serde_json::to_writer(&mut self.0, text).expect("a text can be written to memory");
                self
            }
            None => self.raw("null"),
        }
    }
}

impl From<Json> for Bytes {
    fn from(json: Json) -> Self {
        json.0.into()
    }
}
