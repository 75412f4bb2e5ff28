//! `agent cancel`: stops a run, whoever drives it.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
};
use crate::{dispatch::Cancelling, flow::Stop};

/// Stop a run that waits or runs, whichever process drives it
///
/// Gently: its command gets ten seconds, and stages that are there to tidy up still run. By force with --force.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent cancel 3f2a1c9e\n  agent cancel 3f2a1c9e --force\n\nExit codes: 0 done or on its way, 1 failed, 2 it is over"
)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Kill what runs, and tidy nothing up
    #[arg(long)]
    force: bool,
}

pub(crate) async fn cancel(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (_, desk, run) = args.which.open(shared).await?;
    let stop = if args.force { Stop::Forced } else { Stop::Gentle };
    let so_far = desk.cancel(&person(), &run.id, stop).await.map_err(refused)?;
    let told = match &so_far {
        Cancelling::Over(outcome) => format!("run {} is over: {outcome}", run.id.short()),
        Cancelling::Told => format!("run {} is told to stop", run.id.short()),
        Cancelling::Waits => format!(
            "run {} tidies up first: `agent serve` lets it; without one: agent resume {}",
            run.id.short(),
            run.id.short()
        ),
    };
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "run": run.id, "cancel": so_far }))?,
        Format::Text => output.data(&told)?,
    }
    Ok(Exit::Done)
}
