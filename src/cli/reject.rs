//! `agent reject`: ends a run that asks.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::{Which, refused},
    output::{Format, Output},
    person::person,
};

/// Reject what a run asks about, which ends it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent reject 3f2a1c9e --reason 'not before the audit'\n\nExit codes: 0 rejected, 1 failed, 2 nobody is asked, or not you"
)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn reject(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (app, desk, run) = args.which.open(shared).await?;
    desk.reject(&person(), &run.id, &args.reason).await.map_err(refused)?;
    let outcome = app.store.run(&run.id).await.map_err(anyhow::Error::from)?.outcome;
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "run": run.id, "outcome": outcome }))?,
        Format::Text => output.data(&format!("rejected run {}", run.id.short()))?,
    }
    Ok(Exit::Done)
}
