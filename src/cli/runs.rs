//! `agent runs`: what ran.

use super::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{
    dispatch::{Desk, Standing},
    flow::Outcome,
    web::api::{self, Run},
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent runs\n  agent runs --most 5 --json")]
pub(crate) struct Args {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) most: u32,
    /// The repository whose runs are listed
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn runs(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let runs = app.store.newest_runs(args.most).await.context("list the runs")?;
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    tell(&api::listed(&desk, &runs).await.context("see where they stand")?, output)
}

/// Shows runs, wherever they were listed.
pub(super) fn tell(runs: &[Run], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&runs)?,
        Format::Text if runs.is_empty() => {
            output.talk("No run yet. Start one: agent run --branch main");
        }
        Format::Text => output.data(&table(runs))?,
    }
    Ok(Exit::Done)
}

fn table(runs: &[Run]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "RUN",
        "BRANCH",
        "ENVIRONMENT",
        "COMMIT",
        "BEGUN",
        "OUTCOME",
    ]);
    for run in runs {
        table.add_row([
            run.run.short().to_owned(),
            run.branch.clone(),
            run.environment.to_string(),
            run.commit.short().to_owned(),
            run.begun.strftime("%F %T").to_string(),
            told(run.outcome.as_ref(), run.standing.as_ref()),
        ]);
    }
    table.to_string()
}

/// An outcome in words, or what an open run waits for.
pub(crate) fn told(outcome: Option<&Outcome>, standing: Option<&Standing>) -> String {
    match (outcome, standing) {
        (Some(outcome), _) => outcome.to_string(),
        // The next agent that looks goes on with it, and there may be none.
        (None, None | Some(Standing::Next)) => "unfinished".to_owned(),
        (None, Some(standing)) => standing.to_string(),
    }
}
