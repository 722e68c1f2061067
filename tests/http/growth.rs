//! What was given of a recording is given again: while it grows, and when it is closed. Frames arrive as from a real camera:
//! the first in a burst, the others now more and now less delayed.

use crate::recorder::{Recorder, START};
use crate::server::Server;
use crate::support::wait::{secs, wait_until};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const SECOND: i64 = 90_000;

/// Someone who asks for all that there is, again and again, and remembers every answer.
#[derive(Default)]
struct Witness {
    /// Tag and hash of the body.
    films: BTreeMap<String, (String, Vec<u8>)>,
    /// By the address of a media segment: the date said of it.
    dates: BTreeMap<String, String>,
}

impl Witness {
    fn look(&mut self, server: &Server, when: &str) {
        let rows = server.recordings(&format!("?start90k={}&split90k=1", START.0));
        let Some(newest) = rows.first() else { return self.list(server, when) };
        let end = newest["endTime90k"].as_i64().unwrap() - START.0;
        let oldest = rows.last().unwrap()["startId"].as_i64().unwrap();
        for seconds in (5..).step_by(9).take_while(|seconds| seconds * SECOND + 70_000 < end) {
            let (from, to) = (START.0 + SECOND / 3, START.0 + seconds * SECOND + 70_000);
            let span = format!("start90k={from}&end90k={to}");
            let part = format!("s={oldest}.60000-{}", seconds * SECOND);
            for style in ["", "&ts=true", "&gaps=hold", "&ts=true&gaps=hold"] {
                self.film(server, &format!("view.mp4?{span}{style}"), when);
                self.film(server, &format!("view.mp4?{part}{style}"), when);
            }
            self.film(server, &format!("view.m4s?{span}"), when);
        }
        self.list(server, when);
    }

    fn film(&mut self, server: &Server, what: &str, when: &str) {
        let answer = server.get(&format!("{}/{what}", server.stream()));
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let told = (answer.header("etag").to_owned(), Sha256::digest(&answer.body).to_vec());
        let known = self.films.entry(what.to_owned()).or_insert_with(|| told.clone());
        assert_eq!(told, *known, "{what}, {when}");
    }

    fn list(&mut self, server: &Server, when: &str) {
        let (start, end) = (START.0, START.0 + 3600 * SECOND);
        let list = server.get(&format!("{}/vod.m3u8?start90k={start}&end90k={end}", server.stream()));
        let mut date = None;
        for line in list.text().lines() {
            date = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:").or(date);
            if line.starts_with("view.m4s")
                && let Some(date) = date.take()
            {
                let known = self.dates.entry(line.to_owned()).or_insert_with(|| date.to_owned());
                assert_eq!(date, known, "{line}, {when}");
            }
        }
    }
}

#[test]
fn what_was_given_once_stays_what_it_is() {
    let server = Server::with_film();
    let mut recorder = Recorder::jittered(server.store(), server.stream_id(), 100);
    let mut witness = Witness::default();
    recorder.frames(8);
    witness.look(&server, "in doubt");
    assert!(witness.films.is_empty(), "where it starts is not settled");
    for frames in [3, 4, 20, 31] {
        recorder.frames(frames);
        witness.look(&server, "it grows");
        assert!(!witness.films.is_empty() && !witness.dates.is_empty());
    }
    recorder.frames(70);
    witness.look(&server, "the first is closed");
    recorder.end();
    let all = || server.recordings(&format!("?start90k={}", START.0));
    wait_until("it is closed", secs(10), || (all()[0]["growing"] == false).then_some(()));
    witness.look(&server, "all is closed");
    assert!(server.recordings(&format!("?start90k={}&split90k=1", START.0)).len() > 1);
    server.store().flush().unwrap();
    witness.look(&server, "they have their rows");
    assert!(witness.films.len() > 100 && witness.dates.len() > 1);
}
