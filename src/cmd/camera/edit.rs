//! `lunette camera add`, `edit` and `remove`.

use super::login::{Found, Login};
use crate::base::{Error, Kind, Result};
use crate::cmd::api;
use crate::cmd::config::Config;
use crate::cmd::opening::Access;
use crate::cmd::output;
use crate::cmd::units::ByteSize;

use http::Method;
use serde_json::{Map, Value, json};

/// Adds a camera; recording begins by itself
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Add {
    /// What to call it
    #[arg(long)]
    name: String,
    /// Where its main stream is: rtsp://HOST/PATH, pipe:[h264@30:]/PATH or 'exec:[h264@30:]COMMAND'
    #[arg(long)]
    url: String,
    #[command(flatten)]
    options: Options,
}

/// Changes a camera: what is not named stays as it is
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Edit {
    /// Its name or uuid
    #[arg(value_name = "NAME")]
    camera: String,
    /// What to call it from now on
    #[arg(long)]
    name: Option<String>,
    /// Where its main stream is
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Stops recording a camera; its film stays
#[derive(Debug, clap::Args)]
pub(in crate::cmd) struct Remove {
    /// Its name or uuid
    #[arg(value_name = "NAME")]
    camera: String,
    /// Delete its film too
    #[arg(long)]
    delete_film: bool,
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Where its sub stream is
    #[arg(long, value_name = "URL")]
    sub_url: Option<String>,
    #[command(flatten)]
    login: Login,
    /// How the pictures travel: tcp or udp
    #[arg(long, value_parser = ["tcp", "udp"])]
    transport: Option<String>,
    /// How much film of each stream to keep, such as 20GiB; pool: as much as fits, shared with the others
    #[arg(long, value_name = "SIZE", value_parser = retain)]
    retain: Option<Retain>,
    /// Whether to record it: true or false
    #[arg(long, value_name = "BOOL")]
    record: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Retain {
    Bytes(u64),
    Pool,
}

impl Add {
    pub(super) fn run(self, config: &Config) -> Result<()> {
        let body = self.options.body(Some(self.name), Some(self.url), |_| false)?;
        api::with(config, Access::Write, async |api| {
            let camera = api.json(Method::POST, "/api/cameras", Some(body)).await?;
            output::say(&format!("added camera {} ({})", text(&camera["name"]), text(&camera["uuid"])))
        })
    }
}

impl Edit {
    pub(super) fn run(self, config: &Config) -> Result<()> {
        api::with(config, Access::Write, async |api| {
            let camera = super::find(api, &self.camera).await?;
            let has = |kind: &str| camera["streams"].get(kind).is_some();
            let body = self.options.body(self.name, self.url, has)?;
            if body.as_object().is_some_and(Map::is_empty) {
                return Err(Error::new(
                    Kind::BadInput,
                    "camera edit: nothing to change; see `lunette camera edit --help`",
                ));
            }
            let camera = api.json(Method::PATCH, &super::path(&camera), Some(body)).await?;
            output::say(&format!("changed camera {} ({})", text(&camera["name"]), text(&camera["uuid"])))
        })
    }
}

impl Remove {
    pub(super) fn run(self, config: &Config) -> Result<()> {
        api::with(config, Access::Write, async |api| {
            let camera = super::find(api, &self.camera).await?;
            let path = format!("{}?deleteFilm={}", super::path(&camera), self.delete_film);
            api.json(Method::DELETE, &path, None).await?;
            let film = if self.delete_film { " and its film" } else { "; its film stays" };
            output::say(&format!("removed camera {}{film}", text(&camera["name"])))
        })
    }
}

impl Options {
    /// A camera or a change of one, as the API takes it; stream options go to the streams that are named or there.
    fn body(self, name: Option<String>, url: Option<String>, has: impl Fn(&str) -> bool) -> Result<Value> {
        let (main, found) = match url {
            Some(url) => self.login.and_url(&url).map(|(url, found)| (Some(url), found))?,
            None => (None, self.login.read()?),
        };
        let sub = self.sub_url.map(|url| sub_url(&url, &found)).transpose()?;
        let mut of_streams = Map::new();
        if let Some(transport) = self.transport {
            of_streams.insert("transport".to_owned(), transport.into());
        }
        if let Some(retain) = self.retain {
            let bytes = if let Retain::Bytes(bytes) = retain { json!(bytes) } else { Value::Null };
            of_streams.insert("retainBytes".to_owned(), bytes);
        }
        if let Some(record) = self.record {
            of_streams.insert("record".to_owned(), record.into());
        }
        let mut streams = Map::new();
        for (kind, source) in [("main", main), ("sub", sub)] {
            let mut stream = of_streams.clone();
            let named = source.is_some();
            stream.extend(source.map(|source| ("source".to_owned(), source.into())));
            if named || (!stream.is_empty() && has(kind)) {
                streams.insert(kind.to_owned(), stream.into());
            }
        }
        let mut body = Map::new();
        body.extend(name.map(|name| ("name".to_owned(), name.into())));
        found.put_into(&mut body);
        if !streams.is_empty() {
            body.insert("streams".to_owned(), streams.into());
        }
        Ok(body.into())
    }
}

/// A camera has one login: that of its main stream.
fn sub_url(url: &str, found: &Found) -> Result<String> {
    let (url, within) = crate::camera::split_login(url);
    if within.username.is_empty() || found.username.as_deref() == Some(&within.username) {
        return Ok(url);
    }
    Err(Error::new(Kind::BadInput, "--sub-url: it names another user than the main stream's"))
}

fn retain(text: &str) -> std::result::Result<Retain, String> {
    match text {
        "pool" => Ok(Retain::Pool),
        _ => text.parse().map(|ByteSize(bytes)| Retain::Bytes(bytes)),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
