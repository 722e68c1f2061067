//! `/metrics`: figures for Prometheus, in its text format, out of memory. Each subject has a room that writes its own.

mod clock;
mod storage;
mod text;
mod verification;

use crate::web::State;
use crate::web::answer::{self, Body};
use http::{Response, StatusCode};
use text::Text;

/// All of them, as they are now.
pub(super) fn show(state: &State) -> Response<Body> {
    let mut text = Text::default();
    storage::write(state, &mut text);
    clock::write(state, &mut text);
    verification::write(state, &mut text);
    answer::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
}
