//! `agent apply`: exactly a plan that was shown and saved.

use super::{
    Shared,
    failure::{CliError, CliResult},
    orders::begin,
    output::Output,
    person::person,
    run::promote,
    saved_plan::SavedPlan,
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::App,
    store::{Facts, NewRun, Reused, RunRecord},
};
use std::path::PathBuf;

/// Apply a plan that `agent plan --out` saved: exactly that plan, or a refusal that says what moved
///
/// Proves the account, compares again, and applies. Neither trains nor judges: the plan's commit is deployed as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The saved plan
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The repository that the plan is of
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent plan --env prod --out prod.plan.json
  agent apply prod.plan.json

Exit codes: 0 applied, 1 failed, 2 the file is no plan, or no longer what is needed, 4 cancelled";

pub(crate) async fn apply(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let saved = SavedPlan::read(&args.file)?;
    let state = state_folder(shared, &args.repo)?;
    let source = SourceArgs {
        repo: args.repo.clone(),
        branch: Some(saved.branch.clone()),
        commit: Some(saved.plan.commit.to_string()),
        env: Some(saved.plan.environment.clone()),
    };
    let source = source.resolve(&state)?;
    let app = open_app(&state).await?;
    let facts = Facts {
        event: "apply".to_owned(),
        by: Some(person().name),
        plan: Some(saved.plan),
        ..Facts::default()
    };
    let run = deployment(&app, &source, facts).await?;
    promote(&app, source.project_for(&run)?, run, output).await
}

/// A run that deploys the commit and does nothing else, or the unfinished one that was made for the same reason.
pub(super) async fn deployment(
    app: &App,
    source: &Source,
    facts: Facts,
) -> Result<RunRecord, CliError> {
    let Source { repository, branch, environment, project } = source;
    let pipeline = project.pipeline.deployment().ok_or_else(|| {
        CliError::usage("pipeline.yaml has no stage that deploys")
            .hint("stages with 'uses: plan', 'uses: deploy-pipelines' and 'uses: schedule-rules'")
    })?;
    let new = NewRun {
        repository: repository.name(),
        reference: branch.clone(),
        commit: project.commit.clone(),
        environment: environment.clone(),
        facts: facts.clone(),
        pipeline,
        reused: Reused::default(),
    };
    begin(app, new, |run| run.outcome.is_none() && is_alike(&run.facts, &facts)).await
}

/// Are two runs made for the same reason, whoever asked for them?
fn is_alike(one: &Facts, other: &Facts) -> bool {
    *one == Facts { by: one.by.clone(), ..other.clone() }
}
