//! `agent plan`: what a deployment would change, changing nothing.

use super::{
    Shared,
    against::against,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    saved_plan::SavedPlan,
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, AppClouds},
    aws::Purpose,
    deploy,
    engine::stages::Clouds as _,
    plan::{self, Plan},
    project,
};
use anyhow::Context as _;
use std::path::PathBuf;

/// Show what deploying a commit would change in its environment, changing nothing
///
/// Reads the account with a session that cannot write, and compares. With --against no account is looked at: two commits
/// are compared by what they declare, as a pull request is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Save the plan, for `agent apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Compare with what this branch or commit declares instead of with the account; needs no credentials
    #[arg(long, value_name = "REF", conflicts_with = "out")]
    against: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  agent plan --env prod
  agent plan --branch main --json
  agent plan --env prod --out prod.plan.json && agent apply prod.plan.json
  agent plan --against main                   what merging the branch that is checked out would change

Exit codes with --against: 0 the same is declared, 5 something differs, 2 one of them cannot be compared";

pub(crate) async fn plan(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.source.repo)?;
    if let Some(reference) = &args.against {
        return against(&args.source, reference, &state, output);
    }
    let source = args.source.resolve(&state)?;
    let app = open_app(&state).await?;
    let plan = make_plan(&app, &source).await?;
    show(&plan, &app, output)?;
    if let Some(file) = &args.out {
        SavedPlan::new(&source.branch, &plan).write(file)?;
        output.talk(&format!("Saved. Next: agent apply {}", file.display()));
    }
    Ok(Exit::Done)
}

/// Checks the project, plans for its environment, prints the plan.
pub(crate) async fn show_plan(app: &App, source: &Source, output: &Output) -> CliResult {
    show(&make_plan(app, source).await?, app, output)?;
    Ok(Exit::Done)
}

/// Checks the project and compares what it wants with what is there, under a session that cannot write.
pub(crate) async fn make_plan(app: &App, source: &Source) -> Result<Plan, CliError> {
    let Source { project, environment, .. } = source;
    let report = project::check(project);
    if report.findings.has_errors() {
        let sources = project.sources.clone();
        return Err(CliError::Files { findings: report.findings, sources });
    }
    let clouds =
        AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone()).await?;
    let environment = project.environments.get(environment).context("find the environment")?;
    let blueprint = project.blueprint(environment).map_err(CliError::usage)?;
    let access = clouds.access(environment).context("reach the cloud")?;
    let session = access
        .assume(environment, &app::ad_hoc_run(), Purpose::Read)
        .await
        .context("take the deploy role for reading")?;
    let (desired, observed) =
        deploy::survey(&session, &blueprint).await.context("compare with what is there")?;
    Ok(plan::plan(&desired, &observed))
}

fn show(plan: &Plan, app: &App, output: &Output) -> Result<(), CliError> {
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "hash": plan.hash(), "plan": plan })),
        Format::Text => output.data(&plan::render::human(plan, app.clock.now())),
    }
}
