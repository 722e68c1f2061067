//! `Answer`: what came back over a connection that was asked one thing.

use super::wait::secs;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// `GET path` over a connection of its own.
pub(crate) fn get(server: SocketAddr, path: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, secs(5))?;
    stream.set_read_timeout(Some(secs(60)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
    Ok(Answer::read(stream))
}

/// Asks one thing with JSON over a connection of its own. An error also when the server ends meanwhile.
pub(crate) fn ask(server: SocketAddr, method: &str, path: &str, json: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, secs(5))?;
    stream.set_read_timeout(Some(secs(60)))?;
    let length = json.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    match bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        true => Ok(Answer::read(&bytes[..])),
        false => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Asks one thing over a connection of its own, with these headers, and with JSON if there is any.
pub(crate) fn ask_with(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    json: Option<&str>,
) -> Answer {
    Answer::read(send(server, method, path, headers, json))
}

/// The status of an answer that may not end.
pub(crate) fn status(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut head = [0; 12];
    send(server, method, path, headers, None).read_exact(&mut head).unwrap();
    std::str::from_utf8(&head).unwrap().strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
}

/// A connection on which this was asked.
pub(crate) fn send(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    json: Option<&str>,
) -> TcpStream {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Connection") {
        head += "Connection: close\r\n";
    }
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {server}\r\n");
    }
    if let Some(json) = json {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", json.len());
    }
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let mut stream = TcpStream::connect_timeout(&server, secs(5)).unwrap();
    stream.set_read_timeout(Some(secs(60))).unwrap();
    // The server may have said no before it read all.
    let _ = write!(stream, "{head}\r\n{}", json.unwrap_or_default());
    stream
}

impl Answer {
    /// Reads to the end of the connection.
    pub(crate) fn read(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        // A refused body may end in a reset, after the answer.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).unwrap();
        let headers: Vec<_> = lines.map(header).collect();
        let body = &bytes[end + 4..];
        let is_chunked = headers.contains(&("transfer-encoding".into(), "chunked".into()));
        let body = if is_chunked { without_chunks(body) } else { body.to_vec() };
        Self { status, headers, body }
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        &found.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).1
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(n, _)| n == name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or("(bytes)")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// A body that was sent in chunks (RFC 9112, 7.1), as far as it came.
fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(line) = body.windows(2).position(|w| w == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&body[..line]).unwrap(), 16).unwrap();
        let chunk = body[line + 2..].get(..length).unwrap_or(&body[line + 2..]);
        all.extend_from_slice(chunk);
        body = body.get(line + 2 + length + 2..).unwrap_or_default();
    }
    all
}
