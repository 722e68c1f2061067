//! `Ailment`: something that goes wrong for a while.

use crate::base::Result;
use log::{error, info};

/// Tells the log once that something goes wrong, and once that it goes well again.
#[derive(Debug)]
pub(crate) struct Ailment {
    wrong: &'static str,
    well: &'static str,
    failing: bool,
}

impl Ailment {
    pub(crate) fn new(wrong: &'static str, well: &'static str) -> Self {
        Self { wrong, well, failing: false }
    }

    /// It went wrong when it was tried last.
    pub(crate) fn is_there(&self) -> bool {
        self.failing
    }

    /// How it went; given back.
    pub(crate) fn mind(&mut self, result: Result<()>) -> Result<()> {
        match &result {
            Err(e) if !self.failing => error!("{}: {e}", self.wrong),
            Ok(()) if self.failing => info!("{}", self.well),
            _ => {}
        }
        self.failing = result.is_err();
        result
    }
}
