//! `Outside`: everything that the API tells of a store, bytes of film included.

use crate::support::http::Answer;
use lunette::store::{Options, Store};
use lunette::web::{self, Listener, Reactors, Site, State};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use tokio::sync::watch;

/// What was answered; of a connection that ended at once, nothing.
fn get(server: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    if bytes.is_empty() {
        bytes.extend(b"HTTP/1.1 599 The connection ended\r\n\r\n");
    }
    Answer::read(&bytes[..])
}

/// By what was asked for: the answer, or of film its length, hash and tag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outside {
    answers: BTreeMap<String, String>,
}

impl Outside {
    /// Serves the store without changing it, and asks for everything.
    pub(crate) fn look(options: Options) -> Self {
        let zone = options.zone.clone();
        let store = Store::open(Options { read_only: true, ..options }).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(async { tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap() });
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let state = State::for_reading(store.clone(), Arc::default(), zone);
        let reactors = runtime.block_on(async { Reactors::for_all_cores().unwrap() });
        let serving =
            runtime.spawn(web::serve(Site::open(state), vec![Listener::Tcp(listener)], reactors.into(), stopped));
        let mut outside = Self { answers: BTreeMap::new() };
        let ask = |path: &str| get(address, path);
        outside.add("cameras", &ask("/api/cameras"));
        for camera in store.cameras().iter() {
            for stream in &camera.streams {
                let at = format!("/api/cameras/{}/{}", camera.uuid, stream.kind);
                let label = format!("{} {}", camera.name, stream.kind);
                let whole = ask(&format!("{at}/recordings")).json();
                outside.add(&format!("{label} recordings"), &ask(&format!("{at}/recordings")));
                outside.add(&format!("{label} single recordings"), &ask(&format!("{at}/recordings?split90k=1")));
                outside.add(&format!("{label} gaps"), &ask(&format!("{at}/gaps")));
                for run in whole["recordings"].as_array().unwrap() {
                    let span = format!("start90k={}&end90k={}", run["startTime90k"], run["endTime90k"]);
                    outside
                        .add(&format!("{label} list from {}", run["startId"]), &ask(&format!("{at}/vod.m3u8?{span}")));
                    let ids = format!("s={}-{}", run["startId"], run["endId"]);
                    outside.film(
                        &format!("{label} run {}", run["startId"]),
                        &ask(&format!("{at}/view.mp4?{ids}&ts=true")),
                    );
                    for id in run["startId"].as_u64().unwrap()..=run["endId"].as_u64().unwrap() {
                        outside.film(&format!("{label} recording {id}"), &ask(&format!("{at}/view.mp4?s={id}")));
                        outside.film(&format!("{label} fragment {id}"), &ask(&format!("{at}/view.m4s?s={id}")));
                    }
                    outside.film(
                        &format!("{label} init {}", run["startId"]),
                        &ask(&format!("/api/init/{}.mp4", run["videoSampleEntryId"])),
                    );
                }
                let all = "start90k=0&end90k=9000000000000000";
                outside.film(&format!("{label} everything"), &ask(&format!("{at}/view.mp4?{all}")));
            }
        }
        stop.send_replace(true);
        runtime.block_on(serving).unwrap();
        outside
    }

    fn add(&mut self, what: &str, answer: &Answer) {
        self.answers.insert(what.to_owned(), format!("{} {}", answer.status, answer.text()));
    }

    fn film(&mut self, what: &str, answer: &Answer) {
        let tag = if answer.has("etag") { answer.header("etag") } else { "" };
        let told = match answer.status {
            200 => format!("{} bytes, {}, {tag}", answer.body.len(), blake3::hash(&answer.body)),
            status => format!("{status} {}", answer.text()),
        };
        self.answers.insert(what.to_owned(), told);
    }

    /// The recordings whose film is another than it was, and the streams that tell of others.
    pub(crate) fn differences(&self, before: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, then) in &before.answers {
            match self.answers.get(what) {
                Some(now) if now == then => {}
                Some(now) if now.split(',').next() == then.split(',').next() && now.contains(" bytes, ") => {
                    lines.push(format!("{what}: other bytes"));
                }
                Some(_) => lines.push(format!("{what}: another")),
                None => lines.push(format!("{what}: gone")),
            }
        }
        let new = self.answers.keys().filter(|what| !before.answers.contains_key(*what));
        lines.extend(new.map(|what| format!("{what}: new")));
        lines
    }

    /// All of it, for who wants to see.
    pub(crate) fn answers(&self) -> &BTreeMap<String, String> {
        &self.answers
    }
}
