//! `agent models`: registered versions, their evidence, and people's word on them.

mod decide;
mod desk;
mod diff;
mod grounds;
mod list;
mod show;

use super::{Shared, failure::CliResult, output::Output};
use crate::ids::EnvName;
use desk::Desk;

/// List registered model versions, look at them, compare two, decide which one an environment uses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples:
  agent models list --env prod
  agent models show 3 --env prod
  agent models diff 2 3 --env prod
  agent models approve 3 --env prod --reason 'AUC 0.86 on 125 rows; reviewed with the clinic'
  agent models rollback --env prod --reason 'too many recalls since Tuesday'

A version is in use by one environment at most: approved, and standing in its stage. The next inference takes it up.";

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List versions, newest first, with who uses them
    #[command(after_help = "Example:\n  agent models list --env prod")]
    List(Of),
    /// Show one version with its evidence and what was decided about it
    #[command(after_help = "Example:\n  agent models show 1 --env prod")]
    Show(One),
    /// Compare two versions: where they come from, how they were made, how good they are
    #[command(
        after_help = "Examples:\n  agent models diff 2 3 --env prod\n  agent models diff 2 3 --env prod --json | jq .standing"
    )]
    Diff(diff::Args),
    /// Approve a version for an environment: its next inference uses it
    #[command(after_help = APPROVE_EXAMPLES)]
    Approve(decide::Give),
    /// Reject a version: no inference uses it
    #[command(
        after_help = "Example:\n  agent models reject 1 --env prod --reason 'worse for women under 40'"
    )]
    Reject(decide::About),
    /// Give an approved version to a further environment
    #[command(
        after_help = "Example:\n  agent models promote 3 --env prod --reason 'two clean weeks in dev'"
    )]
    Promote(decide::Give),
    /// Approve the version that was in use before, or another older one, again
    #[command(
        after_help = "Examples:\n  agent models rollback --env prod --reason 'too many recalls'\n  agent models rollback --env prod --to 1 --reason 'versions 2 and 3 share the fault'"
    )]
    Rollback(decide::Back),
}

const APPROVE_EXAMPLES: &str = "\
Examples:
  agent models approve 1 --env prod --reason 'reviewed with the clinic'
  agent models approve 4 --env prod --override --reason 'worse on old rows only; agreed with radiology'

Refused where the version's scores are not those it was registered with, where the gate refused it, or where it is
significantly worse than the version in use; --override decides all the same and keeps why.";

#[derive(Debug, clap::Args)]
struct Of {
    /// The environment whose registry is meant, and that is decided for
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

#[derive(Debug, clap::Args)]
struct One {
    /// Number of the version, as `agent models list` shows it
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    version: i32,
    #[command(flatten)]
    of: Of,
}

pub(crate) async fn models(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    match &args.what {
        What::List(of) => list::list(&Desk::open(of, shared).await?, output).await,
        What::Show(one) => {
            show::show(&Desk::open(&one.of, shared).await?, one.version, output).await
        }
        What::Diff(args) => diff::diff(&Desk::open(&args.of, shared).await?, args, output).await,
        What::Approve(give) => {
            let desk = Desk::open(&give.about.one.of, shared).await?;
            decide::approve(&desk, give, output).await
        }
        What::Promote(give) => {
            let desk = Desk::open(&give.about.one.of, shared).await?;
            decide::promote(&desk, give, output).await
        }
        What::Reject(about) => {
            let desk = Desk::open(&about.one.of, shared).await?;
            decide::reject(&desk, about, output).await
        }
        What::Rollback(back) => {
            decide::rollback(&Desk::open(&back.of, shared).await?, back, output).await
        }
    }
}
