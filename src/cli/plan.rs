//! `agent plan`: what a deployment would change, changing nothing.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, AppClouds},
    aws::Purpose,
    deploy,
    engine::stages::Clouds as _,
    plan, project,
};
use anyhow::Context as _;

/// Show what deploying a commit would change in its environment, changing nothing
///
/// Reads the account with a session that cannot write, and compares.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent plan --env prod\n  agent plan --branch main --json")]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) async fn plan(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.source.repo)?;
    let source = args.source.resolve(&state)?;
    let app = open_app(&state).await?;
    show_plan(&app, &source, output).await
}

/// Checks the project, plans for its environment, prints the plan.
pub(crate) async fn show_plan(app: &App, source: &Source, output: &Output) -> CliResult {
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
    let plan = plan::plan(&desired, &observed);
    match output.format {
        Format::Json => {
            output.json(&serde_json::json!({ "hash": plan.hash(), "plan": plan }))?;
        }
        Format::Text => output.data(&plan::render::human(&plan, app.clock.now()))?,
    }
    Ok(Exit::Done)
}
