//! `lunette protect …`: film that stays whatever its age, managed while `run` is up and while it is not.

use super::api::{self, Api};
use super::config::Config;
use super::opening::Access;
use super::{Outcome, camera, output};
use crate::base::{Error, Kind, Result, WallTime};
use crate::store::StreamKind;
use http::Method;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Keeps spans of film whatever their age
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Lists the spans of a stream that are kept
    List(Stream),
    /// Keeps all film of which some part is within a span
    Add(Span),
    /// Lets film within a span go again when its time has come
    Remove(Span),
}

/// Whose film.
#[derive(Debug, clap::Args)]
pub(super) struct Stream {
    /// Name or uuid of the camera
    #[arg(value_name = "NAME")]
    camera: String,
    /// main or sub
    #[arg(long, default_value = "main", value_parser = camera::stream_kind)]
    stream: StreamKind,
}

/// Which of it.
#[derive(Debug, clap::Args)]
pub(super) struct Span {
    #[command(flatten)]
    stream: Stream,
    /// Where the span begins: text or a 90 kHz number, see `lunette ts`
    #[arg(long, value_name = "TIME")]
    start: String,
    /// Where it ends
    #[arg(long, value_name = "TIME")]
    end: String,
}

pub(super) fn run(config: &Config, args: Args) -> Result<Outcome> {
    let told = match args {
        Args::List(stream) => api::with(config, Access::Read, async |api| {
            let path = stream.path(api).await?;
            api.json(Method::GET, &path, None).await
        }),
        Args::Add(span) => {
            let (start, end) = span.times()?;
            let body = json!({ "startTime90k": start.0, "endTime90k": end.0 });
            api::with(config, Access::Write, async |api| {
                let path = span.stream.path(api).await?;
                api.json(Method::POST, &path, Some(body)).await
            })
        }
        Args::Remove(span) => {
            let (start, end) = span.times()?;
            api::with(config, Access::Write, async |api| {
                let path = span.stream.path(api).await?;
                let within = format!("{path}?start90k={}&end90k={}", start.0, end.0);
                api.json(Method::DELETE, &within, None).await?;
                api.json(Method::GET, &path, None).await
            })
        }
    }?;
    output::say(&table(&told))?;
    Ok(Outcome::Done)
}

impl Stream {
    /// Where its spans are in the API.
    async fn path(&self, api: &mut Api) -> Result<String> {
        let found = camera::find(api, &self.camera).await?;
        Ok(format!("{}/{}/protected", camera::path(&found), self.stream))
    }
}

impl Span {
    fn times(&self) -> Result<(WallTime, WallTime)> {
        let zone = TimeZone::system();
        let start = WallTime::parse(&self.start, &zone).map_err(|e| e.on("--start"))?;
        let end = WallTime::parse(&self.end, &zone).map_err(|e| e.on("--end"))?;
        if start >= end {
            return Err(Error::new(Kind::BadInput, "--end: must be after --start"));
        }
        Ok((start, end))
    }
}

/// What is kept now, a line a span.
fn table(told: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let spans = told["protected"].as_array().map(Vec::as_slice).unwrap_or_default();
    if spans.is_empty() {
        return "nothing is protected".to_owned();
    }
    let heading = ["START", "END"].map(str::to_owned).to_vec();
    let row = |span: &Value| vec![text(&span["startTime"]), text(&span["endTime"])];
    output::table(&std::iter::once(heading).chain(spans.iter().map(row)).collect::<Vec<_>>())
}
