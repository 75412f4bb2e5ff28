//! `agent destroy`: what deployments made in an environment, taken away again.

use super::{
    Shared,
    confirm::{Question, confirmed},
    failure::{CliError, CliResult, Exit},
    orders::note,
    output::{Format, Output},
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, AppClouds},
    aws::{CloudError, ErrorClass, Purpose, Session},
    deploy::{self, Inventory},
    engine::stages::Clouds as _,
    ids::EnvName,
};
use anyhow::Context as _;

/// Remove what deployments made in an environment: schedule, rules, pipelines, function, topic
///
/// Only what carries this environment's tags is removed. Objects, log lines and model versions stay, and so do the
/// roles, buckets and keys that were there before. Asks for the environment's name first; may be repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// Show what would be removed, and remove nothing
    #[arg(long, conflicts_with = "confirm")]
    dry_run: bool,
    /// The environment's name once more, where nobody can be asked
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent destroy --env dev --dry-run
  agent destroy --env dev
  agent destroy --env dev --confirm dev      in a script";

pub(crate) async fn destroy(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let Source { project, environment, .. } =
        SourceArgs::of(&args.repo, Some(args.env.clone())).resolve(&state)?;
    let app = open_app(&state).await?;
    nobody_deploys(&app, &environment).await?;
    let clouds =
        AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone()).await?;
    let environment = project.environments.get(&environment).context("find the environment")?;
    let access = clouds.access(environment).context("reach the cloud")?;
    let purpose = if args.dry_run { Purpose::Read } else { Purpose::Destroy };
    let session = access.assume(environment, &app::ad_hoc_run(), purpose).await;
    let session = session.context("take the deploy role")?;
    let found = deploy::inventory(&session, environment).await.context("read what is there")?;
    if output.format == Format::Text {
        output.data(&told(&found, session.account().as_str()))?;
    }
    if !args.dry_run && !found.removals.is_empty() {
        confirmed(
            Question {
                environment: args.env.as_str(),
                given: args.confirm.as_deref(),
                purpose: "remove all of this",
                otherwise: "nothing was removed",
            },
            output,
        )?;
        let detail = serde_json::json!({ "account": session.account() });
        note(&app, "destroy", (args.env.as_str(), detail)).await?;
        remove_all(&session, &found, output).await?;
    }
    if output.format == Format::Json {
        output.json(&serde_json::json!({
            "environment": environment.name, "account": session.account(),
            "inventory": found, "removed": !args.dry_run,
        }))?;
    }
    Ok(Exit::Done)
}

/// A run that goes on would put back what goes.
async fn nobody_deploys(app: &App, environment: &EnvName) -> Result<(), CliError> {
    let open = app.store.open_runs().await.context("list the unfinished runs")?;
    match open.iter().find(|run| run.environment == *environment) {
        None => Ok(()),
        Some(run) => {
            let id = run.id.short();
            Err(CliError::usage(format!("run {id} into '{environment}' is unfinished"))
                .hint(format!("let it come to its end first: agent resume {id}")))
        }
    }
}

fn told(found: &Inventory, account: &str) -> String {
    let mut lines = Vec::new();
    if found.removals.is_empty() {
        lines.push(format!("Nothing of ours is in account {account}."));
    } else {
        lines.push(format!("To be removed from account {account}, in this order:"));
        lines.extend(found.removals.iter().map(|removal| format!("  - {removal}")));
    }
    if !found.foreign.is_empty() {
        lines.push("Not touched, because it does not carry our tags:".to_owned());
        lines.extend(found.foreign.iter().map(|foreign| format!("    {foreign}")));
    }
    lines.push("Kept, as evidence:".to_owned());
    lines.extend(found.kept.iter().map(|kept| format!("    {kept}")));
    lines.join("\n")
}

async fn remove_all(session: &Session, found: &Inventory, output: &Output) -> Result<(), CliError> {
    for removal in &found.removals {
        deploy::remove(session, removal).await.map_err(|error| refused(error, removal))?;
        output.talk(&format!("removed {removal}"));
    }
    Ok(())
}

fn refused(error: CloudError, removal: &crate::plan::Removal) -> CliError {
    let hint = match error.class {
        ErrorClass::Conflict => "an execution is going on: wait for its end, then do this again",
        ErrorClass::Denied => "the deploy role may not remove this: see docs/operations.md",
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Throttled
        | ErrorClass::Expired
        | ErrorClass::LimitExceeded
        | ErrorClass::Invalid
        | ErrorClass::Unavailable
        | ErrorClass::WrongAccount
        | ErrorClass::Other => "what is before it in the list is gone; do this again for the rest",
    };
    CliError::from(anyhow::Error::new(error).context(format!("remove {removal}"))).hint(hint)
}
