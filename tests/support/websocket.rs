//! `WebSocket`: a client by RFC 6455 that shares no code with the server's library, and reads only when it is told to.

use super::http::Answer;
use super::wait::secs;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection that the server agreed to.
pub(crate) struct WebSocket {
    stream: TcpStream,
}

/// What the server said.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// A text, which is JSON.
    Text(Value),
    /// A fragment.
    Binary(Vec<u8>),
    /// Its farewell: status and reason.
    Close(u16, String),
}

/// The key of RFC 6455 1.3, and the answer to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What a WebSocket request has besides its first line and host.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", KEY),
];

impl WebSocket {
    /// Connects, or has the answer that refuses.
    pub(crate) fn connect(server: SocketAddr, path: &str) -> Result<Self, Answer> {
        Self::ask(server, "GET", path, &UPGRADE)
    }

    /// Sends a request with these headers.
    pub(crate) fn ask(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let mut stream = TcpStream::connect_timeout(&server, secs(5)).unwrap();
        stream.set_read_timeout(Some(secs(60))).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {server}\r\n{headers}\r\n").unwrap();
        // Byte by byte: what comes after the head is the first message.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let text = String::from_utf8(head.clone()).unwrap();
        if !text.starts_with("HTTP/1.1 101 ") {
            let length =
                text.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            return Err(Answer::read(head.chain(stream.take(length.unwrap_or(0)))));
        }
        assert!(text.contains(ACCEPT), "{text}");
        Ok(Self { stream })
    }

    /// The next message; pings are answered on the way.
    pub(crate) fn next(&mut self) -> io::Result<Message> {
        loop {
            let [first, second] = self.read()?;
            assert_eq!((first & 0xf0, second & 0x80), (0x80, 0), "whole messages, not masked, nothing reserved");
            let length = match second {
                126 => u64::from(u16::from_be_bytes(self.read()?)),
                127 => u64::from_be_bytes(self.read()?),
                length => u64::from(length),
            };
            let mut body = vec![0; length as usize];
            self.stream.read_exact(&mut body)?;
            match first & 0x0f {
                1 => return Ok(Message::Text(serde_json::from_slice(&body).unwrap())),
                2 => return Ok(Message::Binary(body)),
                8 => {
                    let (code, reason) = body.split_first_chunk().expect("a status");
                    return Ok(Message::Close(u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).unwrap()));
                }
                9 => self.say(10, &body)?,
                opcode => panic!("opcode {opcode}"),
            }
        }
    }

    /// Sends a short message.
    pub(crate) fn say(&mut self, opcode: u8, body: &[u8]) -> io::Result<()> {
        let length = u8::try_from(body.len()).ok().filter(|&n| n < 126).expect("a short message");
        // Masked, as a client must, with zeros.
        let head = [0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
        self.stream.write_all(&[&head, body].concat())
    }

    fn read<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
