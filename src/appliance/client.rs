//! `Helper`: the daemon's way to the one program that may do what needs root.

use super::protocol::{MAX_REPLY_BYTES, Progress, Reply, Request};
use crate::base::{Error, Kind, Result, ResultExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Where the helper listens.
#[derive(Clone, Debug)]
pub struct Helper {
    socket: PathBuf,
}

impl Helper {
    /// At this socket.
    pub fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks for what is done at once.
    pub async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        let answered = timeout(SHORT, self.talk(request, |_| {})).await;
        read(answered.map_err(|_| Error::new(Kind::Busy, "the image's helper does not answer"))??)
    }

    /// Asks for what takes a while, and passes on how far it is. Each line has a time to come in, the whole has none.
    pub async fn follow<T: DeserializeOwned>(
        &self,
        request: &Request,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<T> {
        read(self.talk(request, progress).await?)
    }

    async fn talk(&self, request: &Request, mut progress: impl FnMut(Progress) + Send) -> Result<Value> {
        let what = || format!("the image's helper at {}", self.socket.display());
        let mut stream = UnixStream::connect(&self.socket).await.or_fail(Kind::Busy, what)?;
        let mut line = serde_json::to_vec(request).or_fail(Kind::Internal, what)?;
        line.push(b'\n');
        stream.write_all(&line).await.or_fail(Kind::Busy, what)?;
        let mut reader = BufReader::new(stream.take(MAX_REPLY_BYTES as u64));
        loop {
            line.clear();
            let read = timeout(LINE, reader.read_until(b'\n', &mut line)).await;
            let read = read.map_err(|_| Error::new(Kind::Busy, "the image's helper fell silent"))?;
            if read.or_fail(Kind::Busy, what)? == 0 || !line.ends_with(b"\n") {
                return Err(Error::new(Kind::Busy, "the image's helper ended before it was done"));
            }
            match serde_json::from_slice(&line).or_fail(Kind::Internal, what)? {
                Reply::Progress(told) => progress(told),
                Reply::Ok(value) => return Ok(value),
                Reply::Error(refusal) => return Err(refusal.into()),
            }
        }
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).or_fail(Kind::Internal, || "the image's helper: its answer")
}

/// Nothing that is done at once takes longer; RAUC asks the web about a bundle.
const SHORT: Duration = Duration::from_secs(60);

/// RAUC is silent while it reads a bundle through, and mkfs while it makes a large file system.
const LINE: Duration = Duration::from_secs(900);
