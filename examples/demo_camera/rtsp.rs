//! `Request` and `Response` of RTSP 1.0 (RFC 2326).

use bytes::{Buf, BytesMut};
use std::fmt::Write;

/// What a client asks.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Takes the next request out of what was received, once it is whole. Packets that the client sends in between,
    /// such as receiver reports, are dropped.
    pub(crate) fn take(received: &mut BytesMut) -> Result<Option<Self>, &'static str> {
        while received.first() == Some(&b'$') {
            let Some(header) = received.first_chunk::<4>() else { return Ok(None) };
            let whole = 4 + usize::from(u16::from_be_bytes([header[2], header[3]]));
            if received.len() < whole {
                return Ok(None);
            }
            received.advance(whole);
        }
        let Some(end) = received.windows(4).position(|w| w == b"\r\n\r\n") else {
            return if received.len() > 16 * 1024 { Err("a request without end") } else { Ok(None) };
        };
        let head = received.split_to(end + 4);
        let head = std::str::from_utf8(&head).map_err(|_| "a request that is no text")?;
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(url), Some("RTSP/1.0")) = (words.next(), words.next(), words.next()) else {
            return Err("not an RTSP request");
        };
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Ok(Some(Self { method: method.to_owned(), url: url.to_owned(), headers }))
    }

    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The path within the server, without query.
    pub(crate) fn path(&self) -> &str {
        let path = self.url.strip_prefix("rtsp://").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
        path.unwrap_or("/").split('?').next().unwrap_or_default()
    }
}

/// What it is answered.
#[derive(Debug)]
pub(crate) struct Response {
    status: &'static str,
    headers: String,
    body: String,
}

impl Response {
    pub(crate) fn new(status: &'static str) -> Self {
        Self { status, headers: String::new(), body: String::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    pub(crate) fn body(self, kind: &str, body: String) -> Self {
        let length = body.len().to_string();
        Self { body, ..self.header("Content-Type", kind).header("Content-Length", &length) }
    }

    /// As it is sent in answer to a request.
    pub(crate) fn to(&self, request: &Request) -> Vec<u8> {
        let sequence = request.header("cseq").unwrap_or("0");
        format!("RTSP/1.0 {}\r\nCSeq: {sequence}\r\n{}\r\n{}", self.status, self.headers, self.body).into_bytes()
    }
}
