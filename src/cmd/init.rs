//! `lunette init`: makes the database and the sample directory.

use super::config::Config;
use super::opening::Access;
use super::{Outcome, opening, output};
use crate::base::Result;

/// Makes the database and the sample directory, and says where they are; `run` does so too
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(config: &Config, _: &Args) -> Result<Outcome> {
    let store = opening::open(config, Access::Write)?;
    opening::close(&store, opening::PATIENCE)?;
    output::say(&format!("database in {}", config.store.db_dir.display()))?;
    output::say(&format!("film in {}", config.store.sample_dir.display()))?;
    Ok(Outcome::Done)
}
