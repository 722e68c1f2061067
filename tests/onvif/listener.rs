//! `Listener`: who holds `GET /api/discovery`.

use crate::support::wait::secs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

pub(crate) struct Listener {
    stream: BufReader<TcpStream>,
    /// By key, as they were told last.
    found: BTreeMap<String, Value>,
    said: String,
}

impl Listener {
    pub(crate) fn open(server: SocketAddr) -> Self {
        let mut stream = TcpStream::connect_timeout(&server, secs(5)).unwrap();
        stream.set_read_timeout(Some(secs(60))).unwrap();
        write!(stream, "GET /api/discovery HTTP/1.1\r\nHost: {server}\r\n\r\n").unwrap();
        let mut listener = Self { stream: BufReader::new(stream), found: BTreeMap::new(), said: String::new() };
        let head = listener.line();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        listener
    }

    /// All that is known when a sweep has begun and ended.
    pub(crate) fn until_swept(&mut self) -> BTreeMap<String, Value> {
        for state in ["begun", "ended"] {
            while !matches!(self.event(), (name, data) if name == "sweep" && data["state"] == state) {}
        }
        self.found.clone()
    }

    /// A camera, as soon as it is so.
    pub(crate) fn wait_for(&mut self, key: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(found) = self.found.get(key).filter(|found| is_so(found)) {
                return found.clone();
            }
            assert!(begun.elapsed() < secs(60), "{:?}", self.found);
            self.event();
        }
    }

    /// Everything so far.
    pub(crate) fn said(&self) -> String {
        self.said.clone()
    }

    /// The next event.
    fn event(&mut self) -> (String, Value) {
        let name = loop {
            if let Some(name) = self.line().strip_prefix("event: ") {
                break name.to_owned();
            }
        };
        let line = self.line();
        let data: Value = serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
        let key = data["key"].as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "camera" => _ = self.found.insert(key, data.clone()),
            "gone" => _ = self.found.remove(&key),
            _ => {}
        }
        (name, data)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).unwrap() > 0, "it ended: {}", self.said);
        self.said.push_str(&line);
        line.trim_end().to_owned()
    }
}
