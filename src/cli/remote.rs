//! `--server`: the same commands, done by an agent elsewhere.

mod looking;
mod orders;
mod server;

use super::{
    Command, Shared,
    failure::{CliError, Exit},
    output::Output,
};
use server::Server;

/// How to reach an agent elsewhere.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Let the agent at this address do it [default: AGENT_SERVER, or here]
    #[arg(long, global = true, value_name = "URL", help_heading = "Everywhere")]
    server: Option<String>,
    /// A file that holds the token for --server and nothing else [default: the token in AGENT_TOKEN]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    token_file: Option<std::path::PathBuf>,
    /// Send the token to --server even where it can be read on the way
    #[arg(long, global = true, help_heading = "Everywhere")]
    insecure_http: bool,
}

/// The server that is named, if one is.
pub(crate) fn named(shared: &Shared) -> Option<String> {
    shared.server.server.clone().or_else(|| variable("AGENT_SERVER"))
}

/// Does the command elsewhere; answers nothing if it is one for this machine.
pub(crate) async fn perform(
    command: &Command,
    address: String,
    shared: &Shared,
    output: &Output,
) -> Result<Option<Exit>, CliError> {
    if !is_remote(command) {
        // The variable is meant for those commands that can; the option is meant for this one.
        return match &shared.server.server {
            None => Ok(None),
            Some(_) => Err(CliError::usage("this command works on this machine only")
                .hint("leave --server out")),
        };
    }
    let server = Server::of(&address, &shared.server)?;
    let done = match command {
        Command::Runs(args) => looking::runs(args, &server, output).await,
        Command::Show(args) => looking::show(args, &server, output).await,
        Command::Logs(args) => looking::logs(args, &server, output).await,
        Command::Audit(args) => looking::audit(args, &server, output).await,
        Command::Deliveries(args) => looking::deliveries(args, &server, output).await,
        Command::Agents(_) => looking::agents(&server, output).await,
        order => return orders::perform(order, &server, output).await,
    };
    done.map(Some)
}

/// Can an agent elsewhere do it?
fn is_remote(command: &Command) -> bool {
    matches!(
        command,
        Command::Runs(_)
            | Command::Show(_)
            | Command::Logs(_)
            | Command::Audit(_)
            | Command::Deliveries(_)
            | Command::Agents(_)
    ) || orders::is_remote(command)
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
