//! `agent resume`: on from where an agent was stopped, whatever stopped it.

use super::{
    Shared,
    failure::{CliError, CliResult},
    output::Output,
    run::promote,
    runs::told,
    show::find,
    source::{project_of, state_folder},
};
use crate::{app::App, clock::SystemClock};
use anyhow::Context as _;
use std::sync::Arc;

/// Go on with a run that was interrupted: finished stages are not run again
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent resume\n  agent resume 3f2a1c9e")]
pub(crate) struct Args {
    /// The run, by the last digits of its id [default: the oldest unfinished one]
    run: Option<String>,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn resume(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo);
    let app = App::open(&state, Arc::new(SystemClock)).await?;
    let run = match &args.run {
        Some(digits) => find(&app, Some(digits)).await?,
        None => {
            let open = app.store.open_runs().await.context("list the unfinished runs")?;
            open.into_iter().next().ok_or_else(|| {
                CliError::usage("there is no unfinished run").hint("`agent runs` lists them all")
            })?
        }
    };
    if run.outcome.is_some() {
        return Err(CliError::usage(format!(
            "run {} is over: {}",
            run.id.short(),
            told(run.outcome.as_ref())
        ))
        .hint("run the commit again: agent run --from STAGE takes over what succeeded"));
    }
    let project = project_of(&run, &state)?;
    promote(&app, project, run, output).await
}
