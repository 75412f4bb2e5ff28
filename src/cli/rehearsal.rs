//! `agent rehearsal`: the cloud inside this program, for people, the AWS CLI and any SDK.

mod confirm;
mod inbox;
mod reset;
mod serve;

use super::{
    Shared,
    failure::{CliError, CliResult},
    output::Output,
    source::{SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, Rehearsal},
    ids::EnvName,
    spec::Environment,
};
use std::collections::BTreeMap;

/// Serve the rehearsed cloud on a port, read the mail it sent, or forget it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Serve(serve::Args),
    Inbox(inbox::Args),
    Confirm(confirm::Args),
    Reset(reset::Args),
}

pub(crate) async fn rehearsal(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    match &args.what {
        What::Serve(args) => serve::serve(args, shared, output).await,
        What::Inbox(args) => inbox::inbox(args, shared, output).await,
        What::Confirm(args) => confirm::confirm(args, shared, output).await,
        What::Reset(args) => {
            reset::reset(&app::rehearsal_file(&state_folder(shared, &args.repo)?), output)
        }
    }
}

/// The rehearsed cloud of a repository, and what it was made from.
struct Opened {
    app: App,
    environments: BTreeMap<EnvName, Environment>,
    rehearsal: Rehearsal,
}

impl Opened {
    async fn of(repo: &str, shared: &Shared) -> Result<Self, CliError> {
        let state = state_folder(shared, repo)?;
        let environments = SourceArgs::of(repo, None).resolve(&state)?.project.environments;
        let app = open_app(&state).await?;
        let file = app.rehearsal_file();
        let rehearsal = app::open_rehearsal(&environments, &file, app.clock.clone()).await?;
        Ok(Self { app, environments, rehearsal })
    }
}
