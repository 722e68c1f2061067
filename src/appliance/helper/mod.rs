//! The helper: the one program that runs as root beside the daemon. It listens on a socket, takes a fixed set of verbs from
//! the daemon's user alone, runs no shell, and keeps nothing in memory.

mod bundle;
mod disks;
mod network;
mod plain;
mod rauc;
mod systemd;
mod time_floor;
mod udev;
mod upgrade;
mod work;

pub use upgrade::Upgrade;

use super::protocol::{MAX_REQUEST_BYTES, Refusal, Reply, Request};
use crate::base::{Error, Kind, Result, ResultExt};
use log::{info, warn};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use work::Work;
use zbus::Connection;
use zbus::connection::Builder;

/// Where things are on this machine.
#[derive(Clone, Debug)]
pub struct Places {
    /// The daemon's folder on the state partition; bundles come from `upload` in it.
    pub state: PathBuf,
    /// What worked and what did not is remembered here.
    pub proof: PathBuf,
    /// What everything else is below: `/`, but for tests.
    pub root: PathBuf,
}

impl Places {
    /// A path of the system.
    pub(super) fn system(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// Answers on this socket. Only root and the user with this number are heard. With `leave_idle` it ends when nobody has
/// asked for a while: systemd holds the socket and starts it anew.
pub async fn serve(listener: UnixListener, places: Places, user: Option<u32>, leave_idle: bool) -> Result<()> {
    let work = Arc::new(Work::new(places));
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let seat = seats.clone().acquire_owned().await.expect("nobody closes it");
        let stream = match timeout(IDLE, listener.accept()).await {
            Ok(accepted) => accepted.or_fail(Kind::Internal, || "accept")?.0,
            Err(_) => {
                drop(seat);
                if leave_idle && seats.available_permits() == MAX_CONNECTIONS {
                    return Ok(());
                }
                continue;
            }
        };
        let uid = stream.peer_cred().or_fail(Kind::Internal, || "who asks")?.uid();
        if uid != 0 && Some(uid) != user {
            warn!("helper: user {uid} is not heard");
            continue;
        }
        let work = work.clone();
        tokio::spawn(async move {
            if let Err(e) = answer(stream, work).await {
                warn!("helper: {e}");
            }
            drop(seat);
        });
    }
}

/// The system's bus. Whoever is silent there for long is as good as gone.
async fn bus() -> Result<Connection> {
    let connect = async { Builder::system().method_timeout(SILENCE).build().await };
    let connected = timeout(PATIENCE, connect).await.map_err(|_| Error::new(Kind::Busy, "D-Bus does not answer"))?;
    connected.or_fail(Kind::Busy, || "D-Bus")
}

/// RAUC asks the web about a bundle, and reads one of the older kind through.
const SILENCE: Duration = Duration::from_secs(50);

/// One request, and all that is said to it. What was begun is done to its end, whether somebody still listens or not.
async fn answer(stream: UnixStream, work: Arc<Work>) -> Result<()> {
    let (read, mut write) = stream.into_split();
    let asked = match timeout(PATIENCE, request(read)).await {
        Ok(asked) => asked,
        Err(_) => Err(Error::new(Kind::BadInput, "the request did not arrive in time")),
    };
    // Progress that nobody reads is dropped: the next step tells more.
    let (tell, mut told) = mpsc::channel(8);
    let done = tokio::spawn(async move {
        let request = asked?;
        let verb = format!("{request:?}");
        let done = work.run(request, |progress| _ = tell.try_send(progress)).await;
        match &done {
            Ok(_) => info!("helper: {verb}: done"),
            Err(e) => warn!("helper: {verb}: {e}"),
        }
        done
    });
    while let Some(progress) = told.recv().await {
        if send(&mut write, &Reply::Progress(progress)).await.is_err() {
            break;
        }
    }
    drop(told);
    let done = done.await.or_fail(Kind::Internal, || "the work")?;
    let reply = done.map_or_else(|e| Reply::Error(Refusal::from(&e)), Reply::Ok);
    send(&mut write, &reply).await
}

async fn request(stream: impl tokio::io::AsyncRead + Unpin) -> Result<Request> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(2 * MAX_REQUEST_BYTES as u64));
    reader.read_until(b'\n', &mut line).await.or_fail(Kind::BadInput, || "read the request")?;
    if line.pop() != Some(b'\n') || line.len() >= MAX_REQUEST_BYTES {
        return Err(Error::new(Kind::BadInput, "a request is one line of at most 4096 bytes"));
    }
    Request::parse(&line)
}

async fn send(to: &mut (impl tokio::io::AsyncWrite + Unpin), reply: &Reply) -> Result<()> {
    let mut line = serde_json::to_vec(reply).or_fail(Kind::Internal, || "a reply")?;
    line.push(b'\n');
    let sent = timeout(PATIENCE, to.write_all(&line)).await;
    sent.map_err(|_| Error::new(Kind::Busy, "who asked does not read"))?.or_fail(Kind::Busy, || "reply")
}

/// The daemon has a few questions at a time; what comes above waits in the kernel's backlog.
const MAX_CONNECTIONS: usize = 8;

/// For a request to come in, and for a line to go out.
const PATIENCE: Duration = Duration::from_secs(5);

const IDLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
