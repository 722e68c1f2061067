//! `Waiting`: why there is no film, and what is answered meanwhile.

use crate::base::{Error, Kind};
use crate::web::answer::{self, Body};
use crate::web::auth::Caller;
use crate::web::problem::Refusal;
use crate::web::route::Route;
use crate::web::{Front, api, body, metrics, openapi};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use std::fmt;
use std::sync::Arc;

/// Why there is no film yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// In words that anybody may read: `film disk: checking 43 %`.
    pub state: String,
    /// More of it, for those who may log in: it may name paths.
    pub detail: Option<String>,
}

impl Waiting {
    /// With no more words than these.
    pub fn new(state: impl Into<String>) -> Self {
        Self { state: state.into(), detail: None }
    }
}

/// All of it.
impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.state)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// Answers what needs no film, and refuses the rest in words.
pub(super) async fn dispatch<B>(
    front: &Arc<Front>,
    caller: &Caller,
    route: Route,
    request: Request<B>,
) -> Result<Response<Body>, Refusal>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    Ok(match route {
        Route::Page(asset) => asset.serve(&request),
        Route::OpenApi => openapi::show(&request),
        Route::Health => health(front),
        Route::Metrics => metrics::while_waiting(front),
        Route::Top { .. } => api::top::while_waiting(front, caller),
        Route::Time(time) => api::time::show(front, time),
        Route::Session => api::session::show(front, caller),
        // Who may enter is known from an earlier day, or not at all.
        Route::LogIn if front.doors.know_users() => {
            api::session::log_in(front, caller, body::read(request).await?).await?
        }
        Route::LogOut => api::session::log_out(front, caller).await?,
        _ => return Err(refusal(front)),
    })
}

fn refusal(front: &Front) -> Refusal {
    Refusal::Failed(Error::new(Kind::Busy, words(front)))
}

/// Whatever is asked for, it is for a reason that anybody may know.
fn words(front: &Front) -> String {
    front.waits().map_or_else(|| "starting".to_owned(), |waiting| waiting.state)
}

fn health(front: &Front) -> Response<Body> {
    answer::text(StatusCode::SERVICE_UNAVAILABLE, words(front) + "\n")
}
