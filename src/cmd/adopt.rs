//! `lunette adopt`: a lost database is built anew from the film's directory.

use super::config::Config;
use super::{Outcome, output};
use crate::base::Result;
use crate::store::adopt;
use std::path::PathBuf;

/// Builds a lost database anew from a sample directory alone; users and the cameras' logins are to be given again
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The sample directory
    dir: PathBuf,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let adopted =
        adopt(&config.store.db_dir, &args.dir, None).map_err(|e| e.on(format!("adopt {}", args.dir.display())))?;
    adopted.notes.iter().try_for_each(|note| output::say(note))?;
    let (recordings, cameras) = (adopted.recordings, adopted.cameras);
    let db_dir = config.store.db_dir.display();
    output::say(&format!("adopted {recordings} recordings of {cameras} cameras; the database is in {db_dir}"))?;
    output::say("users and passwords were not in the directory: set them again")?;
    if args.dir != config.store.sample_dir {
        output::say(&format!("put sample_dir = {:?} into the configuration, under [store]", args.dir))?;
    }
    Ok(Outcome::Done)
}
