//! `Connection`: HTTP/1.1 as far as it takes to read an answer to its end.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

/// A connection that is kept from request to request.
pub(super) struct Connection(BufReader<TcpStream>);

/// The body of an answer that has begun.
pub(super) struct Answer<'a> {
    from: &'a mut BufReader<TcpStream>,
    /// Bytes that are left of the body, or of the chunk.
    left: u64,
    chunked: bool,
}

impl Connection {
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(BUFFER, stream)))
    }

    /// Sends a request and reads the head of the answer; another status than 2xx is an error that tells the body.
    pub(super) fn ask(&mut self, request: &str) -> io::Result<Answer<'_>> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let (mut left, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("content-length", len)) => left = len.parse().map_err(|_| wrong(&line))?,
                Some(("transfer-encoding", coding)) => chunked = coding == "chunked",
                Some(_) => {}
                None if line.is_empty() => break,
                None => return Err(wrong(&line)),
            }
        }
        if !status.starts_with("HTTP/1.1 2") {
            let said = self.0.fill_buf().map(String::from_utf8_lossy).unwrap_or_default();
            return Err(wrong(&format!("{status}: {said}")));
        }
        let mut answer = Answer { from: &mut self.0, left, chunked };
        if chunked {
            answer.next_chunk()?;
        }
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        line(&mut self.0)
    }
}

impl Answer<'_> {
    /// Until the first byte of the body is here, if it has any.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        if self.left > 0 && self.from.fill_buf()?.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Reads the body to its end and tells how long it was.
    pub(super) fn discard(mut self) -> io::Result<u64> {
        let mut bytes = 0;
        while self.left > 0 {
            let here = self.from.fill_buf()?.len() as u64;
            if here == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = here.min(self.left);
            self.from.consume(taken as usize);
            self.left -= taken;
            bytes += taken;
            if self.left == 0 && self.chunked {
                line(self.from)?;
                self.next_chunk()?;
            }
        }
        Ok(bytes)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let size = line(self.from)?;
        self.left = u64::from_str_radix(&size, 16).map_err(|_| wrong(&size))?;
        if self.left == 0 {
            line(self.from)?;
        }
        Ok(())
    }
}

/// A line without its end.
fn line(from: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match from.read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(format!("the server said: {what}"))
}

/// Large enough that reading costs little beside what the server does.
const BUFFER: usize = 512 << 10;
