//! `/api/openapi.json`: what can be asked and what comes back, for programs. The rooms of the document are written by
//! hand, one subject a file; `tests/api` holds them against the table of routes and the running server.

use crate::web::answer::Body;
use crate::web::pages;
use http::{Request, Response};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The document, or 304.
pub(super) fn show<B>(request: &Request<B>) -> Response<Body> {
    pages::serve("application/json", &DOCUMENT, request)
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = Value::Null;
    for room in ROOMS {
        let room = serde_json::from_str(room).expect("each room is JSON: a test reads them all");
        unite(&mut document, room, "");
    }
    complete(&mut document);
    document.to_string()
});

/// `frame.json` has what the others share.
const ROOMS: [&str; 11] = [
    include_str!("frame.json"),
    include_str!("recorder.json"),
    include_str!("cameras.json"),
    include_str!("discovery.json"),
    include_str!("lists.json"),
    include_str!("film.json"),
    include_str!("live.json"),
    include_str!("storage.json"),
    include_str!("people.json"),
    include_str!("system.json"),
    include_str!("backup.json"),
];

/// Puts a room's paths and components beside those of the rooms before it. No name may be there twice.
fn unite(document: &mut Value, room: Value, at: &str) {
    match (document, room) {
        (Value::Object(document), Value::Object(room)) => {
            for (name, value) in room {
                let at = format!("{at}/{name}");
                unite(document.entry(name).or_insert(Value::Null), value, &at);
            }
        }
        (document @ Value::Null, room) => *document = room,
        (_, _) => panic!("two rooms of the OpenAPI document have {at}"),
    }
}

/// Adds what would else be said at each operation: the version, the answers that any may give, and HEAD for each GET.
fn complete(document: &mut Value) {
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let everywhere = document.as_object_mut().and_then(|d| d.remove("x-everywhere"));
    let Some(Value::Object(everywhere)) = everywhere else { return };
    for path in objects(&mut document["paths"]) {
        for method in METHODS {
            let Some(operation) = path.get_mut(method) else { continue };
            for (status, answer) in &everywhere {
                let answers = &mut operation["responses"];
                if answers[status].is_null() {
                    answers[status] = answer.clone();
                }
            }
        }
        if let Some(get) = path.get("get") {
            let head = head(get);
            path.insert("head".to_owned(), head);
        }
    }
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn objects(of: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    of.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

/// The same answers: that they have no body is of HTTP.
fn head(get: &Value) -> Value {
    let mut head = get.clone();
    head["operationId"] = json!(format!("{}Head", get["operationId"].as_str().unwrap_or_default()));
    head
}

#[cfg(test)]
mod tests;
