//! `agent cancel`: stops a run, whoever drives it.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
};
use crate::{dispatch::Cancelling, flow::Stop, ids::RunId};

/// Stop a run that waits or runs, whichever process drives it
///
/// Gently: its command gets ten seconds, and stages that are there to tidy up still run. By force with --force.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent cancel 3f2a1c9e\n  agent cancel 3f2a1c9e --force\n\nExit codes: 0 done or on its way, 1 failed, 2 it is over"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) which: Which,
    /// Kill what runs, and tidy nothing up
    #[arg(long)]
    pub(super) force: bool,
}

pub(crate) async fn cancel(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (_, desk, run) = args.which.open(shared).await?;
    let stop = if args.force { Stop::Forced } else { Stop::Gentle };
    let so_far = desk.cancel(&person(), &run.id, stop).await.map_err(refused)?;
    tell(&run.id, &so_far, output)
}

/// Says what a cancel has led to so far.
pub(super) fn tell(run: &RunId, so_far: &Cancelling, output: &Output) -> CliResult {
    let told = match so_far {
        Cancelling::Over(outcome) => format!("run {} is over: {outcome}", run.short()),
        Cancelling::Told => format!("run {} is told to stop", run.short()),
        Cancelling::Waits => format!(
            "run {} tidies up first: `agent serve` lets it; without one: agent resume {}",
            run.short(),
            run.short()
        ),
    };
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "run": run, "cancel": so_far }))?,
        Format::Text => output.data(&told)?,
    }
    Ok(Exit::Done)
}
