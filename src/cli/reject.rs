//! `agent reject`: ends a run that asks.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
};
use crate::{
    flow::Outcome,
    ids::{PlanDigits, RunId},
};

/// Reject what a run asks about, which ends it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent reject 3f2a1c9e --reason 'not before the audit'\n\nExit codes: 0 rejected, 1 failed, 2 nobody is asked, or not you"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) which: Which,
    /// The plan that you have looked at, by the first 12 digits of its hash or more: refused if another one is asked about
    /// by now [default: whichever is asked about]
    #[arg(long, value_name = "DIGITS")]
    pub(super) plan: Option<PlanDigits>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
}

pub(crate) async fn reject(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (app, desk, run) = args.which.open(shared).await?;
    desk.reject(&person(), (&run.id, args.plan.as_ref()), &args.reason).await.map_err(refused)?;
    let outcome = app.store.run(&run.id).await.map_err(anyhow::Error::from)?.outcome;
    tell(&run.id, outcome.as_ref(), output)
}

/// Says that it is rejected.
pub(super) fn tell(run: &RunId, outcome: Option<&Outcome>, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "run": run, "outcome": outcome }))?,
        Format::Text => output.data(&format!("rejected run {}", run.short()))?,
    }
    Ok(Exit::Done)
}
