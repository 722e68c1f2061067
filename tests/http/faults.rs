//! What goes wrong while a film is sent, and who suffers: that request, and nobody else.

use crate::assert_problem;
use crate::recorder::{Recorder, START};
use crate::server::Server;
use crate::support::http::Answer;
use crate::support::wait::{secs, wait_until};
use log::{LevelFilter, Log, Metadata, Record};
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Mutex, Once};

/// Three recordings, numbers 2 to 4, of 48 MB in all.
pub(crate) fn with_large_film() -> Server {
    keep_errors();
    let server = Server::with_film();
    let mut recorder = Recorder::new(server.store(), server.stream_id(), 256 << 10);
    recorder.frames(185);
    recorder.end();
    server.store().flush().unwrap();
    assert!(server.recordings(&format!("?start90k={}&split90k=1", START.0)).len() >= 3);
    server
}

impl Server {
    pub(crate) fn of(&self, s: &str) -> String {
        format!("{}/view.mp4?s={s}", self.stream())
    }

    pub(crate) fn sample_file(&self, number: u32) -> PathBuf {
        self.film_dir().join(format!("{:08x}{number:08x}", self.stream_id().get()))
    }

    /// The beginning of an answer: the rest waits until it is read.
    fn begin(&self, path: &str) -> TcpStream {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let stream = self.connect_and_send(&request);
        stream.set_read_timeout(Some(secs(60))).unwrap();
        // The head is there.
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        stream
    }

    pub(crate) fn assert_serves(&self) {
        assert_eq!(self.get(&self.film()).status, 200);
    }
}

pub(crate) fn cut(path: &PathBuf, len: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

#[test]
fn what_is_deleted_while_it_is_sent_is_sent_and_then_gone() {
    let server = with_large_film();
    let whole = server.get(&server.of("2")).body;
    let sending = server.begin(&server.of("2"));
    server.store().delete([lunette::base::RecordingId::new(server.stream_id(), 2)]);
    server.store().flush().unwrap();
    wait_until("its file is gone", secs(10), || (!server.sample_file(2).exists()).then_some(()));
    assert_problem(&server.get(&server.of("2")), 404, "it is not there (any more)");
    assert!(Answer::read(sending).body == whole);
    wait_until("it is closed", secs(10), || (server.store().open_film() == (0, 0)).then_some(()));
    server.assert_serves();
}

#[test]
fn a_sample_file_is_closed_when_its_bytes_are_sent() {
    let server = with_large_film();
    let tables = server.get(&server.of("2")).body.len() as u64 - fs::metadata(server.sample_file(2)).unwrap().len();
    for (first, headers) in
        [("2-4", ""), ("2-4", "Range: bytes=0-40000000\r\n"), ("2-4", "Range: bytes=2000000-40000000\r\n")]
    {
        let path = server.of(first);
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
        let mut sending = server.connect_and_send(&request);
        sending.set_read_timeout(Some(secs(60))).unwrap();
        let sent = fs::metadata(server.sample_file(2)).unwrap().len() + 10 * tables + (4 << 20);
        std::io::copy(&mut Read::by_ref(&mut sending).take(sent), &mut std::io::sink()).unwrap();
        wait_until("only what is sent now is open", secs(10), || (server.store().open_film().0 == 1).then_some(()));
        assert!(std::io::copy(&mut sending, &mut std::io::sink()).unwrap() > 0, "it was being sent");
    }
}

#[test]
fn what_is_deleted_before_it_is_reached_ends_that_connection() {
    let server = with_large_film();
    let sending = server.begin(&server.of("2-4"));
    server.store().delete([lunette::base::RecordingId::new(server.stream_id(), 4)]);
    server.store().flush().unwrap();
    let answer = Answer::read(sending);
    assert!(answer.body.len() < answer.header("content-length").parse().unwrap());
    said("recording 1/4: ");
    server.assert_serves();
}

#[test]
fn a_file_that_is_too_short_is_named_before_anything_is_sent() {
    let server = with_large_film();
    let whole = server.get(&server.of("2-4"));
    cut(&server.sample_file(3), 1 << 20);
    let named = "recording 1/3: its sample file has 1048576 bytes, ";
    assert_problem(&server.get(&server.of("2-4")), 500, named);
    said(named);
    let others = server.get(&server.of("2"));
    assert_eq!(others.status, 200);
    let end = whole.body.len() - 1;
    let behind = server.ask("GET", &server.of("2-4"), &[("Range", &format!("bytes={}-{end}", end - 999))]);
    assert!(behind.status == 206 && behind.body == whole.body[end - 999..]);
    let parts = server.ask("GET", &server.of("2-4"), &[("Range", &format!("bytes=0-9,{}-{end}", end / 2))]);
    assert_problem(&parts, 500, named);
    assert_eq!(server.ask("HEAD", &server.of("2-4"), &[]).status, 200);
}

#[test]
fn a_file_that_is_cut_while_it_is_sent_ends_that_connection() {
    let server = with_large_film();
    let sending = server.begin(&server.of("3"));
    cut(&server.sample_file(3), 100_000);
    let answer = Answer::read(sending);
    assert!(answer.body.len() < answer.header("content-length").parse().unwrap());
    said("recording 1/3: ");
    server.assert_serves();
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let server = with_large_film();
    fs::remove_file(server.sample_file(3)).unwrap();
    assert_problem(&server.get(&server.of("2-4")), 404, "recording 1/3: ");
    // Whoever reads as root is refused by no mode.
    fs::create_dir(server.sample_file(3)).unwrap();
    assert_problem(&server.get(&server.of("2-4")), 500, "recording 1/3: ");
    server.assert_serves();
}

#[test]
fn film_that_was_altered_is_sent_as_it_is() {
    let server = with_large_film();
    let path = server.of("3");
    let whole = server.get(&path).body;
    let len = fs::metadata(server.sample_file(3)).unwrap().len();
    fs::write(server.sample_file(3), vec![7; len as usize]).unwrap();
    let altered = server.get(&path);
    assert!((altered.status, altered.body.len()) == (200, whole.len()) && altered.body != whole);
    server.assert_serves();
}

#[test]
fn what_is_mapped_for_clients_that_do_not_read_is_bounded() {
    let server = with_large_film();
    let whole = server.get(&server.of("2-4")).body;
    let mut sending: Vec<TcpStream> = Vec::new();
    for clients in [16, 128] {
        while sending.len() < clients {
            sending.push(server.begin(&server.of("2-4")));
        }
        let mut last = (usize::MAX, 0);
        let (windows, bytes) = wait_until("the windows stay", secs(20), || {
            let before = std::mem::replace(&mut last, server.store().mapped_film());
            (before == last).then_some(last)
        });
        assert!(windows <= 2 * clients && bytes <= clients * (2 << 20), "{windows} windows, {bytes} bytes");
    }
    // All places are taken: the next one waits for one that goes.
    let waiting = server.connect_and_send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    waiting.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    assert!(waiting.peek(&mut [0]).is_err());
    waiting.set_read_timeout(Some(secs(60))).unwrap();
    drop(sending.pop());
    assert_eq!(Answer::read(waiting).status, 200);
    let mut slow = sending.pop().unwrap();
    drop(sending);
    let mut bytes = Vec::new();
    slow.read_to_end(&mut bytes).unwrap();
    assert!(bytes.ends_with(&whole));
    wait_until("nothing is mapped", secs(20), || (server.store().mapped_film() == (0, 0)).then_some(()));
}

/// The errors of this test program.
static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Errors;

impl Log for Errors {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        ERRORS.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn keep_errors() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Errors).unwrap();
        log::set_max_level(LevelFilter::Error);
    });
}

/// The log has an error with these words.
#[track_caller]
pub(crate) fn said(words: &str) {
    let errors = ERRORS.lock().unwrap();
    assert!(errors.iter().any(|line| line.contains(words)), "{errors:?}");
}
