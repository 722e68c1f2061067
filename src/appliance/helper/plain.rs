//! `plain`: a value of D-Bus as JSON, whatever it is wrapped in.

use serde_json::{Map, Value};
use zbus::Variant;

/// The same in JSON. What has no like there is null.
pub(super) fn plain(value: &Variant<'_>) -> Value {
    match value {
        Variant::Bool(value) => (*value).into(),
        Variant::U8(value) => (*value).into(),
        Variant::I16(value) => (*value).into(),
        Variant::U16(value) => (*value).into(),
        Variant::I32(value) => (*value).into(),
        Variant::U32(value) => (*value).into(),
        Variant::I64(value) => (*value).into(),
        Variant::U64(value) => (*value).into(),
        Variant::F64(value) => (*value).into(),
        Variant::Str(value) => value.as_str().into(),
        Variant::ObjectPath(value) => value.as_str().into(),
        Variant::Variant(value) => plain(value),
        Variant::Array(values) => values.inner().iter().map(plain).collect(),
        Variant::Dict(values) => {
            let named =
                values.iter().filter_map(|(name, value)| Some((plain(name).as_str()?.to_owned(), plain(value))));
            Value::Object(named.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}
