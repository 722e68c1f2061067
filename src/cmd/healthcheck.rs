//! `lunette healthcheck`: asks a running daemon whether all that should record does, its film can be read back, and its page
//! answers.

use super::api::{self, Api};
use super::config::Config;
use super::{Outcome, output};
use crate::appliance::RecordingStream;
use crate::appliance::proof::{Seen, SeenStream};
use crate::base::{Error, Kind, Result, ResultExt};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Ask the running daemon whether it does what it should; exit status 1: not all of it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let seen = api::runtime()?.block_on(async {
        let wanted = wanted(config).await?;
        Ok::<_, Error>(look(config, &wanted).await)
    })?;
    let missing = seen.streams.iter().filter(|stream| stream.session.is_none()).count();
    let is_well = seen.page.is_none() && seen.store.is_none() && missing == 0;
    if args.json {
        let streams = seen.streams.iter().map(|stream| {
            json!({ "name": stream.name, "records": stream.session.is_some(), "answers": stream.answers, "trouble": stream.trouble })
        });
        let told =
            json!({ "ok": is_well, "page": seen.page, "store": seen.store, "streams": streams.collect::<Value>() });
        output::say(&told.to_string())?;
    } else {
        let told = |what: &str, trouble: &Option<String>| format!("{what}: {}", trouble.as_deref().unwrap_or("well"));
        output::say(&told("page", &seen.page))?;
        output::say(&told("store", &seen.store))?;
        for stream in &seen.streams {
            let words = match (&stream.session, &stream.trouble) {
                (Some(_), _) => "records",
                (None, Some(trouble)) => trouble,
                (None, None) => "does not record",
            };
            output::say(&format!("{}: {words}", stream.name))?;
        }
    }
    Ok(if is_well { Outcome::Done } else { Outcome::FoundProblems })
}

/// All that is to be recorded.
async fn wanted(config: &Config) -> Result<Vec<RecordingStream>> {
    let top = daemon(config).await?.json(Method::GET, "/api/", None).await?;
    let mut found = Vec::new();
    for camera in top["cameras"].as_array().into_iter().flatten() {
        for (kind, stream) in camera["streams"].as_object().into_iter().flatten() {
            if stream["record"] == true {
                let name = format!("{}/{kind}", camera["name"].as_str().unwrap_or_default());
                let uuid = camera["uuid"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
                found.push(RecordingStream { camera: uuid, stream: kind.clone(), name, address: None });
            }
        }
    }
    Ok(found)
}

async fn daemon(config: &Config) -> Result<Api> {
    let running = Api::running(config).await?;
    running.ok_or_else(|| Error::new(Kind::Busy, format!("no daemon runs at {}", config.socket().display())))
}

/// What is to be seen now. Streams that shall not be recorded any more are left out.
pub(super) async fn look(config: &Config, wanted: &[RecordingStream]) -> Seen {
    let mut seen = Seen { page: page(config).await.err().map(|e| e.to_string()), ..Seen::default() };
    let told = match daemon(config).await {
        Ok(mut daemon) => match daemon.json(Method::GET, "/api/", None).await {
            Ok(top) => {
                seen.store = store(&mut daemon, &top).await.err().map(|e| e.to_string());
                top
            }
            Err(e) => return Seen { store: Some(e.to_string()), ..seen },
        },
        Err(e) => return Seen { store: Some(e.to_string()), ..seen },
    };
    for stream in wanted {
        let cameras = told["cameras"].as_array().into_iter().flatten();
        let uuid = stream.camera.to_string();
        let found = cameras.into_iter().find(|camera| camera["uuid"] == *uuid).map(|c| &c["streams"][&stream.stream]);
        let Some(found) = found.filter(|found| found["record"] == true) else { continue };
        let live = &found["live"];
        seen.streams.push(SeenStream {
            name: stream.name.clone(),
            answers: answers(stream.address.as_deref()).await,
            session: (live["state"] == "recording").then(|| live["sessions"].as_u64().unwrap_or(0)),
            trouble: live["lastError"].as_str().map(str::to_owned),
        });
    }
    seen
}

/// It takes connections, now.
async fn answers(address: Option<&str>) -> bool {
    let Some(address) = address else { return false };
    matches!(timeout(CONNECT, TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// The page, as a browser on this machine would get it.
async fn page(config: &Config) -> Result<()> {
    let Some(address) = config.web.listen.first() else { return Ok(()) };
    let here: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(here, address.port());
    let what = || format!("http://{address}/");
    let ask = async {
        let stream = TcpStream::connect(address).await.or_fail(Kind::Busy, what)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.or_fail(Kind::Busy, what)?;
        tokio::spawn(connection);
        let request = Request::get("/").header("host", address.to_string()).body(Empty::<bytes::Bytes>::new());
        let answer = sender.send_request(request.or_fail(Kind::Internal, what)?).await.or_fail(Kind::Busy, what)?;
        let status = answer.status();
        answer.into_body().collect().await.or_fail(Kind::Busy, what)?;
        match status {
            StatusCode::OK => Ok(()),
            other => Err(Error::new(Kind::Busy, format!("{}: {other}", what()))),
        }
    };
    timeout(ANSWER, ask).await.map_err(|_| Error::new(Kind::Busy, format!("{}: no answer", what())))?
}

/// Something can be recorded, and the newest film that is whole can be read back.
async fn store(daemon: &mut Api, top: &Value) -> Result<()> {
    if let Some(trouble) = top["trouble"].as_str() {
        return Err(Error::new(Kind::Disk, trouble));
    }
    let mut newest: Option<(i64, String)> = None;
    for camera in top["cameras"].as_array().into_iter().flatten() {
        for (kind, stream) in camera["streams"].as_object().into_iter().flatten() {
            let at = format!("/api/cameras/{}/{kind}", camera["uuid"].as_str().unwrap_or_default());
            let last = stream["lastTime90k"].as_i64();
            if let Some(last) = last.filter(|last| newest.as_ref().is_none_or(|(newest, _)| last > newest)) {
                newest = Some((last, at));
            }
        }
    }
    // There is no film yet.
    let Some((last, at)) = newest else { return Ok(()) };
    let span = format!("start90k={}&end90k={}", last - READ_BACK_90K, last);
    let answer = daemon.call(Method::GET, &format!("{at}/view.mp4?{span}"), None).await?;
    let read =
        answer.into_body().collect().await.map_err(|e| Error::new(Kind::Disk, format!("read film back: {e}")))?;
    match read.to_bytes().is_empty() {
        true => Err(Error::new(Kind::Corrupt, "read film back: nothing came")),
        false => Ok(()),
    }
}

/// Of the newest film: a second.
const READ_BACK_90K: i64 = 90_000;

const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(20);
