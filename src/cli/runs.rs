//! `agent runs`: what ran.

use super::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{flow::Outcome, store::RunRecord, web::api::Run};
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
    tell(&runs.iter().map(Run::from).collect::<Vec<_>>(), output)
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
            told(run.outcome.as_ref()),
        ]);
    }
    table.to_string()
}

/// An outcome in words.
pub(crate) fn told(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "unfinished".to_owned(),
        Some(outcome) => outcome.to_string(),
    }
}

/// A run for programs.
pub(crate) fn as_json(run: &RunRecord) -> serde_json::Value {
    serde_json::json!({
        "run": run.id, "pipeline": run.pipeline.name, "repository": run.repository,
        "branch": run.reference, "environment": run.environment, "commit": run.commit,
        "begun": run.created_at, "outcome": run.outcome,
    })
}
