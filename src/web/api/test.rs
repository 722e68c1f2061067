//! `POST /api/cameras/test`: connects to a camera and tells what it sends.

use crate::base::json::given;
use crate::base::{Error, Kind, Result, Secret, Transport};
use crate::camera::{self, Login, Options, Session, Source};
use crate::store::StreamKind;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::api::cameras::check_source;
use crate::web::api::probe::{Findings, Probe};
use crate::web::auth::Caller;
use crate::web::route::StreamName;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// What to try: a camera that is known, or a source that may become one.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Question")]
pub(in crate::web) enum Subject {
    /// With the login that is stored.
    Known(Known),
    /// With the login given here.
    New(New),
}

#[derive(Debug)]
pub(in crate::web) struct Known {
    camera: Uuid,
    stream: StreamKind,
}

#[derive(Debug)]
pub(in crate::web) struct New {
    source: String,
    transport: Transport,
    username: String,
    password: Secret,
}

/// A [`Subject`] as it is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Question {
    #[serde(deserialize_with = "given")]
    camera: Option<Uuid>,
    #[serde(deserialize_with = "given")]
    stream: Option<StreamKind>,
    #[serde(deserialize_with = "given")]
    source: Option<String>,
    #[serde(deserialize_with = "given")]
    transport: Option<Transport>,
    #[serde(deserialize_with = "given")]
    username: Option<String>,
    #[serde(deserialize_with = "given")]
    password: Option<Secret>,
}

impl TryFrom<Question> for Subject {
    type Error = &'static str;

    fn try_from(question: Question) -> Result<Self, &'static str> {
        match question {
            Question {
                camera: Some(camera),
                stream: Some(stream),
                source: None,
                transport: None,
                username: None,
                password: None,
            } => Ok(Self::Known(Known { camera, stream })),
            Question { camera: None, stream: None, source: Some(source), transport, username, password } => {
                let (transport, username) = (transport.unwrap_or_default(), username.unwrap_or_default());
                Ok(Self::New(New { source, transport, username, password: password.unwrap_or_default() }))
            }
            _ => Err("either `camera` (its uuid) and `stream`, or `source` with its login is expected"),
        }
    }
}

/// What a camera sends, as far as a few seconds tell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CameraReport {
    /// Such as `H.264 640x360`.
    video: String,
    rfc6381_codec: Option<String>,
    server: Option<String>,
    /// Seconds to the first frame.
    first_frame_after: Option<f64>,
    camera_clock_offset_seconds: Option<f64>,
    lost_packets: u64,
    #[serde(flatten)]
    findings: Findings,
}

/// Tells what a known camera, or one that may be added, sends.
pub(in crate::web) async fn run(state: &State, caller: &Caller, subject: Subject) -> Result<Response<Body>> {
    let (source, login) = subject.find(state, caller)?;
    Ok(answer::json(StatusCode::OK, &look_at_camera(&source, &login).await?))
}

/// Looks at a camera until all is known, but no longer than [`LOOK`]. One that cannot be opened, or that ends, is a
/// failure of kind `Camera`, in the words of the log.
pub async fn look_at_camera(source: &Source, login: &Login) -> Result<CameraReport> {
    let failed = |reason| Error::new(Kind::Camera, format!("{source}: {reason}"));
    let began = Instant::now();
    let mut session = Session::open(source, login, &Options::default()).await.map_err(failed)?;
    let mut probe = Probe::default();
    let mut first_frame_after = None;
    let looked = tokio::time::timeout(LOOK, async {
        while !probe.is_enough() {
            probe.add(&session.next().await?);
            first_frame_after.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
        Ok(())
    });
    let ended = looked.await;
    let seen = session.report();
    session.close().await;
    match ended {
        Ok(Err(reason)) => Err(failed(reason)),
        Ok(Ok(())) | Err(_) => Ok(CameraReport::of(&seen, &probe, first_frame_after)),
    }
}

/// Enough for two key frames of most cameras; short enough to wait for.
const LOOK: Duration = Duration::from_secs(12);

impl Subject {
    fn find(self, state: &State, caller: &Caller) -> Result<(Source, Login)> {
        match self {
            Self::New(new) => {
                let source = check_source(caller, &new.source, new.transport)?;
                Ok((source, Login { username: new.username, password: new.password }))
            }
            Self::Known(known) => {
                let camera = state.camera(known.camera)?;
                let stream = state.stream(StreamName { camera: known.camera, kind: known.stream })?;
                // Whoever stored the source was allowed to.
                let source = Source::parse(&stream.source, stream.transport)?;
                Ok((source, Login { username: camera.username, password: camera.password }))
            }
        }
    }
}

impl CameraReport {
    fn of(seen: &camera::Report, probe: &Probe, first_frame_after: Option<f64>) -> Self {
        let mut findings = probe.findings(seen.lost_packets, seen.clock_offset);
        findings.odd.extend(seen.complaint.clone());
        Self {
            video: seen.to_string(),
            rfc6381_codec: seen.video.as_ref().map(|video| video.rfc6381_codec.clone()),
            server: seen.server.clone(),
            first_frame_after,
            camera_clock_offset_seconds: seen.clock_offset.map(|off| off.as_secs_f64()),
            lost_packets: seen.lost_packets,
            findings,
        }
    }
}
