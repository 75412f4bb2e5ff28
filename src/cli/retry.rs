//! `agent retry` and `agent redeploy`: a commit once more.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
    run::promote,
    source::{project_of, state_folder},
};
use crate::{app::App, ids::StageName, store::RunRecord, web::api::Run};

/// Run the commit of an ended run once more, whole or from a stage on
///
/// From a stage on, what the stages before it left is taken over as it was recorded.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent retry 3f2a1c9e\n  agent retry 3f2a1c9e --from plan\n  agent retry 3f2a1c9e --queue     leave it to `agent serve`\n\nExit codes: as `agent run`; 2 if the run has not ended"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) which: Which,
    /// Begin at this stage
    #[arg(long, value_name = "STAGE")]
    pub(super) from: Option<StageName>,
    /// Leave the new run to the agent that serves
    #[arg(long)]
    queue: bool,
}

/// Deploy once more what a run has deployed: nothing is trained or judged again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent redeploy 3f2a1c9e\n\nExit codes: as `agent run`; 2 if the run has not deployed anything"
)]
pub(crate) struct RedeployArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// Leave the new run to the agent that serves
    #[arg(long)]
    queue: bool,
}

pub(crate) async fn retry(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (app, desk, old) = args.which.open(shared).await?;
    let made = match &args.from {
        None => desk.retry(&person(), &old.id).await,
        Some(stage) => desk.retry_from(&person(), &old.id, stage).await,
    };
    let state = state_folder(shared, &args.which.repo)?;
    go_on((&app, &state), made.map_err(refused)?, args.queue, output).await
}

pub(crate) async fn redeploy(args: &RedeployArgs, shared: &Shared, output: &Output) -> CliResult {
    let (app, desk, old) = args.which.open(shared).await?;
    let made = desk.redeploy(&person(), &old.id).await.map_err(refused)?;
    let state = state_folder(shared, &args.which.repo)?;
    go_on((&app, &state), made, args.queue, output).await
}

async fn go_on(
    (app, state): (&App, &std::path::Path),
    run: RunRecord,
    is_queued: bool,
    output: &Output,
) -> CliResult {
    if !is_queued {
        let project = project_of(&run, state)?;
        return promote(app, project, run, output).await;
    }
    match output.format {
        Format::Json => output.json(&Run::from(&run))?,
        Format::Text => output.data(&format!("queued run {}", run.id.short()))?,
    }
    Ok(Exit::Done)
}
