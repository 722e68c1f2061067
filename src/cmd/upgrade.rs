//! `lunette upgrade`: brings the database to the newest version.

use super::config::Config;
use super::{Outcome, output};
use crate::base::Result;
use crate::store::upgrade;

/// Brings the database of an older version to the newest; its film stays where it is and is played from there
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only tell what would be done, and what is odd
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let store = &config.store;
    // Nobody listening is no reason to stop half way.
    let mut say = |line: &str| _ = output::say(line);
    upgrade(&store.db_dir, &store.sample_dir, args.dry_run, &mut say)?;
    Ok(Outcome::Done)
}
