//! The `lunette` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    lunette::cmd::main()
}
