//! `lunette passwd`: sets the owner's password, or anybody's, from the console.

use super::api::{self, Api};
use super::config::Config;
use super::opening::Access;
use super::{Outcome, output};
use crate::base::{Error, Kind, Result, ResultExt, Secret};
use http::Method;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};

/// Sets the owner's password, or makes the owner; asks for it, or takes the first line of standard input
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose password [default: the first owner's]
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let password = read_password()?;
    let done = api::with(config, Access::Write, async |api| set(api, args.name.as_deref(), &password).await)?;
    output::say(&done)?;
    Ok(Outcome::Done)
}

/// Sets a password; tells what it did.
pub(super) async fn set(api: &mut Api, name: Option<&str>, password: &Secret) -> Result<String> {
    let listed = api.json(Method::GET, "/api/users", None).await?;
    let users = listed["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_owner = |user: &&Value| user["role"] == "owner";
    let is_named = |user: &&Value, name: &str| user["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
    let found = match name {
        Some(name) => users.iter().find(|user| is_named(user, name.trim())),
        None => users.iter().find(is_owner),
    };
    if let Some(user) = found {
        let path = format!("/api/users/{}", user["id"]);
        api.json(Method::PATCH, &path, Some(json!({"password": password.reveal()}))).await?;
        return Ok(format!("{} has a new password, and is logged out everywhere", text(&user["name"])));
    }
    if let Some(name) = name
        && users.iter().any(|user| is_owner(&user))
    {
        return Err(Error::new(Kind::NotFound, format!("user {name:?}: there is none with this name")));
    }
    let new = json!({"name": name.unwrap_or("owner"), "password": password.reveal(), "role": "owner"});
    let user = api.json(Method::POST, "/api/users", Some(new)).await?;
    Ok(format!("{} is the owner now", text(&user["name"])))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Twice, without showing it, from a terminal; else the first line.
fn read_password() -> Result<Secret> {
    let stdin = std::io::stdin();
    let line = || -> Result<Secret> {
        let mut line = String::new();
        stdin.lock().read_line(&mut line).or_fail(Kind::BadInput, || "read the password")?;
        Ok(Secret::new(line.trim_end_matches(['\n', '\r'])))
    };
    let password = if stdin.is_terminal() {
        let hidden = Hidden::new()?;
        let first = hidden.ask("new password: ", &line)?;
        if first != hidden.ask("again: ", &line)? {
            return Err(Error::new(Kind::BadInput, "the two passwords differ"));
        }
        first
    } else {
        line()?
    };
    if password.is_empty() {
        return Err(Error::new(Kind::BadInput, "password: the first line of standard input is empty"));
    }
    Ok(password)
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden(nix::sys::termios::Termios);

impl Hidden {
    fn new() -> Result<Self> {
        let failed = || "hide what is typed";
        let before = tcgetattr(std::io::stdin()).or_fail(Kind::Internal, failed)?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &hidden).or_fail(Kind::Internal, failed)?;
        Ok(Self(before))
    }

    fn ask(&self, what: &str, line: &impl Fn() -> Result<Secret>) -> Result<Secret> {
        let mut stderr = std::io::stderr().lock();
        // Who does not see the question can answer it all the same.
        let _ = stderr.write_all(what.as_bytes()).and_then(|()| stderr.flush());
        drop(stderr);
        line()
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSAFLUSH, &self.0);
    }
}
