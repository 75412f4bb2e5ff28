//! `agent approve`: lets a run that asks go on.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
};
use crate::{
    dispatch::Accepted,
    ids::{PlanDigits, RunId},
};

/// Approve what a run asks about: exactly the plan that it has shown
///
/// Should the plan have changed by the time the run goes on, the approval is void and the new plan is asked about.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) which: Which,
    /// The plan that you have looked at, by the first 12 digits of its hash or more: refused if another one is asked about
    /// by now [default: whichever is asked about]
    #[arg(long, value_name = "DIGITS")]
    pub(super) plan: Option<PlanDigits>,
    /// A remark that is kept with it
    #[arg(long, value_name = "TEXT")]
    pub(super) comment: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  agent show 3f2a1c9e                          the plan it asks about
  agent approve 3f2a1c9e --plan 16ddc89e7add   that one and no other

Exit codes: 0 approved, 1 failed, 2 nobody is asked, not you, or about another plan";

pub(crate) async fn approve(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (_, desk, run) = args.which.open(shared).await?;
    let accepted = desk
        .approve(&person(), (&run.id, args.plan.as_ref()), args.comment.as_deref())
        .await
        .map_err(refused)?;
    tell(&run.id, &accepted, output)
}

/// Says what an approval has led to.
pub(super) fn tell(run: &RunId, accepted: &Accepted, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(accepted)?,
        Format::Text => {
            let (have, required) = (accepted.have, accepted.request.required);
            let plan = accepted.request.plan.short();
            output.data(&format!("approved plan {plan}: {have} of {required}"))?;
            if accepted.is_enough() {
                let run = run.short();
                output.talk(&format!(
                    "`agent serve` goes on with it; without one: agent resume {run}"
                ));
            }
        }
    }
    Ok(Exit::Done)
}
