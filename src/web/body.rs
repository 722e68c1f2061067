//! Request bodies: small, JSON, and here in time.

use crate::base::{Error, Kind};
use crate::web::problem::Refusal;
use bytes::Bytes;
use http::{Request, header};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The body as a value. A field that the type does not know is refused.
pub(super) async fn read<T, B>(request: Request<B>) -> Result<T, Refusal>
where
    T: DeserializeOwned,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    read_up_to(MAX_BYTES, request).await
}

/// The same for one that may have so many bytes.
pub(super) async fn read_up_to<T, B>(max_bytes: usize, request: Request<B>) -> Result<T, Refusal>
where
    T: DeserializeOwned,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if !media_type.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NotJson);
    }
    let body = Limited::new(request.into_body(), max_bytes);
    let bytes = match tokio::time::timeout(TIMEOUT, body.collect()).await {
        Err(_) => return Err(Error::new(Kind::BadInput, "the body did not arrive in time").into()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => return Err(Refusal::TooLarge),
        Ok(Err(e)) => return Err(Error::caused(Kind::BadInput, "read the body", e).into()),
        Ok(Ok(body)) => body.to_bytes(),
    };
    parse(&bytes).map_err(|what| Error::new(Kind::BadInput, format!("the body: {what}")).into())
}

/// The value, or where in it something is wrong: the field, then line and column.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    // Serde takes a list for a struct's fields in their order: nobody means that.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("an object is expected".to_owned());
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        // `.` is the whole body, `?` a field whose name is not there yet.
        match e.path().to_string().trim_end_matches(['?', '.']) {
            "" => e.inner().to_string(),
            field => format!("{field}: {}", e.inner()),
        }
    })?;
    json.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// Far above any camera's description.
const MAX_BYTES: usize = 64 << 10;

const TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    fn told(media_type: &str, body: &'static str) -> String {
        let request = Request::post("/").header(header::CONTENT_TYPE, media_type).body(Full::from(body)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        match runtime.block_on(read::<std::collections::BTreeMap<String, u8>, _>(request)) {
            Ok(value) => format!("{value:?}"),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn only_small_json_passes() {
        assert_eq!(told("application/json; charset=utf-8", " {\"a\": 1}"), "{\"a\": 1}");
        assert_eq!(told("text/plain", "{\"a\": 1}"), "the body must come as application/json");
        assert_eq!(told("application/json", "{\"a\": "), "the body: a: EOF while parsing a value at line 1 column 6");
        for text in ["[1]", "", " ", "1", "null"] {
            assert_eq!(told("application/json", text), "the body: an object is expected");
        }
        let wrong = "the body: a: invalid type: string \"x\", expected u8 at line 2 column 9";
        assert_eq!(told("application/json", "{\n \"a\": \"x\"}"), wrong);
        assert_eq!(told("application/json", "{} {}"), "the body: trailing characters at line 1 column 4");
        let large = " ".repeat(MAX_BYTES + 1).leak();
        assert_eq!(told("application/json", large), "the body is too large");
    }
}
