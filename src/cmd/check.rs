//! `lunette check`: whether rows and files still agree.

use super::config::Config;
use super::{Outcome, output};
use crate::base::Result;
use crate::store::{CheckOptions, check};

/// Compares rows, indexes, files, lengths and trailers; tells a line a problem
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read all film and compare its BLAKE3 too: as slow as the disk
    #[arg(long)]
    hash: bool,
    /// Mend what can be mended, moving aside what cannot; film is never deleted. The daemon must not run
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let options = CheckOptions { hash: args.hash, repair: args.repair };
    let problems = check(&config.store.db_dir, &config.store.sample_dir, options)?;
    problems.iter().try_for_each(|problem| output::say(problem))?;
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::FoundProblems })
}
