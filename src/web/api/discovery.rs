//! `/api/discovery`: cameras on the network as they answer, and their becoming cameras here.

use crate::base::json::given;
use crate::base::{Error, Kind, Result, Secret};
use crate::camera::Login;
use crate::camera::onvif;
use crate::camera::usual_paths::{MAKERS, Maker};
use crate::live::discovery::Watcher;
use crate::live::{Answered, Found, FoundNews};
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::api::snapshot;
use crate::web::auth::{Admits, Caller};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::mpsc;
use uuid::Uuid;

/// How much of a found camera is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Full,
    /// That it is there, its name, and what is to be done about it: before there is an owner.
    Names,
}

/// A camera that was found, as it is told: see `docs/reference/api.md`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundJson {
    key: String,
    address: String,
    name: String,
    maker: String,
    model: String,
    state: &'static str,
    detail: String,
    profiles: Vec<ProfileJson>,
    camera: Option<Uuid>,
    found_by_itself: bool,
    has_snapshot: bool,
}

#[derive(Debug, Serialize)]
struct ProfileJson {
    kind: &'static str,
    codec: String,
    width: u32,
    height: u32,
    fps: Option<f64>,
}

impl FoundJson {
    /// What is told of it.
    pub fn new(found: Found, detail: Detail) -> Self {
        let profiles = found.streams.into_iter().zip(["main", "sub"]).map(|(stream, kind)| ProfileJson {
            kind,
            codec: stream.codec,
            width: stream.width,
            height: stream.height,
            fps: stream.fps,
        });
        let whole = Self {
            key: found.key,
            address: found.server.ip().to_string(),
            name: found.name,
            maker: found.maker,
            model: found.model,
            state: found.state.word(),
            detail: found.detail,
            profiles: profiles.collect(),
            camera: found.camera,
            found_by_itself: found.by_itself,
            has_snapshot: found.snapshot.is_some(),
        };
        match detail {
            Detail::Full => whole,
            Detail::Names => Self {
                address: String::new(),
                maker: String::new(),
                model: String::new(),
                detail: String::new(),
                profiles: Vec::new(),
                camera: None,
                has_snapshot: false,
                ..whole
            },
        }
    }
}

/// Server-sent events for as long as somebody reads them and may, and cameras are looked for as long: first all that is
/// known, then what changes. `Conflict` where cameras are not looked for.
pub(in crate::web) fn watch(state: &State, caller: &Caller) -> Result<Response<Body>> {
    let detail = if caller.person().is_some() { Detail::Full } else { Detail::Names };
    let watcher = state.live.discovery.watch()?;
    // When it is full the board is read later: nothing is lost, since changes are not queued.
    let (pieces, told) = mpsc::channel(1);
    // Who has no login is let in before there is an owner, and no longer; who has one, as long as it holds.
    let shut_out = caller.clone().shut_out(state.doors.clone(), Admits::Newcomers, None);
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = shut_out => {}
            () = tell(watcher, detail, pieces) => {}
        }
    });
    Ok(answer::typed(StatusCode::OK, "text/event-stream", Body::Told(told)))
}

async fn tell(mut watcher: Watcher, detail: Detail, pieces: mpsc::Sender<Bytes>) {
    // So that who asks knows that it is heard, whether anything is there or not.
    let mut next = Bytes::from_static(b": looking\n\n");
    loop {
        if pieces.send(next).await.is_err() {
            return;
        }
        next = tokio::select! {
            news = watcher.next() => match news {
                Some(news) => news.into_iter().map(|news| event(news, detail)).collect::<String>().into(),
                None => return,
            },
            // A reader that went without a word is noticed by what is sent.
            () = tokio::time::sleep(STILL_HERE) => Bytes::from_static(b": still looking\n\n"),
            () = pieces.closed() => return,
        };
    }
}

const STILL_HERE: Duration = Duration::from_secs(15);

fn event(news: FoundNews, detail: Detail) -> String {
    let (name, data) = match news {
        FoundNews::Found(found) => ("camera", answer::to_json(&FoundJson::new(*found, detail))),
        FoundNews::Gone(key) => ("gone", answer::to_json(&serde_json::json!({ "key": key }))),
        FoundNews::Sweep(begun) => {
            let state = if begun { "begun" } else { "ended" };
            ("sweep", answer::to_json(&serde_json::json!({ "state": state })))
        }
    };
    format!("event: {name}\ndata: {}\n\n", String::from_utf8_lossy(&data))
}

/// What is wanted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::web) struct Wish {
    keys: Vec<String>,
    #[serde(default, deserialize_with = "given")]
    username: Option<String>,
    #[serde(default, deserialize_with = "given")]
    password: Option<Secret>,
}

#[derive(Serialize)]
struct Results {
    results: Vec<ResultJson>,
}

#[derive(Serialize)]
struct ResultJson {
    key: String,
    camera: Option<Uuid>,
    error: Option<ErrorJson>,
}

#[derive(Serialize)]
struct ErrorJson {
    state: &'static str,
    detail: String,
}

/// More are not found.
const MAX_KEYS: usize = 128;

/// Makes cameras of what was found, with one login for all of them.
pub(in crate::web) async fn record(state: &State, wish: Wish) -> Result<Response<Body>> {
    let bad = |what: &str| Err(Error::new(Kind::BadInput, what));
    if wish.keys.is_empty() || wish.keys.len() > MAX_KEYS {
        return bad("the body: keys: one to 128 are expected");
    }
    if wish.keys.iter().enumerate().any(|(at, key)| wish.keys[..at].contains(key)) {
        return bad("the body: keys: one is there twice");
    }
    let (username, password) = (wish.username.unwrap_or_default(), wish.password.unwrap_or_default());
    if username.is_empty() && !password.is_empty() {
        return bad("the body: a password needs a username");
    }
    let answered = state.live.discovery.order(wish.keys, username, password).await?;
    let results = answered.into_iter().map(|Answered { key, camera }| {
        let error = camera
            .as_ref()
            .err()
            .map(|trouble| ErrorJson { state: trouble.obstacle.word(), detail: trouble.to_string() });
        ResultJson { key, camera: camera.ok(), error }
    });
    Ok(answer::json(StatusCode::OK, &Results { results: results.collect() }))
}

/// The picture of a camera that was found and gives one to anybody.
pub(in crate::web) async fn picture(state: &State, key: &str) -> Result<Response<Body>> {
    let none = |what: &str| Error::new(Kind::NotFound, format!("found camera {key}: {what}"));
    let found = state.live.discovery.found(key).ok_or_else(|| none("there is none"))?;
    let url = found.snapshot.ok_or_else(|| none("it gives no picture without a login"))?;
    let nobody = Login::default();
    let picture = onvif::picture(&url, found.server, &nobody);
    snapshot::told(state, &format!("found camera {key}"), picture).await
}

/// Where cameras of well-known makers have their streams, for an address that somebody types.
pub(in crate::web) fn usual_paths() -> Response<Body> {
    #[derive(Serialize)]
    struct Paths {
        paths: &'static [Maker],
    }
    answer::json(StatusCode::OK, &Paths { paths: MAKERS })
}
