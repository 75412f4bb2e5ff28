//! `agent unlock`: runs may work in an environment again.

use super::{
    Shared,
    failure::{CliResult, Exit},
    orders::refused,
    output::{Format, Output},
    person::person,
    source::{open_app, state_folder},
};
use crate::{dispatch::Desk, ids::EnvName, queue::Hold};

/// Unlock an environment: waiting runs go on, the oldest first
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent unlock prod\n\nExit codes: 0 unlocked, 1 failed, 2 it is not locked"
)]
pub(crate) struct Args {
    /// The environment
    pub(super) env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

pub(crate) async fn unlock(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    let hold = desk.unlock(&person(), &args.env).await.map_err(refused)?;
    tell(&hold, output)
}

/// Says what was unlocked.
pub(super) fn tell(hold: &Hold, output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(hold)?,
        Format::Text => output.data(&format!("unlocked; until now {hold}"))?,
    }
    Ok(Exit::Done)
}
