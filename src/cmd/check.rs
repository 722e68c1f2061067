//! `lunette check`: whether rows, files and film still agree.

use super::config::Config;
use super::{Outcome, output};
use crate::base::Result;
use crate::store::{CheckOptions, inspect};

/// Compares rows, indexes, files, lengths and trailers; tells a line a problem
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read all film and compare its BLAKE3 too: as slow as the disk
    #[arg(long)]
    hash: bool,
    /// Mend what can be mended: damaged film stays and is marked, what nobody could play is moved aside, none is ever
    /// deleted. The daemon must not run
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(config: &Config, args: &Args) -> Result<Outcome> {
    let options = CheckOptions { hash: args.hash, repair: args.repair };
    let report = inspect(&config.store.db_dir, &config.store.sample_dir, options)?;
    report.problems.iter().try_for_each(|problem| output::say(problem))?;
    report.notes.iter().try_for_each(|note| output::say(&format!("note: {note}")))?;
    Ok(if report.problems.is_empty() { Outcome::Done } else { Outcome::FoundProblems })
}
