//! `/api/system/diagnostics`: what helps who has to find a fault, as one text. Names and addresses are in it, no password
//! and no picture.

use crate::base::Result;
use crate::camera::clock;
use crate::web::State;
use crate::web::answer::{self, Body};
use crate::web::api::json::Json;
use crate::web::api::{firmware, system};
use crate::web::auth::{Audience, Caller};
use crate::web::machine::Machine;
use crate::web::problem::Refusal;
use crate::web::route::Settings;
use crate::web::state::blocking;
use crate::web::{api, metrics, notices};
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::fmt::Write;
use std::fs;

/// One heading after the other, what changes least first. What cannot be had says why: it is the ill that ask for this.
pub(in crate::web) async fn show(machine: &Machine, caller: &Caller) -> Result<Response<Body>, Refusal> {
    let front = &machine.front;
    let now = clock::wall_now();
    let mut text = format!("Lunette {}, {}\n", env!("CARGO_PKG_VERSION"), now.text(&front.zone));
    let mut section = |name: &str, words: &str| {
        write!(text, "\n== {name} ==\n{}\n", words.trim_end()).expect("a string takes all that is written to it");
    };
    section("machine", &blocking(|| Ok(kernel())).await?);
    section("box", &json_of(system::show(machine).await).await);
    section("firmware", &json_of(firmware::show(machine).await).await);
    section("configuration", front.configuration.get().map_or("not told", String::as_str));
    match &machine.state {
        Some(state) => {
            section("notices", &pretty(&answer::to_json(&notices::all(state, caller, now))));
            section("cameras", &pretty(cameras(state, caller).bytes()));
            section("storage", &json_of(api::storage::show(state, caller, &Settings::default())).await);
            section("figures", &String::from_utf8_lossy(&bytes(metrics::show(state, caller)).await));
        }
        None => section("notices", &pretty(&answer::to_json(&notices::while_waiting(front, now)))),
    }
    match system::logs(machine, LOG_LINES, None).await {
        Ok(log) => section("log", &String::from_utf8_lossy(&bytes(log).await)),
        Err(e) => section("log", &e.to_string()),
    }
    let mut answer = answer::text(StatusCode::OK, text);
    let date = now.text(&front.zone);
    let name = format!("attachment; filename=\"lunette-diagnostics-{}.txt\"", date.get(..10).unwrap_or_default());
    let name = HeaderValue::from_str(&name).expect("a date is plain ASCII");
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(answer)
}

const LOG_LINES: u32 = 1_000;

/// As a viewer is told of them: without their logins and whole addresses.
fn cameras(state: &State, caller: &Caller) -> Json {
    let mut json = Json::default();
    state.camera_texts.current(state, Audience::Viewer).write_all(&mut json, state, caller, false);
    json
}

/// What the system says of itself, where it does.
fn kernel() -> String {
    const FILES: [&str; 6] = [
        "/etc/os-release",
        "/etc/lunette-build",
        "/proc/version",
        "/proc/uptime",
        "/proc/loadavg",
        "/sys/firmware/devicetree/base/model",
    ];
    let mut text = String::new();
    for file in FILES {
        let words = fs::read_to_string(file).unwrap_or_default();
        for line in words.lines().filter(|line| !line.is_empty()) {
            text += line.trim_end_matches('\0');
            text += "\n";
        }
    }
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    text + &memory.lines().take(3).map(|line| format!("{line}\n")).collect::<String>()
}

fn pretty(json: &[u8]) -> String {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    format!("{value:#}")
}

async fn json_of(answer: Result<Response<Body>>) -> String {
    match answer {
        Ok(answer) => pretty(&bytes(answer).await),
        Err(e) => e.to_string(),
    }
}

async fn bytes(answer: Response<Body>) -> Vec<u8> {
    let whole = answer.into_body().collect().await;
    whole.map(|body| body.to_bytes().to_vec()).unwrap_or_default()
}
