//! `lunette camera test`.

use super::login::Login;
use crate::base::Transport;
use crate::base::{Kind, Result, ResultExt};
use crate::camera::{self, Source};
use crate::cmd::config::Config;
use crate::cmd::opening::Access;
use crate::cmd::{api, output};
use crate::store::StreamKind;
use crate::web;
use http::Method;
use serde_json::{Value, json};

/// Connects to a camera and tells what it sends, and what is odd about it
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["camera", "url"]))]
pub(in crate::cmd) struct Test {
    /// A camera that was added: its name or uuid
    #[arg(value_name = "NAME", conflicts_with_all = ["username", "password_file", "transport"])]
    camera: Option<String>,
    /// Which of its streams: main or sub [default: main]
    #[arg(long, value_parser = super::stream_kind, conflicts_with = "url")]
    stream: Option<StreamKind>,
    /// A source that was not added
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    login: Login,
    /// How the pictures travel: tcp or udp
    #[arg(long, value_parser = ["tcp", "udp"])]
    transport: Option<String>,
    /// All that was found, as JSON
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(super) fn run(self, config: &Config) -> Result<()> {
        let as_json = self.json;
        let report = match self.url {
            Some(url) => unknown(&url, self.login, self.transport.as_deref())?,
            None => {
                let camera = self.camera.expect("clap wants a camera or a URL");
                known(config, &camera, self.stream.unwrap_or(StreamKind::Main))?
            }
        };
        if as_json {
            let pretty = serde_json::to_string_pretty(&report).or_fail(Kind::Internal, || "write JSON")?;
            return output::say(&pretty);
        }
        output::say(&told(&report))
    }
}

/// A camera of the database, with the login that is stored there.
fn known(config: &Config, name: &str, stream: StreamKind) -> Result<Value> {
    api::with(config, Access::Read, async |api| {
        let camera = super::find(api, name).await?;
        let subject = json!({ "camera": camera["uuid"], "stream": stream });
        api.json(Method::POST, "/api/cameras/test", Some(subject)).await
    })
}

/// A camera that no database needs to know.
fn unknown(url: &str, login: Login, transport: Option<&str>) -> Result<Value> {
    let (url, found) = login.and_url(url)?;
    let transport = if transport == Some("udp") { Transport::Udp } else { Transport::Tcp };
    let source = Source::parse(&url, transport)?;
    let login =
        camera::Login { username: found.username.unwrap_or_default(), password: found.password.unwrap_or_default() };
    let report = api::runtime()?.block_on(web::look_at_camera(&source, &login))?;
    serde_json::to_value(report).or_fail(Kind::Internal, || "write JSON")
}

/// The report for people.
fn told(report: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{name:<20}{value}")));
    };
    let text = |key: &str| report[key].as_str().map(str::to_owned);
    let number = |key: &str| report[key].as_f64();
    let codec = text("rfc6381Codec").map(|codec| format!(" ({codec})")).unwrap_or_default();
    line("video", text("video").map(|video| video + &codec));
    line("server", text("server"));
    line("first picture after", number("firstFrameAfter").map(|s| format!("{s:.2} s")));
    line("pictures a second", number("framesPerSecond").map(|n| format!("{n:.2}")));
    line("bit rate", number("bitsPerSecond").map(|n| format!("{:.2} Mbit/s", n / 1e6)));
    line("key frame every", number("keyFrameInterval").map(|s| format!("{s:.2} s")));
    line("camera's clock", number("cameraClockOffsetSeconds").map(|s| format!("{s:+.2} s against ours")));
    for odd in report["odd"].as_array().into_iter().flatten() {
        line("odd", odd.as_str().map(str::to_owned));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_told() {
        let report =
            json!({ "video": "H.264 64x48", "rfc6381Codec": "avc1.42c00a", "keyFrameInterval": 2.0, "odd": ["x"] });
        let expected =
            "video               H.264 64x48 (avc1.42c00a)\nkey frame every     2.00 s\nodd                 x";
        assert_eq!(told(&report), expected);
    }
}
