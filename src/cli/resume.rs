//! `agent resume`: on from where an agent was stopped, whatever stopped it.

use super::{
    Shared,
    failure::{CliError, CliResult},
    output::Output,
    run::promote,
    runs::told,
    show::find,
    source::{open_app, project_of, state_folder},
};
use anyhow::Context as _;

/// Ended runs with lines to ship among which the one meant is looked for.
const MOST_UNSENT: u32 = 1000;

/// Go on with a run that was interrupted: finished stages are not run again
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent resume\n  agent resume 3f2a1c9e")]
pub(crate) struct Args {
    /// The run, by the last digits of its id [default: the oldest unfinished one, or one whose log has not arrived]
    run: Option<String>,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn resume(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let app = open_app(&state).await?;
    // A run that died after its last stage is over, but for lines that have not arrived.
    let keeper = app.log_folder().keeper().context("read the id of the log folder")?;
    let unsent = app.store.runs_with_unsent_logs(&keeper, MOST_UNSENT).await;
    let unsent = unsent.context("list the runs whose logs have not arrived")?;
    let run = match &args.run {
        Some(digits) => find(&app, Some(digits)).await?,
        None => {
            let open = app.store.open_runs().await.context("list the unfinished runs")?;
            match (open.into_iter().next(), unsent.first()) {
                (Some(run), _) => run,
                (None, Some(run)) => app.store.run(run).await.context("read the run")?,
                (None, None) => {
                    return Err(CliError::usage("there is no unfinished run")
                        .hint("`agent runs` lists them all"));
                }
            }
        }
    };
    if run.outcome.is_some() && !unsent.contains(&run.id) {
        return Err(CliError::usage(format!(
            "run {} is over: {}",
            run.id.short(),
            told(run.outcome.as_ref(), None)
        ))
        .hint("run the commit again: agent run --from STAGE takes over what succeeded"));
    }
    let project = project_of(&run, &state)?;
    promote(&app, project, run, output).await
}
