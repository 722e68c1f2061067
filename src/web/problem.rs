//! `Refusal`: why a request gets no answer, and how that is told (RFC 9457).

use crate::base::{Error, Kind};
use crate::web::answer::{self, Body};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Why a request is refused or failed. Every one is answered; none drops the connection (Fi5).
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nothing is at that path.
    NoSuchPath,
    /// Something is there, but not for this method.
    WrongMethod { allow: String },
    /// The request calls us by a name that is not ours.
    WrongHost { only_here: bool },
    /// Nobody is logged in.
    NoLogin { needs_owner: bool },
    /// Name or password is wrong.
    WrongLogin,
    /// There were too many wrong passwords: wait so long.
    Wait(Duration),
    /// It is for owners.
    NotAllowed,
    /// A page of another site asks for what only ours may have.
    OtherOrigin,
    /// What is here is spoken over a WebSocket only.
    NotWebSocket,
    /// The body is not said to be JSON. A form of another site cannot say so: it cannot make a visitor act.
    NotJson,
    /// The path and its parameters are longer than any that make sense.
    LongUrl,
    /// The body is larger than any that makes sense.
    TooLarge,
    /// What was asked for failed; its kind tells whose fault that was.
    Failed(Error),
}

impl Refusal {
    /// The fault is on our side, so it is worth a line in the log.
    pub(super) fn is_ours(&self) -> bool {
        self.status().is_server_error() && !matches!(self, Self::Failed(e) if e.kind() == Kind::Camera)
    }

    /// Something of what is stored is not as it should be: somebody must act.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Failed(e) if matches!(e.kind(), Kind::Corrupt | Kind::Disk))
    }

    /// The answer to it.
    pub(super) fn into_response(self) -> Response<Body> {
        let status = self.status();
        let mut answer = answer::typed(status, MEDIA_TYPE, problem(status, &self.to_string()));
        if matches!(self, Self::NotWebSocket) {
            // RFC 9110 15.5.22, RFC 6455 4.4
            for (name, value) in [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
            {
                answer.headers_mut().insert(name, HeaderValue::from_static(value));
            }
        }
        if matches!(self, Self::NoLogin { .. } | Self::WrongLogin) {
            // RFC 9110 15.5.2 wants one; for this scheme no browser asks by itself.
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lunette\""));
        }
        if let Self::Wait(wait) = self {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        if let Self::WrongMethod { allow } = self {
            let allow = HeaderValue::from_str(&allow).expect("methods are plain ASCII");
            answer.headers_mut().insert(header::ALLOW, allow);
        }
        answer
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::NoLogin { .. } | Self::WrongLogin => StatusCode::UNAUTHORIZED,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherOrigin | Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NotWebSocket => StatusCode::UPGRADE_REQUIRED,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::LongUrl => StatusCode::URI_TOO_LONG,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Failed(e) => match e.kind() {
                Kind::BadInput => StatusCode::BAD_REQUEST,
                Kind::NotFound => StatusCode::NOT_FOUND,
                Kind::Conflict => StatusCode::CONFLICT,
                Kind::Camera => StatusCode::BAD_GATEWAY,
                Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
                Kind::Disk | Kind::Corrupt | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }
}

/// Whole ones, after which the wait is over.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000) as u64
}

const MEDIA_TYPE: &str = "application/problem+json";

fn problem(status: StatusCode, detail: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Problem<'a> {
        status: u16,
        title: &'a str,
        detail: &'a str,
    }
    let title = status.canonical_reason().unwrap_or("Failed");
    answer::to_json(&Problem { status: status.as_u16(), title, detail })
}

/// What http-serve refuses, told as all refusals are.
pub(super) fn in_our_words(answer: Response<Body>) -> Response<Body> {
    let is_ours = answer.headers().get(header::CONTENT_TYPE).is_some_and(|of| of == MEDIA_TYPE);
    if is_ours || !answer.status().is_client_error() {
        return answer;
    }
    let mut head = answer.into_parts().0;
    let detail = match head.status {
        StatusCode::PRECONDITION_FAILED => "it is not what the conditions of the request name",
        StatusCode::RANGE_NOT_SATISFIABLE => "none of the asked ranges lies within it",
        _ => "the conditions of the request cannot be read",
    };
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    head.headers.remove(header::CONTENT_LENGTH);
    let body = problem(head.status, detail);
    Response::from_parts(head, Body::from(body))
}

impl From<Error> for Refusal {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPath => f.write_str("nothing is at this path"),
            Self::WrongMethod { allow } => write!(f, "this path takes only {allow}"),
            Self::WrongHost { only_here: true } => {
                f.write_str("without a login only localhost and loopback addresses are answered")
            }
            Self::WrongHost { only_here: false } => {
                f.write_str("this recorder is not called so: use its address, or put the name into `[web] names`")
            }
            Self::NoLogin { needs_owner: false } => f.write_str("log in first"),
            Self::NoLogin { needs_owner: true } => f.write_str("nobody has set the owner's password yet"),
            Self::WrongLogin => f.write_str("name or password is wrong"),
            Self::Wait(wait) => {
                write!(f, "too many wrong passwords: try again in {} s", seconds(*wait))
            }
            Self::NotAllowed => f.write_str("only an owner may do this"),
            Self::OtherOrigin => f.write_str("a page of another site asks for this"),
            Self::NotWebSocket => f.write_str("this path answers WebSocket requests only (RFC 6455, version 13)"),
            Self::NotJson => f.write_str("the body must come as application/json"),
            Self::LongUrl => f.write_str("path and parameters are longer than 8 KiB"),
            Self::TooLarge => f.write_str("the body is too large"),
            Self::Failed(e) => e.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_status() {
        let failed = |kind| Refusal::Failed(Error::new(kind, "x")).into_response().status().as_u16();
        let kinds = [Kind::BadInput, Kind::NotFound, Kind::Conflict, Kind::Camera, Kind::Busy, Kind::Disk];
        assert_eq!(kinds.map(failed), [400, 404, 409, 502, 503, 500]);
        let refused = Refusal::WrongMethod { allow: "GET, HEAD".to_owned() }.into_response();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()[header::ALLOW]),
            (405, &HeaderValue::from_static("GET, HEAD"))
        );
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
