//! What was deployed before: the runs into an environment that applied something and succeeded.

use super::{failure::CliError, source::Source};
use crate::{
    app::App,
    spec::{Action, BuiltIn},
    store::RunRecord,
};
use anyhow::Context as _;

/// How many of the newest runs of an environment are looked through.
const SEARCHED_RUNS: u32 = 1_000;

/// The run whose commit is deployed in the environment, as far as this agent's record knows.
pub(super) async fn last(app: &App, source: &Source) -> Result<RunRecord, CliError> {
    let run = all(app, source).await?.into_iter().next();
    run.ok_or_else(|| {
        let environment = &source.environment;
        CliError::usage(format!("nothing was deployed to '{environment}' by this agent yet"))
            .hint("agent run --branch BRANCH deploys; --state DIR names another agent's record")
    })
}

/// The newest successful deployment that `wanted` names: a run by its last digits, or a commit by its first.
pub(super) async fn find_deployed(
    app: &App,
    source: &Source,
    wanted: &str,
) -> Result<RunRecord, CliError> {
    let deployed = all(app, source).await?;
    let wanted_digits = wanted.to_ascii_lowercase();
    let is_named = |run: &&RunRecord| {
        let (id, commit) = (run.id.as_str(), run.commit.as_str());
        id.ends_with(&wanted_digits) || commit.starts_with(&wanted_digits)
    };
    if wanted.len() >= FEWEST_DIGITS
        && let Some(run) = deployed.iter().find(is_named)
    {
        return Ok(run.clone());
    }
    let known = deployed.iter().take(MOST_SUGGESTED);
    let known: Vec<String> =
        known.map(|run| format!("{} (run {})", run.commit.short(), run.id.short())).collect();
    let environment = &source.environment;
    let message = format!("neither run nor commit '{wanted}' was deployed to '{environment}'");
    Err(CliError::usage(message).hint(if known.is_empty() {
        "nothing was deployed there by this agent yet: `agent runs` lists what ran".to_owned()
    } else {
        format!("newest first there were: {}", known.join(", "))
    }))
}

/// Digits that tell runs and commits apart, as git has it.
const FEWEST_DIGITS: usize = 4;
/// Deployments that a hint names.
const MOST_SUGGESTED: usize = 5;

async fn all(app: &App, source: &Source) -> Result<Vec<RunRecord>, CliError> {
    let (repository, environment) = (source.repository.name(), &source.environment);
    let runs = app.store.succeeded_runs(&repository, environment, SEARCHED_RUNS).await;
    let runs = runs.context("list the runs")?;
    Ok(runs.into_iter().filter(deploys).collect())
}

fn deploys(run: &RunRecord) -> bool {
    run.pipeline.stages.iter().any(|stage| match &stage.action {
        Action::Uses(BuiltIn::DeployPipelines | BuiltIn::ScheduleRules) => true,
        Action::Uses(
            BuiltIn::Validate
            | BuiltIn::TrainTest(_)
            | BuiltIn::Gate(_)
            | BuiltIn::AssumeRole
            | BuiltIn::Plan
            | BuiltIn::Approve,
        )
        | Action::Run(_) => false,
    })
}
