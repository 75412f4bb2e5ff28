//! `agent rehearsal confirm`: what a person does who clicks on the link in the mail.

use super::Opened;
use crate::cli::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output},
};
use anyhow::Context as _;
use serde_json::json;

/// Confirm subscriptions that wait for it, as a click on the link in the mail does
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent rehearsal confirm mlops@clinic.example.net\n  agent rehearsal confirm"
)]
pub(super) struct Args {
    /// Whose subscriptions [default: everybody's]
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// The repository whose rehearsal is meant
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

pub(super) async fn confirm(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let rehearsal = Opened::of(&args.repo, shared).await?.rehearsal;
    let confirmed = match &args.address {
        Some(address) => rehearsal.confirm(address).await,
        None => rehearsal.confirm_all().await,
    };
    let confirmed = confirmed.context("confirm subscriptions")?;
    if output.format == Format::Json {
        let told =
            confirmed.iter().map(|one| json!({ "address": one.endpoint, "topic": one.topic }));
        output.json(&told.collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    for one in &confirmed {
        output.data(&format!("{} gets what {} tells", one.endpoint, one.topic))?;
    }
    if confirmed.is_empty() {
        let whose = args.address.as_deref().unwrap_or("anybody");
        output.talk(&format!("Nothing waits to be confirmed by {whose}."));
    }
    Ok(Exit::Done)
}
