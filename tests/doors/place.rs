//! `Place`: a recorder that wants a login, and somebody who asks it.

use crate::support::daemon::{Daemon, Home};
use crate::support::http::{self, Answer, ask_with};
use crate::support::wait::{secs, wait_until};
use serde_json::{Value, json};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};

/// A home with two cameras that cannot be reached, `porch` and `gate`, and nobody who could log in.
pub(crate) fn home() -> Home {
    let home = Home::new();
    home.require_login();
    for name in ["porch", "gate"] {
        home.expect(&["camera", "add", "--name", name, "--url", "rtsp://127.0.0.1:1/", "--record", "false"]);
    }
    home
}

/// Somebody who asks: a browser with its cookie, a program with its token, or nobody.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) server: SocketAddr,
    /// The header that says who it is.
    pub(crate) says: Option<(&'static str, String)>,
}

pub(crate) const OWNERS_PASSWORD: &str = "correct horse";

impl Visitor {
    /// Nobody.
    pub(crate) fn new(daemon: &Daemon) -> Self {
        Self { server: daemon.address(), says: None }
    }

    /// The first owner.
    pub(crate) fn first_owner(daemon: &Daemon) -> Self {
        let mut owner = Self::new(daemon);
        let answer = owner.post("/api/setup", &json!({"password": OWNERS_PASSWORD}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        owner.keep_cookie(&answer);
        owner
    }

    /// The browser of a user.
    pub(crate) fn logged_in(daemon: &Daemon, name: &str, password: &str) -> Self {
        let mut user = Self::new(daemon);
        let answer = user.post("/api/login", &json!({"name": name, "password": password}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        user.keep_cookie(&answer);
        user
    }

    /// A program that says this token.
    pub(crate) fn with_token(daemon: &Daemon, token: &str) -> Self {
        Self { server: daemon.address(), says: Some(("Authorization", format!("Bearer {token}"))) }
    }

    /// As a browser does.
    pub(crate) fn keep_cookie(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        self.says = Some(("Cookie", cookie));
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], Some(&body.to_string()))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask("PATCH", path, &[], Some(&body.to_string()))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], None)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut all = headers.to_vec();
        all.extend(self.says.iter().map(|(name, value)| (*name, value.as_str())));
        ask_with(self.server, method, path, &all, body)
    }

    /// The status alone: what comes behind it may not end.
    pub(crate) fn ask_head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut all = headers.to_vec();
        all.extend(self.says.iter().map(|(name, value)| (*name, value.as_str())));
        http::status(self.server, method, path, &all)
    }

    /// Watches a camera live.
    pub(crate) fn watch(&self, camera: &str) -> TcpStream {
        let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        let upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), key];
        let mut all = upgrade.to_vec();
        all.extend(self.says.iter().map(|(name, value)| (*name, value.as_str())));
        let mut stream = http::send(self.server, "GET", &format!("/api/cameras/{camera}/main/live.m4s"), &all, None);
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        stream
    }

    /// Adds a user, and gives its id.
    pub(crate) fn add_user(&self, user: &Value) -> i64 {
        let answer = self.post("/api/users", user);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_i64().unwrap()
    }

    /// What `/api/session` says of who asks.
    pub(crate) fn who(&self) -> Value {
        self.get("/api/session").json()["user"].clone()
    }

    /// The uuid of a camera.
    pub(crate) fn camera(&self, name: &str) -> String {
        let cameras = self.get("/api/cameras").json()["cameras"].clone();
        let found = cameras.as_array().unwrap().iter().find(|camera| camera["name"] == name);
        found.unwrap_or_else(|| panic!("a camera {name}"))["uuid"].as_str().unwrap().to_owned()
    }
}

impl Daemon {
    /// Waits until it looks for cameras: it listens before.
    pub(crate) fn wait_for_finder(&self) {
        let nobody = Visitor::new(self);
        wait_until("it looks for cameras", secs(30), || {
            (nobody.ask_head("GET", "/api/discovery", &[]) == 200).then_some(())
        });
    }
}
