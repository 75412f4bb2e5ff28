//! `agent deliveries`: what reached the agent, and what became of it.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    source::{open_app, state_folder},
};
use crate::{ids::DeliveryId, intake::Verdict, web::api::Delivery};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// Characters of a reason in the list; one delivery shows all of it.
const LONGEST_REASON: usize = 90;

/// List what reached the agent, newest first, each with what became of it and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Show this one, with its body as far as it is kept
    pub(super) id: Option<DeliveryId>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) most: u32,
    /// The repository whose agent is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent deliveries
  agent deliveries --most 100 --json
  agent deliveries 72d3162e-cc78-11e3-81ab-4c9367dc0958";

/// The body of a delivery, for whoever looks at it.
pub(super) enum Body {
    /// This is it; empty once it is forgotten.
    Here(String),
    /// It stays with the agent that got it.
    Elsewhere,
}

pub(crate) async fn deliveries(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let Some(id) = &args.id else {
        let newest = app.store.newest_deliveries(args.most).await.context("list the deliveries")?;
        return tell(&newest.into_iter().map(Delivery::from).collect::<Vec<_>>(), output);
    };
    let found = app.store.delivery(id).await.context("read the delivery")?;
    let found = found.ok_or_else(|| {
        CliError::usage(format!("no delivery '{id}'")).hint("`agent deliveries` lists them")
    })?;
    let body = Body::Here(found.new.body.clone());
    tell_one(&Delivery::from(found), &body, output)
}

/// Shows a list, wherever it was read.
pub(super) fn tell(newest: &[Delivery], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&newest.iter().map(as_json).collect::<Vec<_>>())?,
        Format::Text if newest.is_empty() => {
            output.talk(
                "Nothing was delivered yet. `agent serve` takes webhooks and looks for pushes.",
            );
        }
        Format::Text => output.data(&table(newest))?,
    }
    Ok(Exit::Done)
}

/// Shows one, wherever it was read.
pub(super) fn tell_one(found: &Delivery, body: &Body, output: &Output) -> CliResult {
    match output.format {
        Format::Json => {
            let mut told = as_json(found);
            if let Body::Here(body) = body {
                told["body"] = serde_json::from_str(body).unwrap_or_default();
            }
            output.json(&told)?;
        }
        Format::Text => output.data(&whole(found, body))?,
    }
    Ok(Exit::Done)
}

fn whole(found: &Delivery, body: &Body) -> String {
    let (kept, body) = match body {
        Body::Here(body) if body.is_empty() => (", not kept any more", ""),
        Body::Here(body) => ("", body.as_str()),
        Body::Elsewhere => (", shown where the agent is", ""),
    };
    let mut text = format!(
        "delivery    {}\nvia         {}\nrepository  {}\nevent       {}\nreceived    {}\n\
         body        {} bytes{kept}\nverdict     {}",
        found.id,
        harmless(&found.via),
        harmless(&found.repository),
        harmless(&found.event),
        found.received.strftime("%F %T"),
        found.bytes,
        verdict(found),
    );
    let reason = reason(found);
    if !reason.is_empty() {
        text.push_str(&format!("\nreason      {}", harmless(&reason)));
    }
    if !body.is_empty() {
        text.push_str(&format!("\n\n{}", harmless(body)));
    }
    text
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
            harmless(&delivery.via),
            harmless(&delivery.repository),
            harmless(&delivery.event),
            verdict(delivery),
            reason,
            delivery.id.to_string(),
        ]);
    }
    table.to_string()
}

/// The verdict in a word or two.
fn verdict(delivery: &Delivery) -> String {
    match &delivery.verdict {
        None => "waits".to_owned(),
        Some(Verdict::Run { run }) => format!("run {}", run.short()),
        Some(Verdict::Answered { run, .. }) => format!("answered {}", run.short()),
        Some(Verdict::Ignored { .. }) => "ignored".to_owned(),
        Some(Verdict::Refused { .. }) => "refused".to_owned(),
    }
}

/// Why, as far as there is something to say.
fn reason(delivery: &Delivery) -> String {
    match (&delivery.verdict, &delivery.note, delivery.due) {
        (
            Some(
                Verdict::Answered { reason, .. }
                | Verdict::Ignored { reason }
                | Verdict::Refused { reason },
            ),
            ..,
        ) => reason.clone(),
        (None, Some(note), Some(due)) => {
            let (attempts, due) = (delivery.attempts, due.strftime("%T"));
            format!("{note}; tried {attempts} times, again at {due}")
        }
        (Some(Verdict::Run { .. }), ..) | (None, None, _) | (None, _, None) => String::new(),
    }
}

/// A delivery for programs, without its body.
pub(crate) fn as_json(delivery: &Delivery) -> serde_json::Value {
    serde_json::json!({
        "delivery": delivery.id, "via": delivery.via, "repository": delivery.repository,
        "event": delivery.event, "bytes": delivery.bytes, "received": delivery.received,
        "verdict": delivery.verdict, "judged": delivery.judged, "attempts": delivery.attempts,
        "note": delivery.note, "due": delivery.due,
    })
}
