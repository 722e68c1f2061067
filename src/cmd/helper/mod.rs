//! `lunette helper`: what needs root on the card's image, for the daemon beside it. systemd starts it, not people.

mod prove;

use super::config::{Appliance, Config};
use super::{Outcome, api};
use crate::appliance::helper::{Places, serve};
use crate::base::{Error, Kind, Result, ResultExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

/// Do what needs root for the daemon, on the card's image: systemd starts this
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Listen here, where systemd did not hand a socket over
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Below it lies what else would lie below `/`; for tests
    #[arg(long, value_name = "DIR", hide = true, global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// See to it that a system that was just started works, or go back to the one before
    Prove,
}

pub(super) fn run(config: &Config, args: Args) -> Result<Outcome> {
    let here = config.appliance.as_ref().ok_or_else(|| {
        Error::new(Kind::BadInput, "this is not the card's image: the configuration has no [appliance]")
    })?;
    let places = places(here, args.root);
    match args.verb {
        None => api::runtime()?.block_on(listen(args.socket, places)),
        Some(Verb::Prove) => api::runtime()?.block_on(prove::run(config, here, places)),
    }
}

fn places(here: &Appliance, root: Option<PathBuf>) -> Places {
    Places {
        state: here.state.clone(),
        proof: here.proof.dir.clone(),
        root: root.unwrap_or_else(|| PathBuf::from("/")),
    }
}

async fn listen(socket: Option<PathBuf>, places: Places) -> Result<Outcome> {
    let what = "the helper's socket";
    let handed = listenfd::ListenFd::from_env().take_unix_listener(0).or_fail(Kind::Internal, || what)?;
    let leave_idle = handed.is_some();
    let listener = match (handed, socket) {
        (Some(listener), _) => listener,
        (None, Some(path)) => {
            let _ = std::fs::remove_file(&path);
            UnixListener::bind(&path).or_fail(Kind::Disk, || format!("{what} {}", path.display()))?
        }
        (None, None) => {
            let why = "systemd hands it over; by hand, say --socket PATH";
            return Err(Error::new(Kind::BadInput, format!("{what}: there is none: {why}")));
        }
    };
    listener.set_nonblocking(true).or_fail(Kind::Internal, || what)?;
    let listener = tokio::net::UnixListener::from_std(listener).or_fail(Kind::Internal, || what)?;
    let user = nix::unistd::User::from_name(USER).or_fail(Kind::Internal, || format!("user {USER}"))?;
    serve(listener, places, user.map(|user| user.uid.as_raw()), leave_idle).await?;
    Ok(Outcome::Done)
}

/// Whom the daemon runs as on the image.
const USER: &str = "lunette";
