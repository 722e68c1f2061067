//! A small blocking HTTP client: one GET, one connection.

use super::wait::secs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What a server answered.
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Header lines as they came.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON. Panics unless the status is 200.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// `GET path`, with further header lines such as `Range: bytes=0-9`.
pub(crate) fn get(server: SocketAddr, path: &str, headers: &[&str]) -> std::io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&server, secs(5))?;
    stream.set_read_timeout(Some(secs(60)))?;
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(parse(answer))
}

fn parse(mut answer: Vec<u8>) -> Response {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("an HTTP head");
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).unwrap();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    let mut response = Response { status, head, body };
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = unchunked(&response.body);
    }
    if let Some(length) = response.header("content-length") {
        assert_eq!(response.body.len().to_string(), length, "as long as it said");
    }
    response
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n").expect("a chunk's length");
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        let chunk = end + 2;
        body.extend_from_slice(&rest[chunk..chunk + size]);
        rest = &rest[chunk + size + 2..];
    }
}
