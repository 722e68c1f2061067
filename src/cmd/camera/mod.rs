//! `lunette camera …`: the cameras, managed while `run` is up and while it is not.

mod edit;
mod list;
mod login;
mod test;

use super::Outcome;
use super::api::Api;
use super::config::Config;
use crate::base::{Error, Kind, Result};
use crate::store::StreamKind;
use http::Method;
use serde_json::Value;

/// Manages the cameras, while `run` is up and while it is not
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    Add(edit::Add),
    Edit(edit::Edit),
    List(list::List),
    Remove(edit::Remove),
    Test(test::Test),
}

pub(super) fn run(config: &Config, args: Args) -> Result<Outcome> {
    match args {
        Args::Add(add) => add.run(config),
        Args::Edit(edit) => edit.run(config),
        Args::List(list) => list.run(config),
        Args::Remove(remove) => remove.run(config),
        Args::Test(test) => test.run(config),
    }?;
    Ok(Outcome::Done)
}

/// A camera by its name or uuid, as the API tells it.
pub(super) async fn find(api: &mut Api, name: &str) -> Result<Value> {
    let listed = api.json(Method::GET, "/api/cameras", None).await?;
    let all = listed["cameras"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |c: &&Value| c["name"] == name || c["uuid"] == name;
    // A removed camera may share its name with one that is there.
    let found = all.iter().filter(named).min_by_key(|c| c["removed"] == true);
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = all.iter().filter_map(|c| c["name"].as_str()).collect();
        let known = if names.is_empty() { "there are no cameras yet".to_owned() } else { names.join(", ") };
        Error::new(Kind::NotFound, format!("camera {name:?}: no such camera; known: {known}"))
    })
}

/// Where a camera that [`find`] found is in the API.
pub(super) fn path(camera: &Value) -> String {
    format!("/api/cameras/{}", camera["uuid"].as_str().unwrap_or_default())
}

/// Reads the word of a stream; for clap.
pub(super) fn stream_kind(word: &str) -> std::result::Result<StreamKind, String> {
    StreamKind::from_word(word).ok_or_else(|| "expected main or sub".to_owned())
}
