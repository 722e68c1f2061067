//! `Api`: the HTTP API for verbs, through the daemon's socket while one runs, else answered right here from the store.
//!
//! So a verb does the same in both cases, and its answers have the same bytes.

use super::config::Config;
use super::opening::{self, Access};
use crate::base::{Error, Kind, Result, ResultExt};
use crate::store::Store;
use crate::web::{self, Peer, Site, State};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

/// Somebody who answers.
pub(super) enum Api {
    /// A running daemon.
    Daemon(SendRequest<Full<Bytes>>),
    /// This process, which holds the store.
    Here(Arc<Store>, Arc<Site>),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of an answer as they come.
pub(super) type Answer = Response<BoxBody<Bytes, Failure>>;

/// Runs `work` with an API and gives the store back at the end.
pub(super) fn with<T>(config: &Config, access: Access, work: impl AsyncFnOnce(&mut Api) -> Result<T>) -> Result<T> {
    runtime()?.block_on(async {
        let mut api = Api::open(config, access).await?;
        let done = work(&mut api).await?;
        api.close()?;
        Ok(done)
    })
}

/// What asynchronous work of a verb runs on: its own thread.
pub(super) fn runtime() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.or_fail(Kind::Internal, || "start the runtime")
}

impl Api {
    async fn open(config: &Config, access: Access) -> Result<Self> {
        if let Some(daemon) = Self::running(config).await? {
            return Ok(daemon);
        }
        let store = opening::open(config, access)?;
        let state = State::new(store.clone(), Arc::default(), TimeZone::system());
        Ok(Self::Here(store, Site::open(state)))
    }

    /// The daemon, if one runs.
    pub(super) async fn running(config: &Config) -> Result<Option<Self>> {
        let path = config.socket();
        match UnixStream::connect(&path).await {
            Ok(stream) => {
                let failed = || format!("daemon at {}", path.display());
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.or_fail(Kind::Busy, failed)?;
                tokio::spawn(connection);
                Ok(Some(Self::Daemon(sender)))
            }
            // No daemon, or one that left its socket behind.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
            Err(e) => {
                let what = format!("daemon at {}: is it of another user?", path.display());
                Err(Error::caused(Kind::Conflict, what, e))
            }
        }
    }

    /// Asks; an answer that is a failure becomes an error in the answer's words.
    pub(super) async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let body = match body {
            None => Full::default(),
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Full::from(value.to_string())
            }
        };
        let request = request.body(body).expect("paths are made of uuids and numbers");
        let answer: Answer = match self {
            Self::Here(_, site) => {
                web::answer_request(site, Peer::Owner, request).await.map(|body| body.map_err(Failure::from).boxed())
            }
            Self::Daemon(sender) => {
                let answer = sender.send_request(request).await.or_fail(Kind::Busy, || "ask the daemon")?;
                answer.map(|body| body.map_err(Failure::from).boxed())
            }
        };
        if answer.status().is_success() { Ok(answer) } else { Err(failure(answer).await) }
    }

    /// Asks for JSON; `null` for an answer without a body.
    pub(super) async fn json(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let bytes = collect(self.call(method, path, body).await?).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).or_fail(Kind::Internal, || "read the answer")
    }

    fn close(self) -> Result<()> {
        match self {
            Self::Daemon(_) => Ok(()),
            Self::Here(store, _) => opening::close(&store, opening::PATIENCE),
        }
    }
}

async fn collect(answer: Answer) -> Result<Bytes> {
    Ok(answer.into_body().collect().await.or_fail(Kind::Busy, || "read the answer")?.to_bytes())
}

/// What a problem says, with whose fault it was.
async fn failure(answer: Answer) -> Error {
    let status = answer.status();
    let kind = match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::CONFLICT => Kind::Conflict,
        StatusCode::BAD_GATEWAY => Kind::Camera,
        StatusCode::SERVICE_UNAVAILABLE => Kind::Busy,
        s if s.is_client_error() => Kind::BadInput,
        _ => Kind::Internal,
    };
    let problem = collect(answer).await.ok().and_then(|b| serde_json::from_slice::<Value>(&b).ok());
    let detail = problem.as_ref().and_then(|p| p["detail"].as_str()).map(str::to_owned);
    Error::new(kind, detail.unwrap_or_else(|| status.to_string()))
}
