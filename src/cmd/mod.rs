//! The verbs of the command line.

use std::process::ExitCode;

/// Runs the verb that the command line names.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
