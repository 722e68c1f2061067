//! `lunette camera list`.

use crate::base::{Kind, Result, ResultExt};
use crate::camera::Source;
use crate::cmd::config::Config;
use crate::cmd::opening::Access;
use crate::cmd::{api, output};

use http::Method;
use serde_json::Value;

/// Lists the cameras and what their streams hold and do
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct List {
    /// All that is known, as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self, config: &Config) -> Result<()> {
        let listed = api::with(config, Access::Read, async |api| api.json(Method::GET, "/api/cameras", None).await)?;
        if self.json {
            let pretty = serde_json::to_string_pretty(&listed).or_fail(Kind::Internal, || "write JSON")?;
            return output::say(&pretty);
        }
        let cameras = listed["cameras"].as_array().map(Vec::as_slice).unwrap_or_default();
        if cameras.is_empty() {
            return output::say("no cameras yet: lunette camera add --name NAME --url URL");
        }
        let heading = ["NAME", "STREAM", "STATE", "FILM", "SINCE", "CLOCK", "SOURCE"].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(cameras.iter().flat_map(rows)).collect();
        output::say(&output::table(&rows))
    }
}

/// A row for each stream of a camera.
fn rows(camera: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let streams = camera["streams"].as_object();
    let row = |(kind, stream): (&String, &Value)| {
        let state = match &stream["live"]["state"] {
            Value::String(state) => state.clone(),
            _ if camera["removed"] == true => "removed".to_owned(),
            _ if stream["record"] == false => "off".to_owned(),
            _ => "-".to_owned(),
        };
        let film = output::bytes(stream["bytes"].as_u64().unwrap_or(0));
        let clock = drift(&stream["live"]);
        let since = text(&stream["firstTime"]);
        vec![text(&camera["name"]), kind.clone(), state, film, since, clock, short(stream)]
    };
    streams.into_iter().flatten().map(row).collect()
}

/// Where a stream comes from, without what may be a secret: this table is what people show to others. `--json` has it all.
fn short(stream: &Value) -> String {
    let transport = serde_json::from_value(stream["transport"].clone()).unwrap_or_default();
    let parsed = stream["source"].as_str().and_then(|source| Source::parse(source, transport).ok());
    parsed.map_or("-".to_owned(), |source| source.to_string())
}

/// How wrong the camera's clock runs, where that is known.
fn drift(live: &Value) -> String {
    let number = |name: &str| live[name].as_f64();
    let known = number("cameraClockPpm").zip(number("cameraClockUncertaintyPpm"));
    known.map_or("-".to_owned(), |(ppm, uncertainty)| format!("{ppm:+.0} ± {uncertainty:.0} ppm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_stream_is_a_row() {
        let live = json!({ "state": "recording", "cameraClockPpm": -37.4, "cameraClockUncertaintyPpm": 2.6 });
        let main = json!({ "live": live, "bytes": 2_500_000_000u64, "firstTime": "T", "source": "rtsp://h/" });
        let sub = json!({ "record": false, "bytes": 0, "source": "rtsp://h/sub" });
        let camera = json!({ "name": "porch", "streams": { "main": main, "sub": sub } });
        let expected = [
            ["porch", "main", "recording", "2.5 GB", "T", "-37 ± 3 ppm", "rtsp://h:554/… (TCP)"],
            ["porch", "sub", "off", "0 kB", "-", "-", "rtsp://h:554/… (TCP)"],
        ];
        assert_eq!(rows(&camera), expected);
    }
}
