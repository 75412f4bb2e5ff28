//! `agent rollback`: what an earlier deployment wanted, deployed again.

use super::{
    Shared,
    apply::deployment,
    deployed::find_deployed,
    failure::CliResult,
    output::Output,
    person::person,
    run::promote,
    source::{SourceArgs, open_app, project_of, state_folder},
};
use crate::{
    ids::EnvName,
    store::{Facts, RunRecord},
};

/// Deploy again what was deployed before: an earlier commit's pipelines, function, rules and schedule
///
/// Nothing is trained and no model changes: `agent models rollback` goes back to an older model. Only what this agent
/// has deployed to the environment with success can be gone back to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// A run, by the last digits of its id, or a commit, by its first
    #[arg(long, value_name = "RUN|COMMIT")]
    to: String,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent rollback --env prod --to 7993952e     the run of this id
  agent rollback --env prod --to 3a0f627      the newest deployment of this commit

Exit codes: 0 done, 1 failed, 2 nothing like that was deployed there, 4 cancelled";

pub(crate) async fn rollback(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let now = SourceArgs::of(&args.repo, Some(args.env.clone())).resolve(&state)?;
    let app = open_app(&state).await?;
    let back_to = find_deployed(&app, &now, &args.to).await?;
    output.talk(&format!(
        "going back to commit {}, deployed to {} on {} by run {}",
        back_to.commit.short(),
        args.env,
        back_to.created_at.strftime("%F %T UTC"),
        back_to.id.short()
    ));
    // The commit of then, by the rules of now: accounts, roles and mapping are the default branch's.
    let source = super::source::Source {
        branch: back_to.reference.clone(),
        project: project_of(&RunRecord { policy: None, ..back_to }, &state)?,
        ..now
    };
    let facts = Facts { event: "rollback".to_owned(), by: Some(person().name), ..Facts::default() };
    let run = deployment(&app, &source, facts).await?;
    promote(&app, source.project_for(&run)?, run, output).await
}
