//! The same over TLS, where bytes of film are looked at: to a client that is not ours, `openssl s_client`.

use crate::faults::{cut, said, with_large_film};
use crate::server::Server;
use crate::support::http::Answer;
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

/// A connection over TLS, on which this was said.
struct Connection(Child);

impl Connection {
    fn new(server: &Server, request: &str) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &server.tls_address().to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(request.as_bytes()).unwrap();
        Self(child)
    }

    fn get(server: &Server, path: &str, headers: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
        Self::new(server, &request)
    }

    /// Reads until there is so much; the rest waits.
    fn begin(&mut self, bytes: usize) -> Vec<u8> {
        let mut first = vec![0; bytes];
        self.0.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        first
    }

    /// All that comes, behind what was read before.
    fn end(mut self, first: &[u8]) -> Answer {
        let rest = self.0.stdout.take().unwrap();
        let answer = Answer::read(first.chain(rest));
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        answer
    }

    fn answer(self) -> Answer {
        self.end(&[])
    }
}

#[test]
fn a_film_and_its_ranges_are_the_same_bytes_as_without_tls() {
    let server = with_large_film();
    let whole = server.get(&server.of("2-4"));
    let over_tls = Connection::get(&server, &server.of("2-4"), "").answer();
    assert_eq!((over_tls.status, over_tls.header("etag")), (200, whole.header("etag")));
    assert!(over_tls.body == whole.body, "{} and {} bytes", over_tls.body.len(), whole.body.len());
    let range = "bytes=1000000-30000000";
    let part = Connection::get(&server, &server.of("2-4"), &format!("Range: {range}\r\n")).answer();
    assert!(part.status == 206 && part.body == whole.body[1_000_000..=30_000_000]);
    let segment = format!("{}/view.m4s?s=2", server.stream());
    assert!(Connection::get(&server, &segment, "").answer().body == server.get(&segment).body);
    assert!(!over_tls.has("strict-transport-security"), "a browser must not insist on what nobody vouches for");
}

/// To touch a page of a mapped file behind its end is SIGBUS: the end of the recorder (Ff).
#[test]
fn a_file_that_is_cut_while_it_is_sent_over_tls_ends_that_connection_alone() {
    let server = with_large_film();
    let whole = fs::metadata(server.sample_file(3)).unwrap().len();
    let mut sending = Connection::get(&server, &server.of("3"), "");
    let first = sending.begin(100_000);
    cut(&server.sample_file(3), 100_000);
    let answer = sending.end(&first);
    assert_eq!(answer.status, 200);
    assert!((answer.body.len() as u64) < whole, "{} of {whole}", answer.body.len());
    said("recording 1/3: ");
    server.assert_serves();
    let again = Connection::get(&server, &server.of("3"), "").answer();
    assert_eq!(again.status, 500, "known before anything is sent");
}

#[test]
fn live_pictures_begin_over_tls() {
    let server = Server::with_film();
    let path = format!("{}/live.m4s", server.stream());
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n");
    let mut connection = Connection::new(&server, &request);
    assert_eq!(connection.begin(12), b"HTTP/1.1 101");
    connection.0.kill().unwrap();
    connection.0.wait().unwrap();
}

#[test]
fn plain_words_on_the_port_for_tls_hurt_nobody() {
    let server = Server::with_film();
    let mut stream = std::net::TcpStream::connect(server.tls_address()).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"));
    assert_eq!(Connection::get(&server, "/healthz", "").answer().status, 200);
}
