//! `agent completions`: for the shell.

use super::{
    Cli,
    failure::{CliResult, Exit},
    output::Output,
};
use clap::CommandFactory;

/// Print a completion script for your shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  agent completions bash > /etc/bash_completion.d/agent")]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(crate) fn completions(args: &Args, output: &Output) -> CliResult {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "agent", &mut script);
    output.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
