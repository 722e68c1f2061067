//! `Login`: name and password for a camera, from options, a file, or a URL that has them in it.

use crate::base::{Error, Kind, Result, ResultExt, Secret};
use crate::camera;
use std::path::PathBuf;

/// How to log in to the camera. Passwords come from a file, so that they stand in no list of processes.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Login {
    /// Name for the login to the camera
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// File whose first line is the password; - is standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Login {
    /// Takes a login out of a URL, where people often have it.
    pub(super) fn and_url(self, url: &str) -> Result<(String, Found)> {
        let (url, within) = camera::split_login(url);
        let mut found = self.read()?;
        if !within.username.is_empty() {
            if found.username.as_ref().is_some_and(|name| *name != within.username) {
                return Err(Error::new(Kind::BadInput, "--username: the URL names another user; say it once"));
            }
            found.username = Some(within.username);
            if !within.password.is_empty() && found.password.is_none() {
                found.password = Some(within.password);
            }
        }
        Ok((url, found))
    }

    /// What the options say.
    pub(super) fn read(self) -> Result<Found> {
        let Some(path) = self.password_file else {
            return Ok(Found { username: self.username, password: None });
        };
        let read = if path.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin())
        } else {
            std::fs::read_to_string(&path)
        };
        let text = read.or_fail(Kind::BadInput, || format!("--password-file {}", path.display()))?;
        let password = text.lines().next().unwrap_or("");
        if password.is_empty() {
            return Err(Error::new(
                Kind::BadInput,
                format!("--password-file {}: its first line is empty", path.display()),
            ));
        }
        Ok(Found { username: self.username, password: Some(Secret::new(password)) })
    }
}

/// What was said of the login; `None` where nothing was.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

impl Found {
    /// As fields of a camera in JSON.
    pub(super) fn put_into(&self, body: &mut serde_json::Map<String, serde_json::Value>) {
        if let Some(username) = &self.username {
            body.insert("username".to_owned(), username.as_str().into());
        }
        if let Some(password) = &self.password {
            body.insert("password".to_owned(), password.reveal().into());
        }
    }
}
