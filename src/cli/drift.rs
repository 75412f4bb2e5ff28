//! `agent drift`: what somebody changed by hand since the last deployment.

use super::{
    Shared,
    deployed::last,
    failure::{CliResult, Exit},
    output::{Format, Output},
    plan::make_plan,
    source::{Source, SourceArgs, open_app, project_of, state_folder},
};
use crate::{ids::EnvName, plan::render};

/// Show how an environment differs from what was last deployed there, changing nothing
///
/// The difference is shown as the plan that would put it back. Meant for cron: silent about nothing, and the exit code
/// tells.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent drift --env prod
  agent drift --env prod --json || mail -s 'prod has drifted' ops@clinic.example.net

Exit codes: 0 all is as deployed, 5 something differs, 1 it could not be told, 2 wrong usage";

pub(crate) async fn drift(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let now = SourceArgs::of(&args.repo, Some(args.env.clone())).resolve(&state)?;
    let app = open_app(&state).await?;
    let run = last(&app, &now).await?;
    let source = Source { project: project_of(&run, &state)?, ..now };
    let plan = make_plan(&app, &source).await?;
    let (commit, id) = (run.commit.short(), run.id.short());
    match output.format {
        Format::Json => output.json(&serde_json::json!({
            "run": run.id, "deployed": run.created_at, "differs": !plan.is_empty(),
            "hash": plan.hash(), "plan": plan,
        }))?,
        Format::Text if plan.is_empty() => {
            output.data(&format!("{} is as run {id} deployed it (commit {commit})", args.env))?;
            for note in &plan.notes {
                output.talk(&format!("note: {note}"));
            }
        }
        Format::Text => {
            let deployed = run.created_at.strftime("%F %T UTC");
            output
                .data(&format!("Since run {id} deployed it on {deployed}, this has changed:\n"))?;
            output.data(&render::human(&plan, app.clock.now()))?;
            output.talk(&format!(
                "To put it back: agent rollback --env {} --to {id}   (what came in between stays where it agrees)",
                args.env
            ));
        }
    }
    Ok(if plan.is_empty() { Exit::Done } else { Exit::Differs })
}
