//! `agent`: see `agent --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relevo::cli::main()
}
