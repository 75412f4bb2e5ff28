//! `agent deliveries`: what reached the agent, and what became of it.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    source::{open_app, state_folder},
};
use crate::{
    ids::DeliveryId,
    intake::Verdict,
    store::{Delivery, Store},
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// Characters of a reason in the list; one delivery shows all of it.
const LONGEST_REASON: usize = 90;

/// List what reached the agent, newest first, each with what became of it and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Show this one, with its body as far as it is kept
    id: Option<DeliveryId>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    most: u32,
    /// The repository whose agent is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent deliveries
  agent deliveries --most 100 --json
  agent deliveries 72d3162e-cc78-11e3-81ab-4c9367dc0958";

pub(crate) async fn deliveries(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    if let Some(id) = &args.id {
        return show(&app.store, id, output).await;
    }
    let newest = app.store.newest_deliveries(args.most).await.context("list the deliveries")?;
    match output.format {
        Format::Json => output.json(&newest.iter().map(as_json).collect::<Vec<_>>())?,
        Format::Text if newest.is_empty() => {
            output.talk(
                "Nothing was delivered yet. `agent serve` takes webhooks and looks for pushes.",
            );
        }
        Format::Text => output.data(&table(&newest))?,
    }
    Ok(Exit::Done)
}

async fn show(store: &Store, id: &DeliveryId, output: &Output) -> CliResult {
    let found = store.delivery(id).await.context("read the delivery")?;
    let found = found.ok_or_else(|| {
        CliError::usage(format!("no delivery '{id}'")).hint("`agent deliveries` lists them")
    })?;
    match output.format {
        Format::Json => {
            let mut told = as_json(&found);
            told["body"] = serde_json::from_str(&found.new.body).unwrap_or_default();
            output.json(&told)?;
        }
        Format::Text => {
            let Delivery { new, .. } = &found;
            let mut text = format!(
                "delivery    {}\nvia         {}\nrepository  {}\nevent       {}\nreceived    {}\n\
                 body        {} bytes{}\nverdict     {}",
                new.id,
                new.via.as_str(),
                harmless(&new.repository),
                new.event,
                found.received.strftime("%F %T"),
                found.bytes,
                if new.body.is_empty() { ", not kept any more" } else { "" },
                verdict(&found),
            );
            let reason = reason(&found);
            if !reason.is_empty() {
                text.push_str(&format!("\nreason      {}", harmless(&reason)));
            }
            if !new.body.is_empty() {
                text.push_str(&format!("\n\n{}", harmless(&new.body)));
            }
            output.data(&text)?;
        }
    }
    Ok(Exit::Done)
}

fn table(deliveries: &[Delivery]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "RECEIVED",
        "VIA",
        "REPOSITORY",
        "EVENT",
        "VERDICT",
        "REASON",
        "DELIVERY",
    ]);
    for delivery in deliveries {
        let reason: String = harmless(&reason(delivery)).chars().take(LONGEST_REASON).collect();
        table.add_row([
            delivery.received.strftime("%F %T").to_string(),
            delivery.new.via.as_str().to_owned(),
            harmless(&delivery.new.repository),
            delivery.new.event.clone(),
            verdict(delivery),
            reason,
            delivery.new.id.to_string(),
        ]);
    }
    table.to_string()
}

/// The verdict in a word or two.
fn verdict(delivery: &Delivery) -> String {
    match &delivery.verdict {
        None => "waits".to_owned(),
        Some(Verdict::Run { run }) => format!("run {}", run.short()),
        Some(Verdict::Ignored { .. }) => "ignored".to_owned(),
        Some(Verdict::Refused { .. }) => "refused".to_owned(),
    }
}

/// Why, as far as there is something to say.
fn reason(delivery: &Delivery) -> String {
    match (&delivery.verdict, &delivery.postponed) {
        (Some(Verdict::Ignored { reason } | Verdict::Refused { reason }), _) => reason.clone(),
        (Some(Verdict::Run { .. }), _) | (None, None) => String::new(),
        (None, Some((note, due))) => {
            let (attempts, due) = (delivery.attempts, due.strftime("%T"));
            format!("{note}; tried {attempts} times, again at {due}")
        }
    }
}

/// A delivery for programs, without its body.
pub(crate) fn as_json(delivery: &Delivery) -> serde_json::Value {
    let postponed = delivery.postponed.as_ref();
    serde_json::json!({
        "delivery": delivery.new.id, "via": delivery.new.via.as_str(),
        "repository": delivery.new.repository, "event": delivery.new.event,
        "bytes": delivery.bytes, "received": delivery.received, "verdict": delivery.verdict,
        "judged": delivery.judged, "attempts": delivery.attempts,
        "note": postponed.map(|(note, _)| note), "due": postponed.map(|(_, due)| due),
    })
}
