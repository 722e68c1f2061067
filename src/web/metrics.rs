//! `/metrics`: figures for Prometheus, in its text format, out of memory. Each subject has a room that writes its own.

mod clock;
mod storage;
mod text;
mod verification;

use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use http::{Response, StatusCode};
use text::Text;

/// All of them, as they are now, of the cameras that are there for this caller.
pub(super) fn show(state: &State, caller: &Caller) -> Response<Body> {
    let mut text = Text::default();
    let cameras = caller.cameras(state);
    storage::write(state, &cameras, &mut text);
    clock::write(state, &cameras, &mut text);
    verification::write(state, &mut text);
    answer::typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into_bytes())
}
