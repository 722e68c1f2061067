//! `Login`: one name and password, by Digest (RFC 2069, as cameras do it) or by Basic.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use md5::{Digest, Md5};
use std::str::FromStr;

/// Who may watch.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    username: String,
    password: String,
}

/// How to ask for it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Scheme {
    Digest,
    Basic,
}

impl Scheme {
    /// What a client is asked for.
    pub(crate) fn challenge(self) -> String {
        match self {
            Self::Digest => format!("Digest realm=\"{REALM}\", nonce=\"{NONCE}\""),
            Self::Basic => format!("Basic realm=\"{REALM}\""),
        }
    }
}

impl Login {
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The client knows name and password: its `Authorization` header fits the request.
    pub(crate) fn accepts(&self, scheme: Scheme, authorization: Option<&str>, method: &str) -> bool {
        let Some((_, fields)) = authorization.and_then(|a| a.split_once(' ')) else { return false };
        match scheme {
            Scheme::Digest => self.accepts_digest(fields, method),
            Scheme::Basic => fields == STANDARD.encode(format!("{}:{}", self.username, self.password)),
        }
    }

    fn accepts_digest(&self, fields: &str, method: &str) -> bool {
        let field = |name: &str| {
            let of_name = |f: &str| Some(f.trim().strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned());
            fields.split(',').find_map(of_name)
        };
        let who = md5(&format!("{}:{REALM}:{}", self.username, self.password));
        let what = md5(&format!("{method}:{}", field("uri").unwrap_or_default()));
        field("username").as_deref() == Some(&self.username)
            && field("response") == Some(md5(&format!("{who}:{NONCE}:{what}")))
    }
}

impl FromStr for Login {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (username, password) = text.split_once(':').ok_or("it is USER:PASSWORD")?;
        Ok(Self { username: username.to_owned(), password: password.to_owned() })
    }
}

const REALM: &str = "demo camera";
/// A real server makes a new one each time; nothing is protected here.
const NONCE: &str = "5ca1ab1e";

fn md5(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
