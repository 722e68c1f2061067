//! What serde does not say by itself about the fields of a question.

use serde::{Deserialize, Deserializer};

/// For an optional field that may be left out, but not be `null`: `#[serde(deserialize_with = "given")]`.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}
