//! A camera for people without one: an RTSP server that loops a small clip, can be found by ONVIF, and misbehaves on
//! request.
//!
//! It serves demonstrations and tests of faults. What it says of RTSP is our own reading of it, so it proves nothing
//! about our client: that is tested against GStreamer's server.
//!
//! ```text
//! scripts/make-clip && cargo run --example demo_camera -- --streams 2
//! ```

mod clip;
mod connection;
mod delivery;
mod faults;
mod label;
mod login;
mod onvif;
mod playback;
mod rtp;
mod rtsp;
mod sdp;

use clap::Parser;
use clip::Clip;
use connection::Connection;
use faults::Faults;
use login::{Login, Scheme};
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// An RTSP camera that is none: loops clips made by scripts/make-clip.
#[derive(Parser, Debug)]
struct Arguments {
    /// Where to listen; port 0 takes one that is free.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many streams: /1/main, /1/sub, /2/main and so on.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    streams: u8,
    /// The clips' directory.
    #[arg(long, default_value = "target/clips")]
    clips: PathBuf,
    /// The main streams' clip, a file of the clips' directory.
    #[arg(long, default_value = "main.15fps.h264")]
    main: PathBuf,
    /// The sub streams' clip.
    #[arg(long, default_value = "sub.10fps.h264")]
    sub: PathBuf,
    /// Ask for this login, USER:PASSWORD.
    #[arg(long)]
    login: Option<Login>,
    /// How to ask for it.
    #[arg(long, default_value = "digest")]
    login_by: Scheme,
    /// Answer to ONVIF discovery, with device and media services at this address.
    #[arg(long, value_name = "ADDRESS")]
    onvif: Option<SocketAddr>,
    /// There, tell of motion: for so many seconds, then of none for as many.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    motion: u64,
    /// What it is called there.
    #[arg(long, default_value = "demo camera")]
    name: String,
    /// Tell each second how many frames were sent, as `sent N`.
    #[arg(long)]
    count: bool,
    /// Tell each frame just before it is sent, as `frame LABEL.CLIENT.NUMBER MILLISECONDS KEY`, and write its name into it:
    /// see `label.rs`.
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Tell each request on standard error.
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    faults: Faults,
}

/// What all connections share.
struct Camera {
    streams: u8,
    main: Arc<Clip>,
    sub: Arc<Clip>,
    login: Option<Login>,
    login_by: Scheme,
    verbose: bool,
    /// See [`Arguments::motion`].
    motion: u64,
    /// Frames, to all clients.
    sent: Arc<AtomicU64>,
    /// See [`Arguments::label`].
    label: Option<String>,
    /// How many shows were set up.
    shows: AtomicU64,
    faults: Faults,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("demo_camera: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let main = if arguments.faults.b_frames { "b-frames.15fps.h264".into() } else { arguments.main };
    let camera = Arc::new(Camera {
        streams: arguments.streams,
        main: Arc::new(Clip::load(&arguments.clips.join(main))?),
        sub: Arc::new(Clip::load(&arguments.clips.join(arguments.sub))?),
        login: arguments.login,
        login_by: arguments.login_by,
        verbose: arguments.verbose,
        motion: arguments.motion,
        sent: Arc::default(),
        label: arguments.label,
        shows: AtomicU64::new(0),
        faults: arguments.faults,
    });
    let listener = TcpListener::bind(arguments.listen).await?;
    for path in camera.paths() {
        println!("rtsp://{}{path}", listener.local_addr()?);
    }
    if let Some(http) = arguments.onvif {
        onvif::Onvif::start(camera.clone(), arguments.name, http, listener.local_addr()?).await?;
    }
    if arguments.count {
        tokio::spawn(count(camera.sent.clone()));
    }
    loop {
        let (socket, _) = listener.accept().await?;
        let connection = Connection::new(socket, Arc::clone(&camera))?;
        tokio::spawn(connection.serve());
    }
}

/// Tells how many frames were sent, until the end.
async fn count(sent: Arc<AtomicU64>) {
    loop {
        println!("sent {}", sent.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

impl Camera {
    /// The paths that it serves.
    fn paths(&self) -> impl Iterator<Item = String> {
        (0..self.streams).map(|n| format!("/{}/{}", n / 2 + 1, if n % 2 == 0 { "main" } else { "sub" }))
    }

    /// The clip of a path, and the one that takes over when its parameters change.
    fn clips(&self, path: &str) -> Option<(Arc<Clip>, Arc<Clip>)> {
        let path = path.trim_end_matches('/');
        self.paths().find(|p| p == path)?;
        let (main, sub) = (Arc::clone(&self.main), Arc::clone(&self.sub));
        Some(if path.ends_with("main") { (main, sub) } else { (sub, main) })
    }
}
