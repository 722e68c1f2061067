//! `lunette discover`: the cameras on the network.

use super::api::{self, Answer, Api};
use super::config::Config;
use super::opening::{self, Access};
use super::{Outcome, output};
use crate::base::{Error, Kind, Result, ResultExt};
use crate::camera::onvif::Interfaces;
use crate::live::{FoundNews, Live};
use crate::recorder::{FinderOptions, find};
use crate::web::{Detail, FoundJson};
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Looks for cameras on the network and tells what they are; takes some seconds
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Look on this network alone, by the name of its interface; can be given several times
    #[arg(long, value_name = "NAME")]
    interface: Vec<String>,
    /// As `GET /api/discovery` tells them
    #[arg(long)]
    json: bool,
}

/// By key, as they were told last.
type Cameras = BTreeMap<String, Value>;

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let cameras = api::runtime()?.block_on(async {
        let daemon = if args.interface.is_empty() { Api::running(config).await? } else { None };
        let looking = async {
            match daemon {
                Some(mut daemon) => read(daemon.call(Method::GET, "/api/discovery", None).await?).await,
                None => look(config, args).await,
            }
        };
        let too_long = |_| Error::new(Kind::Busy, "look for cameras: it takes too long");
        timeout(PATIENCE, looking).await.map_err(too_long)?
    })?;
    let cameras: Vec<Value> = cameras.into_values().collect();
    if args.json {
        let pretty =
            serde_json::to_string_pretty(&json!({ "cameras": cameras })).or_fail(Kind::Internal, || "write JSON")?;
        output::say(&pretty)?;
    } else if cameras.is_empty() {
        output::say("no camera answered; one that is typed in: lunette camera add --name NAME --url URL")?;
    } else {
        let heading = ["ADDRESS", "NAME", "MAKER", "MODEL", "STATE", "PICTURES", "HERE"].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(cameras.iter().map(row)).collect();
        output::say(&output::table(&rows))?;
    }
    Ok(Outcome::Done)
}

/// A sweep takes seven seconds or so, and to ask a device that does not answer forty.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the daemon's events tell until a sweep has ended.
async fn read(mut answer: Answer) -> Result<Cameras> {
    let (mut cameras, mut text) = (Cameras::new(), String::new());
    while let Some(frame) = answer.frame().await {
        let frame = frame.or_fail(Kind::Busy, || "read the answer")?;
        text.push_str(&String::from_utf8_lossy(frame.data_ref().map_or(&[][..], |data| data)));
        while let Some((event, rest)) = text.split_once("\n\n").map(|(e, rest)| (e.to_owned(), rest.to_owned())) {
            text = rest;
            let Some((name, data)) = parts(&event) else { continue };
            match (name, data["key"].as_str(), data["state"].as_str()) {
                ("camera", Some(key), _) => _ = cameras.insert(key.to_owned(), data),
                ("gone", Some(key), _) => _ = cameras.remove(key),
                ("sweep", _, Some("ended")) => return Ok(cameras),
                _ => {}
            }
        }
    }
    Err(Error::new(Kind::Busy, "look for cameras: the daemon stops"))
}

/// Name and data of a server-sent event; `None` for a comment.
fn parts(event: &str) -> Option<(&str, Value)> {
    let (name, data) = event.strip_prefix("event: ")?.split_once("\ndata: ")?;
    Some((name, serde_json::from_str(data).ok()?))
}

/// Looks from this process.
async fn look(config: &Config, args: &Args) -> Result<Cameras> {
    let interfaces = match (&config.recorder.discovery, args.interface.is_empty()) {
        (_, false) => Interfaces::Named(args.interface.clone()),
        (Some(configured), true) => configured.clone(),
        (None, true) => {
            let why = "`[recorder] discovery` is off: name a network with --interface";
            return Err(Error::new(Kind::Conflict, format!("look for cameras: {why}")));
        }
    };
    interfaces.check()?;
    // To know which of them are cameras here; there may be no database yet.
    let store = opening::open(config, Access::Read).ok();
    let live = Arc::new(Live::default());
    tokio::spawn(find(store, live.clone(), FinderOptions { interfaces, adopt_open: false }));
    let (mut cameras, mut watcher) = (Cameras::new(), live.discovery.watch()?);
    while let Some(news) = watcher.next().await {
        for news in news {
            match news {
                FoundNews::Found(found) => {
                    let told = serde_json::to_value(FoundJson::new(*found, Detail::Full));
                    let told = told.or_fail(Kind::Internal, || "write JSON")?;
                    cameras.insert(told["key"].as_str().unwrap_or_default().to_owned(), told);
                }
                FoundNews::Gone(key) => _ = cameras.remove(&key),
                FoundNews::Sweep(true) => {}
                FoundNews::Sweep(false) => return Ok(cameras),
            }
        }
    }
    Err(Error::new(Kind::Internal, "look for cameras: it ended"))
}

fn row(camera: &Value) -> Vec<String> {
    let text = |name: &str| camera[name].as_str().unwrap_or_default().to_owned();
    let profiles = camera["profiles"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let shown = |p: &Value| format!("{} {}x{}", p["codec"].as_str().unwrap_or("?"), p["width"], p["height"]);
    let pictures: Vec<String> = profiles.map(shown).collect();
    let here = if camera["camera"].is_null() { "" } else { "yes" };
    let [address, name, maker, model] = ["address", "name", "maker", "model"].map(text);
    vec![address, name, maker, model, words(&text("state")), pictures.join(", "), here.to_owned()]
}

/// What is to be done about it, in few words.
fn words(state: &str) -> String {
    match state {
        "needsLogin" => "needs a login",
        "wrongLogin" => "wrong login",
        "clockOff" => "clock is off",
        "lockedOut" => "locked",
        "noVideo" => "no video",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_taken_apart_and_rows_are_short() {
        assert_eq!(parts(": looking"), None);
        assert_eq!(parts("event: sweep\ndata: {\"state\":\"ended\"}"), Some(("sweep", json!({ "state": "ended" }))));
        let profile = json!({ "kind": "main", "codec": "H.264", "width": 640, "height": 360, "fps": 15.0 });
        let camera = json!({
            "key": "0123456789abcdef", "address": "192.0.2.1", "name": "porch", "maker": "ACME", "model": "Q1",
            "state": "open", "detail": "", "profiles": [profile], "camera": null, "foundByItself": false, "hasSnapshot": true
        });
        assert_eq!(row(&camera), ["192.0.2.1", "porch", "ACME", "Q1", "open", "H.264 640x360", ""]);
    }
}
